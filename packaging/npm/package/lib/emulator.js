// An emulator as one key sees it: the verbs url, key, fault, advance, journal, check, verify, reset and stop.
"use strict";

const { createHash, randomUUID } = require("node:crypto");
const { Admin } = require("./admin.js");
const { CheckFailed, EmulatorError, Refused } = require("./errors.js");
const { PREFIX, Process } = require("./process.js");

/** Clients do not use a proxy for these. */
const LOOPBACK = ["127.0.0.1", "localhost"];

/** Maximum number of characters of a name. */
const MAX_NAME = 256;

const TOKEN_VARIABLE = `${PREFIX}ADMIN_TOKEN`;

/** What `check` takes. */
const EXPECTATIONS = [
  "maxAttempts",
  "honourRetryAfter",
  "noDuplicateWrites",
  "noNeedlessRetries",
  "allRulesStruck",
  "noLitter",
  "noLockstep",
  "noUnexpected",
  "expect",
  "expectOrder",
  "within",
];

/** @typedef {import("./index").Emulator} Verbs */

/** @implements {Verbs} */
class Emulator {
  #admin;
  #process;
  /** @type {string | undefined} */
  #name;

  /**
   * @param {Admin} admin
   * @param {string} key
   * @param {Process} [process]
   */
  constructor(admin, key, process) {
    this.#admin = admin;
    this.#process = process;
    this.key = key;
  }

  /**
   * Makes the key known, so that its journal is empty and not unknown.
   * @param {Admin} admin
   * @param {string} key
   * @param {Process} [process]
   */
  static async create(admin, key, process) {
    const emulator = new Emulator(admin, key, process);
    await emulator.advance("0s");
    return emulator;
  }

  get url() {
    return this.#admin.url;
  }

  /** The admin token, if there is one. */
  get token() {
    return this.#admin.token;
  }

  get env() {
    const host = this.#admin.parsed.hostname;
    const known = (process.env.NO_PROXY || process.env.no_proxy || "").split(",").map((name) => name.trim());
    const hosts = LOOPBACK.includes(host) ? LOOPBACK : [host];
    const names = [...new Set([...known.filter(Boolean), ...hosts])].join(",");
    return { LLAMA_CLOUD_BASE_URL: this.url, LLAMA_CLOUD_API_KEY: this.key, NO_PROXY: names, no_proxy: names };
  }

  get tenant() {
    return `t-${createHash("sha256").update(this.key).digest("hex").slice(0, 12)}`;
  }

