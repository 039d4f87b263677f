// The report of a failed test: its own requests, and its rules that never struck.
"use strict";

const { forget } = require("./emulator.js");

/** The number of requests that are shown. */
const SHOWN_REQUESTS = 20;

/**
 * @param {import("./index").Emulator} emulator
 * @returns {Promise<string>}
 */
async function reportOf(emulator) {
  const entries = await emulator.journal({ incomplete: true });
  const rules = await emulator.faults();
  const lines = entries.slice(-SHOWN_REQUESTS).map(({ operation, method, path, status, outcome, faults }) => {
    const struck = faults.filter((fault) => fault.outcome === "struck").map(({ rule }) => `fault=${rule}`);
    return [operation, method, path, status, outcome, ...struck].join(" ");
  });
  const unused = rules.filter(({ tenant, strikes }) => tenant === emulator.tenant && strikes === 0);
  return [
    `llamacloud-mock: ${emulator.url}, ${emulator.tenant}, ${entries.length} requests`,
    ...lines,
    ...unused.map(({ rule }) => `this fault rule never struck: ${rule}`),
  ].join("\n");
}

/**
 * Prints the report. A report that fails must not hide why the test failed.
 * @param {import("./index").Emulator} emulator
 */
async function printReport(emulator) {
  console.error(await reportOf(emulator).catch((error) => String(error)));
}

/**
 * Frees the key of a test of vitest after its hooks, of which those registered first run last. A failed one shows its
 * requests before.
 * @param {{
 *   task: { result?: { state: string } },
 *   onTestFailed: (hook: () => Promise<void>) => void,
 *   onTestFinished: (hook: () => Promise<void>) => void,
 * }} context
 * @param {import("./index").Emulator} emulator
 */
function finishAfter({ task, onTestFailed, onTestFinished }, emulator) {
  onTestFinished(async () => {
    if (task.result?.state !== "fail") await forget(emulator);
  });
  onTestFailed(async () => {
    await printReport(emulator);
    await forget(emulator);
  });
}

module.exports = { finishAfter, printReport };
