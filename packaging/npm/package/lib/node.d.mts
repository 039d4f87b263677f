import type { Emulator, RunOptions } from "./index.js";

/** Starts one emulator for the test file. The function that it returns gives the emulator with the key of the test. */
export function emulatorForEachTest(options?: RunOptions): () => Emulator;
