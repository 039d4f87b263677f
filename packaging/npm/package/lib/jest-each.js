// A setupFilesAfterEnv of jest: a key of its own for each test.
"use strict";

const { forget } = require("./emulator.js");
const { EmulatorError } = require("./errors.js");
const { printReport } = require("./report.js");
const { keyOfTest, setKey, useKeyOfTest } = require("./runner.js");

/** Time limit in milliseconds. The emulator responds at once, but a busy machine may not. */
const LIMIT = 30_000;

/** @type {any} */
const { afterAll, afterEach, beforeEach, expect } = globalThis;
if (!expect) throw new EmulatorError("llamacloud-mock/jest-each: is in setupFiles; move it to setupFilesAfterEnv");
const file = String(expect.getState().testPath);

/** @type {import("./index").Emulator | undefined} */
let emulator;
// For clients that are made when the file is loaded. Without an emulator the file is not loaded.
setKey(keyOfTest(file));
// The hooks of the tests come after these here, and may judge the requests: a key is forgotten before the next test.
beforeEach(async () => {
  await forget(emulator);
  emulator = await useKeyOfTest(file, expect.getState().currentTestName);
}, LIMIT);
afterEach(async () => {
  if (emulator && hasFailed()) await printReport(emulator);
}, LIMIT);
afterAll(() => forget(emulator), LIMIT);

/** Whether the test has failed. Jest has no public function for that; without its state there is no report. */
function hasFailed() {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === "JEST_STATE_SYMBOL");
  const state = symbol && /** @type {any} */ (globalThis)[symbol];
  return Boolean(state?.currentlyRunningTest?.errors.length);
}
