// The errors of this package.
"use strict";

/** The emulator did not start, cannot be reached, or refused a request; the message says what to do. */
class EmulatorError extends Error {
  name = "EmulatorError";
}

/** An expectation of `check` is not met; the message is the report. */
class CheckFailed extends Error {
  name = "CheckFailed";
}

module.exports = { CheckFailed, EmulatorError };
