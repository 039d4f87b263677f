// A setupFilesAfterEnv of jest: a key of its own for each test file.
"use strict";

const { EmulatorError } = require("./errors.js");
const { keyOfFile, setKey, useKeyOfFile } = require("./runner.js");

/** Time limit in milliseconds. The emulator responds at once, but a busy machine may not. */
const LIMIT = 30_000;

/** @type {any} */
const { beforeAll, expect } = globalThis;
if (!expect) throw new EmulatorError("llamacloud-mock/jest-key: is in setupFiles; move it to setupFilesAfterEnv");
const file = String(expect.getState().testPath);

// At once, because a test file may make its client before the first test. Without an emulator the file is not loaded.
setKey(keyOfFile(file));
beforeAll(() => useKeyOfFile(file), LIMIT);
