// A key of its own for each test, the same in every run, and the report of a failed test.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "llamacloud-mock";
import { PROJECT, projectFolder, run } from "./support.mjs";

/** Both tests see only the index that they created. The second one fails. */
const TESTS = (client = "new LlamaCloud({ maxRetries: 0 })", argument = "") => `
for (const name of ["first", "second"]) {
  test(name, async (${argument}) => {
    const emulator = await current();
    await emulator.fault("chat.list name=" + name + " status=500");
    const { indexes } = ${client}.beta;
    const index = await indexes.create({ source_directory_id: "dir-" + name });
    console.error("key " + emulator.key + " id " + index.id + "\\n");
    const listed = (await indexes.list()).items.length;
    if (listed !== 1 || name === "second") throw new Error("listed " + listed);
  });
}
`;

const VITEST_HEAD = 'import LlamaCloud from "@llamaindex/llama-cloud";\nimport { current } from "llamacloud-mock";\n';
const vitest = (setupFiles) =>
  `export default { test: { globalSetup: "llamacloud-mock/vitest", setupFiles: ${JSON.stringify(setupFiles)} } };`;

/** How each runner is called with which files. */
const RUNNERS = {
  vitest: {
    args: ["node_modules/vitest/vitest.mjs", "run", "--no-cache"],
    files: {
      "each.test.mjs": `${VITEST_HEAD}import { test } from "vitest";${TESTS()}`,
      "vitest.config.mjs": vitest(["llamacloud-mock/vitest-each"]),
    },
  },
  "vitest with its fixture, concurrent": {
    args: ["node_modules/vitest/vitest.mjs", "run", "--no-cache"],
    files: {
      "each.test.mjs":
        `${VITEST_HEAD}import { test } from "llamacloud-mock/vitest-test";` +
        TESTS("new LlamaCloud({ baseURL: emulator.url, apiKey: emulator.key, maxRetries: 0 })", "{ emulator }")
          .replace("const emulator = await current();", "")
          .replace("test(name", "test.concurrent(name"),
      "vitest.config.mjs": vitest([]),
    },
  },
  jest: {
    args: ["node_modules/jest/bin/jest.js", "--no-cache"],
    files: {
      "each.test.cjs":
        'const { LlamaCloud } = require("@llamaindex/llama-cloud");\nconst { current } = require("llamacloud-mock");' + TESTS(),
      "jest.config.cjs": `module.exports = { globalSetup: "llamacloud-mock/jest", globalTeardown: "llamacloud-mock/jest-teardown",
        setupFilesAfterEnv: ["llamacloud-mock/jest-each"], testMatch: ["**/*.test.cjs"] };`,
    },
  },
  node: {
    args: ["--test", "--test-reporter=spec"],
    files: {
      "each.test.mjs":
        `${VITEST_HEAD}import { test } from "node:test";import { emulatorForEachTest } from "llamacloud-mock/node";
        console.error("early " + new LlamaCloud().baseURL);
        const emulatorOfTest = emulatorForEachTest();` + TESTS().replace("await current()", "emulatorOfTest()"),
    },
  },
};

for (const [name, { args, files }] of Object.entries(RUNNERS)) {
  const runOnce = async (cwd, env = {}) => {
    const [script, ...rest] = args;
    const command = script.startsWith("-") ? args : [join(PROJECT, script), ...rest];
    const { code, output } = await run(process.execPath, command, { cwd, env: { LLAMA_CLOUD_API_KEY: "llx-real", ...env } });
    assert.notEqual(code, 0, output);
    assert.match(output, /listed 1\b/);
    assert.doesNotMatch(output, /listed [02-9]/);
    const found = [...output.matchAll(/key (llx-\S+) id (\S+)/g)].map(([, key, id]) => `${key} ${id}`).sort();
    assert.equal(new Set(found).size, 2, output);
    return { found, output };
  };

  test(`${name}: each test has a key of its own, and a failed one shows its requests`, async () => {
    const cwd = await projectFolder(files);
    const { found, output } = await runOnce(cwd);
    assert.equal(output.match(/llamacloud-mock: http\S+, t-[0-9a-f]{12}, 2 requests/g)?.length, 1, output);
    assert.match(output, /indexes\.create POST \S+ 201 sent\s/);
    assert.match(output, /never struck: chat\.list name=second status=500/);
    assert.doesNotMatch(output, /never struck: chat\.list name=first|early https/);
    // The same seed gives the same keys and ids.
    assert.deepEqual((await runOnce(cwd)).found, found);
    // On a shared emulator the keys are those of one run.
    const shared = await start({ args: ["--admin", "own"], adminToken: "secret" });
    const others = (await runOnce(cwd, { LLAMACLOUD_MOCK_URL: shared.url })).found;
    assert.match(others[0], /^llx-[0-9a-f]{24}-/);
    // They need no token, and are forgotten: that of this test is left.
    const listed = await fetch(`${shared.url}/__admin/tenants`, { headers: { authorization: "Bearer secret" } });
    const { tenants } = await listed.json();
    assert.deepEqual(tenants.map(({ tenant }) => tenant), [shared.tenant]);
    await shared.stop();
  });
}

