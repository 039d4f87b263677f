// The report of a failed test: its own requests, and its rules that never struck.
"use strict";

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

module.exports = { printReport };