  /** @param {string} key */
  async withKey(key) {
    const other = await Emulator.create(this.#admin, key, this.#process);
    if (this.#name) await other.setName(this.#name);
    return other;
  }

  /** @param {string} name */
  async setName(name) {
    this.#name = [...name.replace(/\p{Cc}/gu, " ")].slice(0, MAX_NAME).join("");
    try {
      await this.#request("POST", "/tenants", { body: { key: this.key, name: this.#name } });
    } catch (error) {
      // An older emulator has no names.
      if (!(error instanceof Refused && [404, 405].includes(error.status))) throw error;
    }
  }

  /** @param {string} rule */
  async fault(rule) {
    return (await this.#request("POST", "/faults", { body: { tenant: this.key, rule } })).name;
  }

  async faults() {
    return (await this.#request("GET", "/faults", { query: { tenant: this.tenant } })).faults;
  }

  /** @param {string} name */
  async removeFault(name) {
    await this.#request("DELETE", `/faults/${encodeURIComponent(name)}`, { query: { tenant: this.tenant } });
  }

  clock() {
    return this.#request("GET", "/clock", { query: { tenant: this.tenant } });
  }

  /** @param {import("./index").ClockChange} change */
  setClock({ mode, now }) {
    const text = now instanceof Date ? now.toISOString() : now;
    return this.#request("PUT", "/clock", { body: { tenant: this.key, mode, now: text } });
  }

  /** @param {string | number} by */
  advance(by) {
    return this.#request("POST", "/clock/advance", { body: { tenant: this.key, by: durationText(by) } });
  }

  /** @param {import("./index").JournalFilter} [filter] */
  async journal({ operation, status, when, limit, incomplete = false } = {}) {
    const query = { tenant: this.tenant, operation, status, when, limit };
    const { entries, dropped } = await this.#request("GET", "/journal", { query });
    if (dropped && !incomplete) {
      throw new EmulatorError(
        `the journal evicted ${dropped} entries of this key; ` +
          "start the emulator with more --journal-entries or --journal-bytes, or pass incomplete: true",
      );
    }
    return entries;
  }

  /** @param {import("./index").Expectations} expectations */
  async check(expectations) {
    const body = { tenant: this.key, ...fieldsOf(expectations) };
    const report = await this.#request("POST", "/check", { body });
    if (report.result !== "passed") throw new CheckFailed(reportText(report));
    return reportText(report);
  }

  /**
   * @param {string} expectation
   * @param {import("./index").Waiting} [waiting]
   */
  async verify(expectation, { within } = {}) {
    const body = { tenant: this.key, expect: expectation, within: within && durationText(within) };
    try {
      return (await this.#request("POST", "/verify", { body })).count;
    } catch (error) {
      if (!(error instanceof Refused && [409, 412].includes(error.status))) throw error;
      throw new CheckFailed(`${expectation}: ${missesText(JSON.parse(error.text))}`);
    }
  }

  /** @param {import("./index").Part[]} parts */
  async reset(...parts) {
    await this.#request("POST", "/reset", { body: { tenant: this.key, ...(parts.length ? { parts } : {}) } });
  }

  /**
   * Frees the place of a key after its last use. A failure is no failure of the test.
   * @param {Verbs | undefined} emulator
   */
  static async forget(emulator) {
    if (!(emulator instanceof Emulator)) return;
    await emulator.#request("DELETE", "/tenants", { query: { tenant: emulator.tenant } }).catch(() => {});
  }

  async stop() {
    await this.#process?.stop();
  }

  log() {
    return this.#process?.log() ?? "";
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ query?: Record<string, unknown>, body?: Record<string, unknown> }} content
   */
  async #request(method, path, content) {
    try {
      return await this.#admin.request(method, `/__admin${path}`, this.key, content);
    } catch (error) {
      throw this.#process?.ended ? new EmulatorError(this.#process.ended) : error;
    }
  }
}

/**
 * The fields of a check: `maxAttempts: 3` is `max_attempts: 3`.
 * @param {import("./index").Expectations} expectations
 */
function fieldsOf(expectations) {
  const given = Object.entries(expectations ?? {}).filter(([, value]) => value !== undefined && value !== false);
  const unknown = Object.keys(expectations ?? {}).find((name) => !EXPECTATIONS.includes(name));
  if (unknown) throw new EmulatorError(`check: ${unknown}: is no expectation; use ${EXPECTATIONS.join(", ")}`);
  if (!given.length) throw new EmulatorError("check: no expectation is given, such as noNeedlessRetries: true");
  return Object.fromEntries(
    given.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), fieldOf(name, value)]),
  );
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function fieldOf(name, value) {
  if (name === "within") return durationText(/** @type {string | number} */ (value));
  return name === "expect" ? [value].flat() : value;
}

/**
 * A duration as the emulator reads it.
 * @param {string | number} duration
 */
function durationText(duration) {
  return typeof duration === "number" ? `${duration}ms` : duration;
}

/**
 * What was seen, and the nearest misses, with a line for each field that differs.
 * @param {{ detail: string, misses: { seq?: number, id?: string, differs: Record<string, string | null>[] }[] }} unmet
 */
function missesText({ detail, misses }) {
  const lines = misses.flatMap(({ seq, id, differs }) => [
    seq === undefined ? `  ${id}:` : `  request ${seq}:`,
    ...differs.map(({ where, actual, expected }) => `    ${where} is ${actual ?? "absent"}, expected ${expected}`),
  ]);
  return [detail, ...lines].join("\n");
}

/**
 * The report of a check, with a line for each expectation and its details below.
 * @param {{ checks: { name: string, result: string, details: string[] }[], single_calls: number, retried_calls: number }} report
 */
function reportText({ checks, single_calls: once, retried_calls: retried }) {
  const lines = checks.flatMap(({ name, result, details }) => [
    `${result.replace("_", " ")}: ${name}`,
    ...details.flatMap((detail) => detail.split("\n")).map((line) => `  ${line}`),
  ]);
  return [...lines, `${once} requests were sent once, ${retried} were retried`].join("\n");
}

/**
 * The value of the flag `--admin-token`.
 * @param {readonly string[]} args
 */
function tokenIn(args) {
  const flag = "--admin-token";
  const at = args.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
  if (at < 0) return undefined;
  return args[at] === flag ? args[at + 1] : args[at].slice(flag.length + 1);
}

/** @type {typeof import("./index").start} */
async function start({ args = [], env, key = "llx-test", adminToken, limit = 30_000 } = {}) {
  const token = adminToken ?? tokenIn(args) ?? env?.[TOKEN_VARIABLE] ?? process.env[TOKEN_VARIABLE];
  const running = new Process(args, { ...env, ...(adminToken ? { [TOKEN_VARIABLE]: adminToken } : {}) });
  const url = await running.ready(limit);
  try {
    return await Emulator.create(new Admin(url, token), key, running);
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** @type {typeof import("./index").connect} */
async function connect({ url, key, adminToken } = {}) {
  const chosen = url || process.env[`${PREFIX}URL`] || process.env.LLAMA_CLOUD_BASE_URL;
  if (!chosen) throw new EmulatorError("connect: no URL is given; pass url or set LLAMACLOUD_MOCK_URL");
  const admin = new Admin(chosen, adminToken ?? process.env[TOKEN_VARIABLE]);
  await admin.checkHealth();
  return Emulator.create(admin, key ?? `llx-${randomUUID()}`);
}

module.exports = { connect, forget: Emulator.forget, start };
