import type { RunOptions } from "./index.js";

/** The globalSetup of vitest: one emulator for each project of the run. */
export default function setup(project?: RunOptions["project"]): Promise<() => Promise<void>>;
