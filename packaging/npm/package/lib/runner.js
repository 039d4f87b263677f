// What the set-ups for vitest and jest share: one emulator for the run, one key for each test file.
"use strict";

const { createHash, randomUUID } = require("node:crypto");
const { relative, sep } = require("node:path");
const { connect, start } = require("./emulator.js");
const { EmulatorError } = require("./errors.js");
const { PREFIX } = require("./process.js");

/** What makes keys unique on an emulator that other runs may use too. Workers inherit it. */
const RUN_VARIABLE = "LLAMACLOUD_TEST_RUN";

/** Its value if the emulator is for this run alone: keys are then the same in every run. */
const OWN = "own";

/** @type {typeof import("./index").startForRun} */
async function startForRun(options) {
  const shared = Boolean(process.env[`${PREFIX}URL`]);
  if (shared && options?.args?.length) {
    throw new EmulatorError("args: have no effect on the emulator of LLAMACLOUD_MOCK_URL; unset one");
  }
  const emulator = await (shared ? connect() : start(options));
  process.env[RUN_VARIABLE] = shared ? randomUUID() : OWN;
  // The key is for the whole run; `useKeyOfFile` replaces it in each file.
  Object.assign(process.env, emulator.env);
  if (options?.adminToken) process.env[`${PREFIX}ADMIN_TOKEN`] = options.adminToken;
  return emulator;
}

/** @type {typeof import("./index").keyOfFile} */
function keyOfFile(file) {
  const name = relative(process.cwd(), file).split(sep).join("/");
  const run = process.env[RUN_VARIABLE] ?? OWN;
  return `llx-${createHash("sha256").update(name).digest("hex").slice(0, 24)}${run === OWN ? "" : `-${run}`}`;
}

/** @type {typeof import("./index").useKeyOfFile} */
async function useKeyOfFile(file) {
  process.env.LLAMA_CLOUD_API_KEY = keyOfFile(file);
  const emulator = await current();
  // A file that runs again starts anew.
  await emulator.reset();
  if (process.env[`${PREFIX}URL`]) {
    const mode = /** @type {import("./index").ClockMode} */ (process.env[`${PREFIX}CLOCK`] || "auto");
    await emulator.setClock({ mode });
  }
  return emulator;
}

/** @type {typeof import("./index").current} */
async function current() {
  const { LLAMA_CLOUD_BASE_URL: url, LLAMA_CLOUD_API_KEY: key } = process.env;
  if (process.env[RUN_VARIABLE] === undefined || !url || !key) {
    throw new EmulatorError(
      'current: no emulator was started for this run; add globalSetup: "llamacloud-mock/vitest" or "llamacloud-mock/jest"',
    );
  }
  return connect({ url, key });
}

module.exports = { current, keyOfFile, startForRun, useKeyOfFile };
