// A setupFilesAfterEnv of jest: a key of its own for each test file.
"use strict";

const { keyOfFile, useKeyOfFile } = require("./index.js");

/** Time limit in milliseconds. The emulator responds at once, but a busy machine may not. */
const LIMIT = 30_000;

/** @type {any} */
const { beforeAll, expect } = globalThis;
const file = String(expect.getState().testPath);

// At once, because a test file may make its client before the first test.
process.env.LLAMA_CLOUD_API_KEY = keyOfFile(file);
beforeAll(() => useKeyOfFile(file), LIMIT);
