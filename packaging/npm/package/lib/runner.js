// What the set-ups for vitest and jest share: one emulator for the run, and a key for each test file or test.
"use strict";

const { createHash, randomUUID } = require("node:crypto");
const { relative, sep } = require("node:path");
const { connect, start } = require("./emulator.js");
const { EmulatorError } = require("./errors.js");
const { PREFIX } = require("./process.js");

/**
 * The emulator of the run. On an emulator that other runs may use too, `suffix` makes keys unique.
 * @typedef {{ url: string, token?: string, suffix: string, options: string, setsClient: boolean }} Run
 */

/** The run as JSON, and the key that is in use. Workers inherit the first. */
const RUN_VARIABLE = "LLAMACLOUD_TEST_RUN";
const KEY_VARIABLE = "LLAMACLOUD_TEST_KEY";

/** @type {typeof import("./index").startForRun} */
async function startForRun({ project, setClient = true, ...options } = {}) {
  const shared = Boolean(process.env[`${PREFIX}URL`]);
  if (shared && options.args?.length) {
    throw new EmulatorError("args: have no effect on the emulator of LLAMACLOUD_MOCK_URL; unset one");
  }
  const flags = JSON.stringify(options);
  const other = process.env[RUN_VARIABLE] ? readRun() : undefined;
  if (!project && other && other.options !== flags) {
    throw new EmulatorError(
      "startForRun: another project has an emulator with other options; in vitest pass the argument of the globalSetup as " +
        "`project`, in jest run each project by itself",
    );
  }
  const emulator = await (shared ? connect() : start(options));
  const suffix = shared ? `-${randomUUID()}` : "";
  /** @type {Run} */
  const run = { url: emulator.url, token: emulator.token, suffix, options: flags, setsClient: setClient };
  const text = JSON.stringify(run);
  // Until a set-up file chooses a key, the tests use that of the emulator.
  process.env[RUN_VARIABLE] = text;
  const client = setKey(emulator.key);
  const { NO_PROXY, no_proxy } = emulator.env;
  Object.assign(process.env, { NO_PROXY, no_proxy });
  // The workers of a project get this environment, and not that of the project that started last.
  if (project) project.config.env = { ...project.config.env, [RUN_VARIABLE]: text, ...client };
  const stop = emulator.stop.bind(emulator);
  emulator.stop = () => {
    if (process.env[RUN_VARIABLE] === text) delete process.env[RUN_VARIABLE];
    return stop();
  };
  return emulator;
}

/** @returns {Run} */
function readRun() {
  const text = process.env[RUN_VARIABLE];
  if (!text) {
    throw new EmulatorError(
      'no emulator was started for this run; add globalSetup: "llamacloud-mock/vitest" or "llamacloud-mock/jest"',
    );
  }
  return JSON.parse(text);
}

/**
 * Gives clients that are made from now on this key, and the URL of the emulator instead of that of the service.
 * @param {string} key
 * @returns {Record<string, string>} The variables that it has set.
 */
function setKey(key) {
  const { url, setsClient } = readRun();
  const client = { LLAMA_CLOUD_BASE_URL: url, LLAMA_PARSE_BASE_URL: url, LLAMA_CLOUD_API_KEY: key };
  const set = { [KEY_VARIABLE]: key, ...(setsClient ? client : {}) };
  Object.assign(process.env, set);
  return set;
}

/** @type {typeof import("./index").keyOfFile} */
function keyOfFile(file) {
  return keyOfTest(file);
}

/** @type {typeof import("./index").keyOfTest} */
function keyOfTest(file, name) {
  const place = relative(process.cwd(), file).split(sep).join("/");
  const text = name === undefined ? place : `${place} > ${name}`;
  const suffix = process.env[RUN_VARIABLE] ? readRun().suffix : "";
  return `llx-${createHash("sha256").update(text).digest("hex").slice(0, 24)}${suffix}`;
}

/** @type {typeof import("./index").useKeyOfFile} */
async function useKeyOfFile(file) {
  return useKey(keyOfFile(file));
}

/** @type {typeof import("./index").useKey} */
async function useKey(key) {
  setKey(key);
  return renew(await current());
}

/**
 * Forgets what an earlier run did with the key: a test or file that runs again starts anew.
 * @param {import("./index").Emulator} emulator
 */
async function renew(emulator) {
  await emulator.reset();
  if (process.env[`${PREFIX}URL`]) {
    const mode = /** @type {import("./index").ClockMode} */ (process.env[`${PREFIX}CLOCK`] || "auto");
    await emulator.setClock({ mode });
  }
  return emulator;
}

/** @type {typeof import("./index").current} */
async function current() {
  const { url, token } = readRun();
  return connect({ url, key: process.env[KEY_VARIABLE], adminToken: token });
}

module.exports = { current, keyOfFile, keyOfTest, renew, setKey, startForRun, useKey, useKeyOfFile };
