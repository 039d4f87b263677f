import type { TestAPI } from "vitest";
import type { Emulator } from "./index.js";

/** `test` of vitest with an emulator whose key is that of the test, or `emulatorKey`. */
export const test: TestAPI<{ emulator: Emulator; emulatorKey: string | undefined }>;
