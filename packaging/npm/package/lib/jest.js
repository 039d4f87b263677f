// The globalSetup of jest: one emulator for the run, or for the projects that have the same name.
"use strict";

const { startForRun } = require("./index.js");

module.exports = async function setup(/** @type {unknown} */ _, /** @type {import("./index").JestProject} */ project) {
  await startForRun({ project });
};
