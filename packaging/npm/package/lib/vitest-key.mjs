// A setup file of vitest: a key of its own for each test file.
import { expect, inject } from "vitest";
import { useKeyOfFile } from "./index.js";
import { useProvidedRun } from "./runner.js";

useProvidedRun(inject);
await useKeyOfFile(String(expect.getState().testPath));
