// `test` of vitest with the fixture `emulator`, which has a key of its own for each test, also for concurrent ones.
import { test as base } from "vitest";
import { finishAfter } from "./report.js";
import { current, keyOfTest, nameOfTest, renew } from "./runner.js";

export const test = base.extend({
  /** The key of the tests, if they choose one. */
  emulatorKey: /** @type {string | undefined} */ (undefined),
  /** The emulator with the key of the test. */
  emulator: async ({ emulatorKey, task, onTestFailed, onTestFinished }, use) => {
    const key = emulatorKey ?? keyOfTest(task.file.filepath, task.fullTestName);
    const emulator = await renew(await (await current()).withKey(key));
    await emulator.setName(nameOfTest(task.file.filepath, task.fullTestName));
    finishAfter({ task, onTestFailed, onTestFinished }, emulator);
    await use(emulator);
  },
});
