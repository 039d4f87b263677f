// The globalSetup of vitest: one emulator for each project of the run.
import { startForRun } from "./index.js";

/**
 * @param {import("./index").RunOptions["project"]} [project]
 * @returns {Promise<() => Promise<void>>}
 */
export default async function setup(project) {
  const emulator = await startForRun({ project });
  return () => emulator.stop();
}
