// The program as a child process that ends with this one.
"use strict";

const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");
const { explain, findBinary } = require("./binary.js");
const { EmulatorError } = require("./errors.js");

const PREFIX = "LLAMACLOUD_MOCK_";

/** Settings of the user's shell that are about another server: two workers cannot share a port. */
const DROPPED = ["URL", "PORT", "PORT_FILE"].map((name) => PREFIX + name);

/** Settings for tests. The user's flags, variables and settings file win over them. */
const DEFAULTS = `
port = 0
clock = "auto"
log-level = "warn"
log-format = "text"
max-tenants = 1000000
`;

/** Time limit in milliseconds for the end of the program, which gives requests in flight 9 seconds. */
const END_LIMIT = 15_000;

/** The number of lines of the log that are kept for messages. */
const LOG_LINES = 200;

/**
 * The environment of the program.
 * @param {Record<string, string | undefined>} [given]
 */
function childEnvironment(given) {
  const own = Object.entries(process.env).filter(([name]) => !DROPPED.includes(name));
  const set = { [`${PREFIX}DEFAULTS`]: DEFAULTS, [`${PREFIX}EXIT_WITH_STDIN`]: "true" };
  return { ...Object.fromEntries(own), ...set, ...given };
}

/** A running `llamacloud-mock`. */
class Process {
  /** @type {string[]} */
  #log = [];
  /** @type {Promise<string>} */
  #exit;
  #stopped = false;

  /**
   * @param {readonly string[]} args
   * @param {Record<string, string | undefined>} [env]
   */
  constructor(args, env) {
    this.binary = findBinary();
    // In a process group of its own: Ctrl-C ends the tests, which then stop the program.
    const options = { detached: true, windowsHide: true, env: childEnvironment(env) };
    try {
      this.child = spawn(this.binary, args, options);
    } catch (error) {
      throw new EmulatorError(explain(this.binary, /** @type {NodeJS.ErrnoException} */ (error)));
    }
    this.child.stdin.on("error", () => {});
    createInterface(this.child.stderr).on("line", (line) => {
      this.#log.push(line);
      if (this.#log.length > LOG_LINES) this.#log.shift();
    });
    this.#exit = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(explain(this.binary, error)));
      this.child.once("close", (code, signal) => resolve(`llamacloud-mock ended with exit code ${code ?? signal}`));
    });
    // How it ended, once it did.
    /** @type {string | undefined} */
    this.ended = undefined;
    this.#exit.then((end) => (this.ended = `${end}\n${this.log()}`.trimEnd()));
  }

  /** The last lines of the program's log. */
  log() {
    return this.#log.join("\n");
  }

  /**
   * Waits until the program is ready, at most `limit` milliseconds, and returns its URL.
   * @param {number} limit
   */
  async ready(limit) {
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const line = new Promise((resolve) => createInterface(this.child.stdout).once("line", resolve));
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, limit, undefined);
    });
    const first = await Promise.race([line, late, this.#exit.then(() => "")]);
    clearTimeout(timer);
    const url = /^ready url=(\S+)/.exec(first ?? "")?.[1];
    if (url) {
      this.#release();
      return url;
    }
    await this.#end();
    if (first === undefined) {
      throw new EmulatorError(`llamacloud-mock was not ready after ${limit} milliseconds\n${this.log()}`.trimEnd());
    }
    if (first) throw new EmulatorError(`${this.binary} is not llamacloud-mock: it printed ${JSON.stringify(first)}`);
    throw new EmulatorError(String(this.ended));
  }

  /** Ends the program. Throws if its exit code is not 0, as with `--strict-faults`. */
  async stop() {
    if (this.#stopped) return;
    await this.#end();
    if (this.child.exitCode !== 0) throw new EmulatorError(String(this.ended));
  }

  /** From here on this process may end without `stop`: the program then ends by itself. */
  #release() {
    this.child.unref();
    for (const stream of [this.child.stdin, this.child.stdout, this.child.stderr]) {
      /** @type {import("node:net").Socket} */ (/** @type {unknown} */ (stream)).unref();
    }
    // What it prints later is read, so that it never waits for this process.
    this.child.stdout.resume();
  }

  async #end() {
    this.#stopped = true;
    this.child.ref();
    // Where there are no signals, the end of its standard input ends the program.
    if (process.platform !== "win32") this.child.kill("SIGTERM");
    this.child.stdin.destroy();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), END_LIMIT);
    await this.#exit;
    clearTimeout(timer);
    await null;
  }
}

module.exports = { PREFIX, Process };
