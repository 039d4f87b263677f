// The globalTeardown of jest: stops the emulators of the run, and fails the run if the exit code of one is not 0.
"use strict";

const { stopAll } = require("./runner.js");

module.exports = stopAll;
