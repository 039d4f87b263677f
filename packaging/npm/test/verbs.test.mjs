// The verbs: each does what its name says, to one key only. The client is the official SDK.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import LlamaCloud from "@llamaindex/llama-cloud";
import { CheckFailed, EmulatorError, connect, start } from "llamacloud-mock";

let server;
let emulator;
before(async () => (server = await start()));
after(() => server.stop());

/** Gives the test a key of its own. */
function each(name, body) {
  test(name, async () => {
    emulator = await server.withKey(`llx-${name.replaceAll(" ", "-")}`);
    await body(emulator);
  });
}

const client = ({ url, key }, maxRetries = 0) => new LlamaCloud({ baseURL: url, apiKey: key, maxRetries }).beta;
const create = (one, retries) => client(one, retries).indexes.create({ source_directory_id: "dir-abc123" });

each("a rule strikes the requests of its key only", async (emulator) => {
  const name = await emulator.fault("indexes.create status=429 first=1");
  await create(server);
  await assert.rejects(create(emulator), { status: 429 });
  await create(emulator);
  const [rule, ...others] = await emulator.faults();
  assert.deepEqual([rule.name, rule.matches, rule.strikes, others], [name, 2, 1, []]);
  await emulator.removeFault(name);
  assert.deepEqual(await emulator.faults(), []);
});

each("an invalid rule is refused with the nearest word", async (emulator) => {
  await assert.rejects(emulator.fault("indexes.creat status=500"), /422.*did you mean indexes\.create/);
});

each("a manual clock stands until it is advanced", async (emulator) => {
  assert.equal((await emulator.clock()).mode, "auto");
  await emulator.setClock({ mode: "manual", now: new Date("2026-01-01T00:00:00Z") });
  const { id } = await create(emulator);
  assert.equal((await client(emulator).indexes.get(id)).metadata.status, "pending");
  assert.deepEqual(await emulator.advance("1m"), { mode: "manual", now: "2026-01-01T00:01:00Z", next: [] });
  assert.equal((await client(emulator).indexes.get(id)).metadata.status, "ready");
  assert.equal((await emulator.advance(1500)).now, "2026-01-01T00:01:01.500000Z");
});

each("the journal has the requests of its key", async (emulator) => {
  assert.deepEqual(await emulator.journal(), []);
  await create(server);
  await create(emulator);
  await client(emulator).indexes.list();
  assert.deepEqual((await emulator.journal()).map(({ operation }) => operation), ["indexes.create", "indexes.list"]);
  const filter = { operation: "writes", status: 201, when: ["body:/source_directory_id=dir-abc123"] };
  assert.equal((await emulator.journal(filter)).length, 1);
  await assert.rejects(emulator.journal({ operation: "indexes.creat" }), /did you mean indexes\.create/);
});

test("an incomplete journal is an error", async () => {
  const small = await start({ args: ["--journal-entries", "1"] });
  await create(small);
  await create(small);
  await assert.rejects(small.journal(), /evicted 1 entries.*--journal-entries/);
  assert.equal((await small.journal({ incomplete: true })).length, 1);
  await small.stop();
});

each("check judges the requests of its key", async (emulator) => {
  await emulator.fault("indexes.create@after reset nth=1");
  await create(emulator, 2);
  assert.match(await emulator.check({ maxAttempts: 2, allRulesStruck: true, noLitter: false }), /passed: --max-attempts 2/);
  await assert.rejects(emulator.check({ noDuplicateWrites: true }), (error) => {
    assert(error instanceof CheckFailed);
    return /failed: --no-duplicate-writes/.test(error.message);
  });
  await create(server);
  await server.check({ noDuplicateWrites: true, noNeedlessRetries: true, honourRetryAfter: true });
  await assert.rejects(emulator.check({}), /no expectation is given/);
  await assert.rejects(emulator.check({ maxAttempt: 3 }), /maxAttempt: is no expectation; use maxAttempts/);
});

each("verify counts requests and resources of its key", async (emulator) => {
  await create(server);
  await create(emulator);
  assert.equal(await emulator.verify("indexes.create status=201 count=1"), 1);
  assert.equal(await emulator.verify("state indexes count=1", { within: 5000 }), 1);
  const expected = "indexes.create when=body:/source_directory_id=dir-b when=body:/name=a";
  await assert.rejects(emulator.verify(expected), (error) => {
    assert(error instanceof CheckFailed);
    const lines = error.message.split("\n");
    assert(lines[0].startsWith(`${expected}: 1 request of indexes.create, 0 as expected; expected at least 1; nearest: `));
    return assert.deepEqual(lines.slice(1), [
      "  request 1:",
      "    body:/source_directory_id is dir-abc123, expected dir-b",
      "    body:/name is absent, expected a",
    ]) ?? true;
  });
  await assert.rejects(emulator.verify("indexes.creat"), /422.*did you mean indexes\.create/);
});

each("verify waits for a request", async (emulator) => {
  const verdict = emulator.verify("indexes.create", { within: "1m" });
  await create(emulator);
  assert.equal(await verdict, 1);
});

