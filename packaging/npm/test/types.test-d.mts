// Uses every public name with its type. `check` runs tsc over it; it is not run.
import { current, connect, findBinary, keyOfFile, keyOfTest, start, startForRun, useKey, useKeyOfFile } from "llamacloud-mock";
import { CheckFailed, EmulatorError, type Clock, type Emulator, type Entry, type Rule } from "llamacloud-mock";
import { emulatorForEachTest } from "llamacloud-mock/node";
import setup from "llamacloud-mock/vitest";
import "llamacloud-mock/vitest-each";
import { test } from "llamacloud-mock/vitest-test";
import "llamacloud-mock/jest-each";
import "llamacloud-mock/vitest-key";
import "llamacloud-mock/jest";
import "llamacloud-mock/jest-key";
import "llamacloud-mock/jest-teardown";

async function use(emulator: Emulator): Promise<void> {
  const url: string = emulator.url + emulator.key + emulator.tenant + emulator.log();
  const environment: NodeJS.ProcessEnv = { ...process.env, ...emulator.env };
  const name: string = await emulator.fault("indexes.get status=500");
  const rules: Rule[] = await emulator.faults();
  const clock: Clock = await emulator.advance("5s");
  const entries: Entry[] = await emulator.journal({ operation: "reads", status: 200, when: ["query:page_token"] });
  const report: string = await emulator.check({ maxAttempts: 3, noLitter: true });
  const orders: string = await emulator.check({ expect: ["reads count=1"], expectOrder: "reads, writes", within: 500 });
  const count: number = await emulator.verify("indexes.create count=1", { within: "5s" });
  await emulator.check({ expect: "reads", noLockstep: true, noUnexpected: true });
  await emulator.setName("a test");
  // @ts-expect-error: a mistyped option
  await emulator.verify("reads", { withn: "5s" });
  const other: Emulator = await emulator.withKey("llx-other");
  await emulator.setClock({ mode: "manual", now: new Date() });
  await emulator.reset("faults", "journal");
  // @ts-expect-error: a mistyped mode
  await emulator.setClock({ mode: "fast" });
  // @ts-expect-error: a mistyped part
  await emulator.reset("fault");
  // @ts-expect-error: a mistyped expectation
  await emulator.check({ maxAttempt: 3 });
  // @ts-expect-error: the URL is for reading
  emulator.url = "";
  console.log(url, environment, name, rules, clock, entries, report, orders, count, other);
}

test("fixture", ({ emulator }) => use(emulator));
test.extend({ emulatorKey: "llx-mine" })("key", ({ emulator, emulatorKey }) => console.log(emulatorKey, emulator.url));
const emulatorOfTest: () => Emulator = emulatorForEachTest({ args: ["--seed", "7"] });

async function begin(): Promise<void> {
  await using emulator = await start({ args: ["--seed", "7"], env: {}, key: "llx-a", adminToken: "secret", limit: 5000 });
  await use(emulator);
  await use(await connect({ url: "http://127.0.0.1:4010", key: "llx-a", adminToken: "secret" }));
  await use(await startForRun({ args: [], setClient: false, project: { config: { env: {} } } }));
  await use(await startForRun({ project: { globals: { llamacloudMockProject: "a" } } }));
  await use(await useKey(keyOfTest(import.meta.url, "a test")));
  await use(await useKeyOfFile(keyOfFile(import.meta.url) + findBinary()));
  await use(emulatorOfTest());
  const teardown: () => Promise<void> = await setup();
  await teardown();
  // @ts-expect-error: a mistyped option
  await start({ arg: [] });
  try {
    await use(await current());
  } catch (error) {
    if (!(error instanceof CheckFailed || error instanceof EmulatorError)) throw error;
  }
}

void begin();
