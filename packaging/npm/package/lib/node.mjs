// For `node --test`: one emulator for the file, and a key of its own for each test.
import { after, afterEach, before, beforeEach } from "node:test";
import { forget } from "./emulator.js";
import { startForRun } from "./index.js";
import { printReport } from "./report.js";
import { useKeyOfTest } from "./runner.js";

// Clients that are made before the emulator has started must not use the service.
process.env.LLAMA_CLOUD_BASE_URL ??= "http://make-the-client-in-the-test.invalid";
process.env.LLAMA_PARSE_BASE_URL ??= process.env.LLAMA_CLOUD_BASE_URL;

/** @param {import("./index").RunOptions} [options] */
export function emulatorForEachTest(options) {
  /** @type {import("./index").Emulator} */
  let server;
  /** @type {import("./index").Emulator | undefined} */
  let emulator;
  before(async () => {
    server = await startForRun(options);
  });
  beforeEach(async (context) => {
    const { fullName, name } = /** @type {any} */ (context);
    // Not after the test: its hooks may judge the requests.
    await forget(emulator);
    emulator = await useKeyOfTest(String(process.argv[1]), fullName ?? name);
  });
  afterEach(async (context) => {
    const { error, passed } = /** @type {any} */ (context);
    if (emulator && (error || passed === false)) await printReport(emulator);
  });
  after(async () => {
    await forget(emulator);
    await server?.stop();
  });
  return () => /** @type {import("./index").Emulator} */ (emulator);
}
