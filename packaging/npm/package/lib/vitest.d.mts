/** The globalSetup of vitest: one emulator for the run. */
export default function setup(): Promise<() => Promise<void>>;
