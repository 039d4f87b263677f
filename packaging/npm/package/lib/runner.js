// What the set-ups for vitest and jest share: one emulator for the run, and a key for each test file or test.
"use strict";

const { createHash, randomUUID } = require("node:crypto");
const { relative, sep } = require("node:path");
const { connect, forget, start } = require("./emulator.js");
const { EmulatorError } = require("./errors.js");
const { PREFIX } = require("./process.js");

/**
 * The emulator of the run. On an emulator that other runs may use too, `suffix` makes keys unique. `isOwn` says that it
 * is that of one project.
 * @typedef {{ url: string, token?: string, suffix: string, options: string, setsClient: boolean, isOwn: boolean }} Run
 */

/** The run as JSON, and the key that is in use. Workers inherit the first. */
const RUN_VARIABLE = "LLAMACLOUD_TEST_RUN";
const KEY_VARIABLE = "LLAMACLOUD_TEST_KEY";

/** The global variable with which a project of jest names itself, because its tests have no environment of their own. */
const PROJECT_GLOBAL = "llamacloudMockProject";

/** The run for tests of no project, if projects of jest have emulators with different options. */
const NO_RUN = { url: "http://name-the-jest-project-and-use-jest-key.invalid", options: "" };

/** @type {import("./index").Emulator[]} */
const started = [];

/** @type {typeof import("./index").startForRun} */
async function startForRun({ project, setClient = true, ...options } = {}) {
  const shared = Boolean(process.env[`${PREFIX}URL`]);
  if (shared && options.args?.length) {
    throw new EmulatorError("args: have no effect on the emulator of LLAMACLOUD_MOCK_URL; unset one");
  }
  const name = project && "globals" in project ? project.globals[PROJECT_GLOBAL] : undefined;
  const isOwn = Boolean(name || (project && "config" in project));
  const flags = JSON.stringify(options);
  const isOneOfSeveral = differsFromOther(flags, isOwn, name);
  const emulator = await (shared ? connect() : start(options));
  started.push(emulator);
  const suffix = shared ? `-${randomUUID()}` : "";
  /** @type {Run} */
  const own = { url: emulator.url, token: emulator.token, suffix, options: flags, setsClient: setClient, isOwn };
  const run = name && isOneOfSeveral ? { ...own, ...NO_RUN } : own;
  const runs = { [variableOf(name)]: JSON.stringify(own), [RUN_VARIABLE]: JSON.stringify(run) };
  // Until a set-up file chooses a key, the tests use that of the emulator.
  Object.assign(process.env, runs);
  const client = setKey(emulator.key, run);
  const { NO_PROXY, no_proxy } = emulator.env;
  Object.assign(process.env, { NO_PROXY, no_proxy });
  // The workers of a project of vitest get this environment, and not that of the project that started last.
  if (project && "config" in project) project.config.env = { ...project.config.env, ...runs, ...client };
  const stop = emulator.stop.bind(emulator);
  emulator.stop = async () => {
    for (const [variable, text] of Object.entries(runs)) {
      if (process.env[variable] === text) delete process.env[variable];
    }
    if (shared) await forget(emulator);
    return stop();
  };
  return emulator;
}

/**
 * Whether another project has an emulator with other options. Throws if tests cannot know which of them is theirs.
 * @param {string} flags
 * @param {boolean} isOwn
 * @param {string} [name]
 */
function differsFromOther(flags, isOwn, name) {
  const text = process.env[RUN_VARIABLE];
  const other = text ? parseRun(text) : undefined;
  if (!other || other.options === flags) return false;
  if (isOwn && other.isOwn && !(name && process.env[variableOf(name)])) return true;
  throw new EmulatorError(
    "startForRun: another project has an emulator with other options; pass the argument of the globalSetup as `project`, in " +
      `jest the second one, and name each project of jest: globals: { ${PROJECT_GLOBAL}: "NAME" }`,
  );
}

/** Stops all emulators that `startForRun` started; throws if the exit code of one is not 0. */
async function stopAll() {
  const results = await Promise.allSettled(started.splice(0).map((emulator) => emulator.stop()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/**
 * The environment variable with the run of this project of jest, or without a name of the run.
 * @param {string} [name]
 */
function variableOf(name) {
  return name ? `${RUN_VARIABLE}_${name}` : RUN_VARIABLE;
}

/** @returns {Run} */
function parseRun(/** @type {string} */ text) {
  return JSON.parse(text);
}

/** The run of the tests in this process, or in this project of jest. */
function readRun() {
  const name = /** @type {any} */ (globalThis)[PROJECT_GLOBAL];
  const text = process.env[variableOf(name)];
  if (text) return parseRun(text);
  throw new EmulatorError(
    name
      ? `no emulator was started for the project ${name}; give it a globalSetup of its own: jest runs a file once`
      : 'no emulator was started for this run; add globalSetup: "llamacloud-mock/vitest" or "llamacloud-mock/jest"',
  );
}

/**
 * Gives clients that are made from now on this key, and the URL of the emulator instead of that of the service.
 * @param {string} key
 * @returns {Record<string, string>} The variables that it has set.
 */
function setKey(key, { url, setsClient } = readRun()) {
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
  const suffix = process.env[RUN_VARIABLE] ? readRun().suffix : "";
  return `llx-${createHash("sha256").update(nameOfTest(file, name)).digest("hex").slice(0, 24)}${suffix}`;
}

/**
 * The name of a test, or of a test file.
 * @param {string} file
 * @param {string} [name]
 */
function nameOfTest(file, name) {
  const place = relative(process.cwd(), file).split(sep).join("/");
  return name === undefined ? place : `${place} > ${name}`;
}

/** @type {typeof import("./index").useKeyOfFile} */
async function useKeyOfFile(file) {
  return useKeyOfTest(file);
}

/**
 * Gives a test, or a test file, its key and its name.
 * @param {string} file
 * @param {string} [name]
 */
async function useKeyOfTest(file, name) {
  const emulator = await useKey(keyOfTest(file, name));
  await emulator.setName(nameOfTest(file, name));
  return emulator;
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

module.exports = {
  current,
  keyOfFile,
  keyOfTest,
  nameOfTest,
  renew,
  setKey,
  startForRun,
  stopAll,
  useKey,
  useKeyOfFile,
  useKeyOfTest,
};
