// Requests to the admin API. They use no proxy: the agent is one of its own, without settings from the environment.
"use strict";

const http = require("node:http");
const https = require("node:https");
const { EmulatorError, Refused } = require("./errors.js");

/** Time limit in milliseconds for a request. The emulator responds at once. */
const LIMIT = 30_000;

/** The same for a request that waits for an expectation: at most 5 minutes. */
const WAITING_LIMIT = LIMIT + 300_000;

/** The admin API at one URL. */
class Admin {
  /**
   * @param {string} url
   * @param {string} [token]
   */
  constructor(url, token) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^https?:$/.test(parsed.protocol)) {
      throw new EmulatorError(`${url}: is not the URL of an emulator; write it as http://127.0.0.1:4010`);
    }
    this.parsed = parsed;
    this.url = url.replace(/\/+$/, "");
    this.token = token;
  }

  /**
   * Sends a request about a key, and returns the JSON of its response. Without a token the key is sent in its place: with
   * `--admin own` it reaches what belongs to it.
   * @param {string} method
   * @param {string} path
   * @param {string} key
   * @param {{ query?: Record<string, unknown>, body?: Record<string, unknown> }} [content]
   * @returns {Promise<any>}
   */
  async request(method, path, key, { query = {}, body } = {}) {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
    }
    const target = search.size ? `${path}?${search}` : path;
    const { status, text } = await this.#send(method, target, this.token || key, body);
    if (status < 200 || status > 299) throw new Refused(`${method} ${path}: ${refusal(status, text)}`, status, text);
    return text ? this.#json(text) : undefined;
  }

  /** Throws if the URL is not that of an emulator. No key or token is sent. */
  async checkHealth() {
    const { status, text } = await this.#send("GET", "/health");
    if (status !== 200 || !("pid" in Object(this.#json(text)))) {
      throw new EmulatorError(`${this.url}: is not an emulator (GET /health: ${status}); name the URL of a llamacloud-mock`);
    }
  }

  /**
   * @param {string} method
   * @param {string} target
   * @param {string} [credential]
   * @param {Record<string, unknown>} [given]
   * @returns {Promise<{ status: number, text: string }>}
   */
  #send(method, target, credential, given) {
    const body = given && JSON.stringify(given);
    const timeout = given?.within ? WAITING_LIMIT : LIMIT;
    const { request, Agent } = this.parsed.protocol === "https:" ? https : http;
    /** @type {Record<string, string>} */
    const headers = { accept: "application/json", connection: "close" };
    // Its bytes are those of UTF-8.
    if (credential) headers.authorization = Buffer.from(`Bearer ${credential}`).toString("latin1");
    if (body) Object.assign(headers, { "content-type": "application/json", "content-length": `${Buffer.byteLength(body)}` });
    return new Promise((resolve, reject) => {
      /** @param {Error} error */
      const fail = (error) => reject(new EmulatorError(`no response from ${this.url}: ${error.message}; is it running?`));
      const sent = request(this.url + target, { method, headers, agent: new Agent(), timeout }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => (text += part));
        response.once("error", fail).once("end", () => resolve({ status: Number(response.statusCode), text }));
      });
      sent.once("timeout", () => sent.destroy(new Error(`none after ${timeout} milliseconds`)));
      sent.once("error", fail).end(body);
    });
  }

  /** @param {string} text */
  #json(text) {
    try {
      return JSON.parse(text);
    } catch {
      throw new EmulatorError(`${this.url}: is not an emulator, its response is not JSON`);
    }
  }
}

/**
 * @param {number} status
 * @param {string} text
 */
function refusal(status, text) {
  let detail = text.slice(0, 200);
  try {
    detail = JSON.parse(text).detail ?? detail;
  } catch {
    // It is not JSON; the text itself is shown.
  }
  const hint = [401, 403].includes(status) ? "; give the token by adminToken or LLAMACLOUD_MOCK_ADMIN_TOKEN" : "";
  return `${status}: ${typeof detail === "string" ? detail : JSON.stringify(detail)}${hint}`;
}

module.exports = { Admin };
