// The globalSetup of vitest: one emulator for the run.
import { startForRun } from "./index.js";

/** @returns {Promise<() => Promise<void>>} */
export default async function setup() {
  const emulator = await startForRun();
  return () => emulator.stop();
}
