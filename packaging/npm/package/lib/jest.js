// The globalSetup of jest: one emulator for the run.
"use strict";

const { startForRun } = require("./index.js");

module.exports = async function setup() {
  /** @type {any} */ (globalThis).llamacloudMock = await startForRun();
};