/** Verdicts in the hooks of the tests: after a test, after one that passed, and after one that failed. */
const JUDGED = {
  vitest: `${VITEST_HEAD}import { afterEach, onTestFailed, onTestFinished, test } from "vitest";
    const verify = async () => console.error("judged " + (await (await current()).verify("indexes.list count=1")) + "\\n");
    afterEach(verify);
    test("one", async () => {
      onTestFinished(verify);
      onTestFailed(verify);
      await new LlamaCloud({ maxRetries: 0 }).beta.indexes.list();
      throw new Error("the reason");
    });`,
  jest: `const { LlamaCloud } = require("@llamaindex/llama-cloud");const { current } = require("llamacloud-mock");
    const verify = async () => console.error("judged " + (await (await current()).verify("indexes.list count=1")) + "\\n");
    afterEach(verify);
    test("one", async () => {
      await new LlamaCloud({ maxRetries: 0 }).beta.indexes.list();
      throw new Error("the reason");
    });`,
  node: `${VITEST_HEAD}import { afterEach, test } from "node:test";import { emulatorForEachTest } from "llamacloud-mock/node";
    const emulatorOfTest = emulatorForEachTest();
    const verify = async () => console.error("judged " + (await emulatorOfTest().verify("indexes.list count=1")) + "\\n");
    afterEach(verify);
    test("one", async (context) => {
      context.after(verify);
      await new LlamaCloud({ maxRetries: 0 }).beta.indexes.list();
      throw new Error("the reason");
    });`,
};

for (const [name, text] of Object.entries(JUDGED)) {
  test(`${name}: hooks of a test can judge its requests`, async () => {
    const { args, files } = RUNNERS[name];
    const [first] = Object.keys(files);
    const cwd = await projectFolder({ ...files, [first]: text });
    const command = args[0].startsWith("-") ? args : [join(PROJECT, args[0]), ...args.slice(1)];
    const { code, output } = await run(process.execPath, command, { cwd, env: { LLAMA_CLOUD_API_KEY: "llx-real" } });
    assert.notEqual(code, 0, output);
    assert.match(output, /the reason/);
    assert.equal(output.match(/judged 1\b/g)?.length, { vitest: 3, jest: 1, node: 2 }[name], output);
    assert.match(output, /indexes\.list GET \S+ 200 sent\s/);
  });
}

test("vitest: tests can choose a key", async () => {
  const cwd = await projectFolder({
    "chosen.test.mjs": `
      import { current, useKey } from "llamacloud-mock";
      import { test as base } from "llamacloud-mock/vitest-test";
      import { expect } from "vitest";
      base("by function", async () => {
        await useKey("llx-chosen");
        expect([(await current()).key, process.env.LLAMA_CLOUD_API_KEY]).toEqual(["llx-chosen", "llx-chosen"]);
      });
      const test = base.extend({ emulatorKey: "llx-mine" });
      test("by fixture", ({ emulator }) => expect(emulator.key).toBe("llx-mine"));`,
    "vitest.config.mjs": vitest(["llamacloud-mock/vitest-each"]),
  });
  const { code, output } = await run(process.execPath, [join(PROJECT, RUNNERS.vitest.args[0]), "run"], { cwd });
  assert.equal(code, 0, output);
});
