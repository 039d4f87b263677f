// A setup file of vitest: a key of its own for each test file.
import { expect } from "vitest";
import { useKeyOfFile } from "./index.js";

await useKeyOfFile(String(expect.getState().testPath));
