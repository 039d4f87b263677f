// A setup file of vitest: a key of its own for each test.
import { beforeEach, expect } from "vitest";
import { printReport } from "./report.js";
import { keyOfTest, setKey, useKeyOfTest } from "./runner.js";

const file = String(expect.getState().testPath);
// For clients that are made when the file is loaded.
setKey(keyOfTest(file));
beforeEach(async ({ task, onTestFailed }) => {
  const emulator = await useKeyOfTest(file, task.fullTestName);
  onTestFailed(() => printReport(emulator));
});
