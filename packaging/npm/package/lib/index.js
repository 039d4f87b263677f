// The public functions.
"use strict";

const { connect, start } = require("./emulator.js");
const { findBinary } = require("./binary.js");
const { CheckFailed, EmulatorError } = require("./errors.js");
const { current, keyOfFile, keyOfTest, startForRun, useKey, useKeyOfFile } = require("./runner.js");

// Node finds the names for `import` in this form.
module.exports = {
  CheckFailed,
  EmulatorError,
  connect,
  current,
  findBinary,
  keyOfFile,
  keyOfTest,
  start,
  startForRun,
  useKey,
  useKeyOfFile,
};
