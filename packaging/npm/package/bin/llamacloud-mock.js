#!/usr/bin/env node
// Starts the program of the platform package, with these arguments, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { explain, findBinary } = require("../lib/binary.js");

/** @param {string} message */
function fail(message) {
  console.error(`llamacloud-mock: ${message}`);
  process.exit(1);
}

/** @param {string} binary */
function run(binary) {
  // The program decides how to end; a signal that ended this process alone would leave it running. It may come as soon
  // as the program runs: the handlers are there before, and are called after this function.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => child.kill(signal));
  }
  const child = spawn(binary, process.argv.slice(2), { stdio: "inherit" });
  child.once("error", (error) => fail(explain(binary, error)));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}

try {
  run(findBinary());
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
