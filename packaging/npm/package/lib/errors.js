// The errors of this package.
"use strict";

/** The emulator did not start, cannot be reached, or refused a request; the message says what to do. */
class EmulatorError extends Error {
  name = "EmulatorError";
}

/** A response of the admin API with another status than 2xx. */
class Refused extends EmulatorError {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} text
   */
  constructor(message, status, text) {
    super(message);
    this.status = status;
    this.text = text;
  }
}

/** An expectation of `check` or `verify` is not met; the message is the report. */
class CheckFailed extends Error {
  name = "CheckFailed";
}

module.exports = { CheckFailed, EmulatorError, Refused };
