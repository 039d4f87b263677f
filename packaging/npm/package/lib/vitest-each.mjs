// A setup file of vitest: a key of its own for each test.
import { beforeEach, expect } from "vitest";
import { finishAfter } from "./report.js";
import { keyOfTest, setKey, useKeyOfTest } from "./runner.js";

const file = String(expect.getState().testPath);
// For clients that are made when the file is loaded.
setKey(keyOfTest(file));
beforeEach(async ({ task, onTestFailed, onTestFinished }) => {
  finishAfter({ task, onTestFailed, onTestFinished }, await useKeyOfTest(file, task.fullTestName));
});
