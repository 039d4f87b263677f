// The globalTeardown of jest: stops the emulator of the run, and fails the run if its exit code is not 0.
"use strict";

module.exports = async function teardown() {
  await /** @type {any} */ (globalThis).llamacloudMock?.stop();
};