each("check takes expectations of requests and their order", async (emulator) => {
  await create(emulator);
  await client(emulator).indexes.list();
  const order = "indexes.create, indexes.list";
  const expectations = { expect: ["writes count=1", "state indexes"], expectOrder: order, noUnexpected: true, within: "1s" };
  assert.equal((await emulator.check(expectations)).match(/passed: /g).length, 4);
  await assert.rejects(emulator.check({ expect: "reads count=0" }), /failed: --expect 'reads count=0'/);
});

each("a name is shown in reports, and is that of other keys too", async (emulator) => {
  await emulator.setName(`a\ntest${"😀".repeat(300)}`);
  const other = await emulator.withKey(`${emulator.key}-other`);
  await create(other);
  const litter = new RegExp(`${other.tenant} \\(a test(😀){250}\\) index: created and not deleted: `, "u");
  await assert.rejects(other.check({ noLitter: true }), ({ message }) => litter.test(message));
});

each("check needs no program", async (emulator) => {
  process.env.LLAMACLOUD_MOCK_BINARY = "/nonexistent";
  try {
    await create(emulator);
    const shared = await connect({ url: server.url, key: emulator.key });
    const report = "passed: --max-attempts 1\n1 requests were sent once, 0 were retried";
    assert.equal(await shared.check({ maxAttempts: 1 }), report);
    const litter = new RegExp(`^failed: --no-litter\n  ${emulator.tenant} [a-z]+: created and not deleted: `);
    await assert.rejects(shared.check({ noLitter: true }), ({ message }) => litter.test(message));
    const nothing = /^not judged: --max-attempts 1\n  nothing to judge: no request is recorded/;
    const unused = await connect({ url: server.url });
    await assert.rejects(unused.check({ maxAttempts: 1 }), ({ message }) => nothing.test(message));
  } finally {
    delete process.env.LLAMACLOUD_MOCK_BINARY;
  }
});

each("reset forgets one key or parts of it", async (emulator) => {
  await create(server);
  await create(emulator);
  await emulator.fault("indexes.list status=500");
  await emulator.reset("journal", "faults");
  assert.deepEqual([await emulator.journal(), await emulator.faults()], [[], []]);
  assert.equal((await client(emulator).indexes.list()).items.length, 1);
  await emulator.reset();
  assert.equal((await client(emulator).indexes.list()).items.length, 0);
  assert.notEqual((await client(server).indexes.list()).items.length, 0);
});

test("the program has ended after stop", async () => {
  const one = await start();
  await create(one);
  await one.stop();
  await one.stop();
  await assert.rejects(create(one), LlamaCloud.APIConnectionError);
  await assert.rejects(one.journal(), /ended with exit code 0/);
});

test("the exit code of the program is not lost", async () => {
  const one = await start({ args: ["--strict-faults", "--fault", "indexes.get status=500"] });
  await assert.rejects(one[Symbol.asyncDispose](), /exit code 2[^]*never struck/);
});

test("flags of the user win over the defaults, and requests are logged on demand", async () => {
  const one = await start({ args: ["--clock", "manual", "--log-level", "info"], env: { LLAMACLOUD_MOCK_SEED: "7" } });
  assert.equal((await one.clock()).mode, "manual");
  await create(one);
  await one.stop();
  assert.match(one.log(), /indexes\.create/);
});

test("the settings file of the user wins over the defaults", async () => {
  const file = join(await mkdtemp(join(tmpdir(), "llamacloud-mock-")), "llamacloud-mock.toml");
  await writeFile(file, 'clock = "manual"\nlog-level = "info"\nlog-format = "json"\n');
  const one = await start({ args: ["--config", file] });
  assert.equal((await one.clock()).mode, "manual");
  await create(one);
  await one.stop();
  await rm(dirname(file), { recursive: true });
  assert.match(one.log(), /"operation":"indexes\.create"/);
});

test("the admin token is given to the program and to its requests", async () => {
  const one = await start({ adminToken: "secret" });
  assert.equal((await fetch(`${one.url}/__admin/state`)).status, 401);
  await create(one);
  await one.check({ maxAttempts: 1 });
  assert.deepEqual(await (await connect({ url: one.url, adminToken: "secret" })).journal(), []);
  await assert.rejects(connect({ url: one.url, adminToken: "wrong" }), /401.*adminToken/);
  await one.stop();
});

test("the admin token may be a flag", async () => {
  for (const args of [["--admin-token", "secret"], ["--admin-token=secret"]]) {
    const one = await start({ args });
    assert.equal((await fetch(`${one.url}/__admin/state`)).status, 401);
    await one.check({ maxAttempts: 1 }).catch((error) => assert(error instanceof CheckFailed));
    await one.stop();
  }
});

test("connect shares the emulator, with a new key", async () => {
  const [one, other] = [await connect({ url: `${server.url}/` }), await connect({ url: server.url })];
  await create(one);
  assert.deepEqual([(await one.journal()).length, (await other.journal()).length], [1, 0]);
  await one.stop();
  await create(server);
});

test("connect refuses what is no emulator", async () => {
  await assert.rejects(connect(), /LLAMACLOUD_MOCK_URL/);
  await assert.rejects(connect({ url: "localhost:4010" }), /http:\/\/127\.0\.0\.1:4010/);
  await assert.rejects(connect({ url: `${server.url}/__admin` }), /is not an emulator/);
  await assert.rejects(connect({ url: "http://127.0.0.1:1" }), (error) => {
    assert(error instanceof EmulatorError);
    return /is it running/.test(error.message);
  });
});
