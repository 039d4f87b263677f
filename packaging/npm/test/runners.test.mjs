// The set-ups for vitest and jest: one emulator for the run, one key for each file, for test files in parallel.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { start } from "llamacloud-mock";
import { PROJECT, projectFolder, refused, run } from "./support.mjs";

/** Time limit in milliseconds for a test. Only a failing test reaches it. */
const LIMIT = 120_000;

/** Several of these run in parallel; each sees only the index that it created, and its own faults. */
const FILE = (head) => `
${head}

test("own state", async () => {
  const emulator = await current();
  expect(emulator.url).toBe(process.env.LLAMA_CLOUD_BASE_URL);
  expect(emulator.key).toBe(process.env.LLAMA_CLOUD_API_KEY);
  await emulator.fault("indexes.list status=503 first=1");
  const { indexes } = new LlamaCloud().beta;
  const index = await indexes.create({ source_directory_id: "dir-own" });
  while ((await indexes.get(index.id)).metadata.status === "pending");
  expect((await indexes.list()).items.map(({ id }) => id)).toEqual([index.id]);
  expect(await emulator.journal({ operation: "indexes.list" })).toHaveLength(2);
  await emulator.check({ allRulesStruck: true });
  process.stderr.write("\\nserver " + emulator.url + " key " + emulator.key + "\\n");
});
`;

/** A globalSetup of one's own, with flags. */
const OWN_SETUP = `
const { startForRun } = require("llamacloud-mock");
module.exports = async () => {
  const emulator = await startForRun({ args: ["--strict-faults", "--fault", "chat.list status=500"] });
  return () => emulator.stop();
};
`;

const RUNNERS = {
  vitest: {
    command: ["vitest/vitest.mjs", "run", "--no-cache"],
    head: 'import LlamaCloud from "@llamaindex/llama-cloud";\nimport { current } from "llamacloud-mock";\n' + 'import { expect, test } from "vitest";',
    extension: "test.mjs",
    config: (setup, more = "") =>
      `export default { test: { globalSetup: "${setup}", setupFiles: "llamacloud-mock/vitest-key", testTimeout: ${LIMIT}, ${more} } };`,
    configName: "vitest.config.mjs",
    setup: "llamacloud-mock/vitest",
    passed: (count) => new RegExp(`Tests +${count} passed`),
    variants: { forks: 'pool: "forks"', threads: 'pool: "threads"', shared: "isolate: false, maxWorkers: 1" },
  },
  jest: {
    command: ["jest/bin/jest.js", "--no-cache"],
    head: 'const { LlamaCloud } = require("@llamaindex/llama-cloud");\nconst { current } = require("llamacloud-mock");',
    extension: "test.cjs",
    config: (setup, more = "") => `module.exports = {
      globalSetup: "${setup}", globalTeardown: "llamacloud-mock/jest-teardown", setupFilesAfterEnv: ["llamacloud-mock/jest-key"],
      testMatch: ["**/*.test.cjs"], testTimeout: ${LIMIT}, ${more} };`,
    configName: "jest.config.cjs",
    setup: "llamacloud-mock/jest",
    passed: (count) => new RegExp(`Tests: +${count} passed`),
    variants: { workers: "maxWorkers: 2", inBand: "maxWorkers: 1" },
  },
};

const FILES = 4;

/** Runs a test runner over several equal files; `more` is configuration. */
async function runIn(runner, { setup = runner.setup, more, env, cwd } = {}) {
  const text = FILE(runner.head);
  const names = Array.from({ length: FILES }, (_, number) => `own-${number}.${runner.extension}`);
  const files = Object.fromEntries(names.map((name) => [name, text]));
  files[runner.configName] = runner.config(setup, more);
  files["own-setup.cjs"] = OWN_SETUP;
  const path = cwd ?? (await projectFolder(files));
  const [script, ...args] = runner.command;
  const done = await run(process.execPath, [join(PROJECT, "node_modules", script), ...args], { cwd: path, env });
  const servers = new Set([...done.output.matchAll(/server (http\S+) key/g)].map(([, url]) => url));
  const keys = new Set([...done.output.matchAll(/server http\S+ key (\S+)/g)].map(([, key]) => key));
  return { ...done, servers: [...servers], keys: [...keys], path };
}

/** Runs a test runner over these files. */
async function runFiles({ command: [script, ...args] }, files, env) {
  const cwd = await projectFolder(files);
  return run(process.execPath, [join(PROJECT, "node_modules", script), ...args], { cwd, env });
}

/** A client that is made when the file is loaded. */
const EARLY = (head) => `${head}
process.stderr.write("loaded\\n");
const early = new LlamaCloud();
test("the client does not use the service", () => {
  process.stderr.write(["client", early.baseURL, process.env.LLAMA_PARSE_BASE_URL, early.apiKey, ""].join(" "));
  expect(current).toBeDefined();
});
`;
const REAL = { LLAMA_CLOUD_API_KEY: "llx-real" };

for (const [name, runner] of Object.entries(RUNNERS)) {
  test(`${name}: a client of module level does not use the service`, async () => {
    const files = { [`early.${runner.extension}`]: EARLY(runner.head), [runner.configName]: runner.config(runner.setup) };
    const done = await runFiles(runner, files, REAL);
    assert.equal(done.code, 0, done.output);
    assert.match(done.output, /client (http:\/\/127\.0\.0\.1:\d+) \1 llx-[0-9a-f]{24} /);
    // Without an emulator the file is not loaded.
    const [key] = Object.entries(files).filter(([file]) => file === runner.configName);
    const broken = await runFiles(runner, { ...files, [key[0]]: key[1].replace(/globalSetup: "[^"]*",/, "") }, REAL);
    assert.notEqual(broken.code, 0, broken.output);
    assert.match(broken.output, /no emulator was started for this run; add globalSetup/);
    assert.doesNotMatch(broken.output, /loaded\n/);
    // The environment of clients is that of the user on demand.
    const setup = OWN_SETUP.replace(/args: .*\]/, "setClient: false");
    const off = { ...files, "own-setup.cjs": setup, [key[0]]: runner.config("./own-setup.cjs") };
    assert.match((await runFiles(runner, off, REAL)).output, /client https:\/\/api\.cloud\.llamaindex\.ai  llx-real /);
  });

  for (const [variant, more] of Object.entries(runner.variants)) {
    test(`${name}, ${variant}: each file has a key of its own, and the emulator ends with the run`, async () => {
      const done = await runIn(runner, { more });
      assert.equal(done.code, 0, done.output);
      assert.match(done.output, runner.passed(FILES));
      assert.deepEqual([done.servers.length, done.keys.length], [1, FILES], done.output);
      await refused(done.servers[0]);
      if (variant !== Object.keys(runner.variants)[0]) return;
      // The same keys in the next run, and nothing of this one.
      const again = await runIn(runner, { more, cwd: done.path });
      assert.equal(again.code, 0, again.output);
      assert.deepEqual(again.keys.sort(), done.keys.sort());
    });
  }

  test(`${name}: two runs share an emulator that is running, with keys of their own`, async () => {
    const emulator = await start({ args: ["--clock", "real"], adminToken: "secret" });
    const env = { LLAMACLOUD_MOCK_URL: emulator.url, LLAMACLOUD_MOCK_ADMIN_TOKEN: "secret" };
    const runs = await Promise.all([runIn(runner, { env }), runIn(runner, { env })]);
    for (const done of runs) {
      assert.equal(done.code, 0, done.output);
      assert.deepEqual(done.servers, [emulator.url]);
    }
    assert.equal(new Set(runs.flatMap(({ keys }) => keys)).size, 2 * FILES);
    // It runs on.
    await emulator.clock();
    await emulator.stop();
  });

  test(`${name}: a run whose emulator does not start fails`, async () => {
    const done = await runIn(runner, { env: { LLAMACLOUD_MOCK_BINARY: join(PROJECT, "missing") } });
    assert.notEqual(done.code, 0, done.output);
    assert.match(done.output, /LLAMACLOUD_MOCK_BINARY=\S+missing: is not a file/);
  });

  test(`${name}: a rule for the whole run that never struck fails it`, async () => {
    const done = await runIn(runner, { setup: "./own-setup.cjs" });
    assert.notEqual(done.code, 0, done.output);
    assert.match(done.output, /chat\.list status=500/);
  });

  test(`${name}: a proxy is not used for loopback`, async () => {
    const dead = "http://127.0.0.1:1";
    const done = await runIn(runner, { env: { HTTP_PROXY: dead, HTTPS_PROXY: dead, NODE_USE_ENV_PROXY: "1" } });
    assert.equal(done.code, 0, done.output);
  });
}

/** Tells the URL and the seed of its emulator. */
const SEED = (head) => `${head}
test("seed", async () => {
  const emulator = await current();
  const { id } = await new LlamaCloud({ maxRetries: 0 }).beta.indexes.create({ source_directory_id: "dir-abc123" });
  process.stderr.write("server " + process.env.LLAMA_CLOUD_BASE_URL + " id " + id + "\\n");
  expect(await emulator.journal()).toHaveLength(1);
});
`;

/** Two projects of vitest with the same files and other flags; those with these seeds pass their argument on. */
const projects = (own, more = "") => ({
  ...Object.fromEntries(
    ["7", "8"].map((seed) => [
      `setup-${seed}.cjs`,
      `const { startForRun } = require("llamacloud-mock");
      module.exports = async (project) => {
        const emulator = await startForRun({ args: ["--seed", "${seed}", "--admin-token", "secret-${seed}"], ${own.includes(seed) ? "project" : ""} });
        return () => emulator.stop();
      };`,
    ]),
  ),
  "seed.test.mjs": SEED(RUNNERS.vitest.head),
  "vitest.config.mjs": `export default { test: { testTimeout: ${LIMIT}, projects: ["7", "8"].map((seed) => ({ test: {
    name: seed, globalSetup: "./setup-" + seed + ".cjs", ${more} } })) } };`,
});

test("vitest: each project has the emulator with its flags, and its admin token", async () => {
  for (const more of ["", 'setupFiles: "llamacloud-mock/vitest-key"']) {
    const done = await runFiles(RUNNERS.vitest, projects(["7", "8"], more));
    assert.equal(done.code, 0, done.output);
    const found = [...done.output.matchAll(/server (\S+) id (\S+)/g)];
    assert.deepEqual([1, 2].map((group) => new Set(found.map((one) => one[group])).size), [2, 2], done.output);
  }
});

test("vitest: projects with other flags that do not say which is theirs are refused", async () => {
  for (const own of [[], ["7"], ["8"]]) {
    const done = await runFiles(RUNNERS.vitest, projects(own));
    assert.notEqual(done.code, 0, done.output);
    assert.match(done.output, /pass the argument of the globalSetup as `project`/);
  }
});

/** The same of jest: the projects have these names, and setup files of these names. */
const jestProjects = (names, { setups = ["7", "8"], key = "llamacloud-mock/jest-key" } = {}) => ({
  ...Object.fromEntries(
    ["7", "8"].map((seed) => [
      `setup-${seed}.cjs`,
      `const { startForRun } = require("llamacloud-mock");
      module.exports = (_, project) => startForRun({ args: ["--seed", "${seed}", "--admin-token", "secret-${seed}"], project });`,
    ]),
  ),
  "seed.test.cjs": SEED(RUNNERS.jest.head),
  "jest.config.cjs": `module.exports = { testTimeout: ${LIMIT}, globalTeardown: "llamacloud-mock/jest-teardown", projects: [
    ${names.map((name, index) => `{ displayName: "${index}", globals: ${JSON.stringify({ llamacloudMockProject: name })},
      globalSetup: "./setup-${setups[index]}.cjs", setupFilesAfterEnv: ${JSON.stringify(key ? [key] : [])},
      testMatch: ["**/*.test.cjs"] }`)} ] };`,
});

test("jest: each project with a name has the emulator with its flags, and its admin token", async () => {
  for (const workers of [1, 2]) {
    const files = jestProjects(["a", "b"]);
    files["jest.config.cjs"] = files["jest.config.cjs"].replace("{", `{ maxWorkers: ${workers},`);
    const done = await runFiles(RUNNERS.jest, files);
    assert.equal(done.code, 0, done.output);
    const found = [...done.output.matchAll(/server (\S+) id (\S+)/g)];
    assert.deepEqual([1, 2].map((group) => new Set(found.map((one) => one[group])).size), [2, 2], done.output);
    for (const [, url] of found) await refused(url);
  }
});

for (const [what, files, message] of [
  ["without names", jestProjects([undefined, undefined]), /name each project of jest: globals: \{ llamacloudMockProject/],
  ["of which one has no name", jestProjects(["a", undefined]), /name each project of jest/],
  ["with one name and other flags", jestProjects(["a", "a"]), /name each project of jest/],
  ["with two names and one setup", jestProjects(["a", "b"], { setups: ["7", "7"] }), /started for the project [ab]; give it/],
  ["without a key", jestProjects(["a", "b"], { key: "" }), /name-the-jest-project-and-use-jest-key\.invalid/],
  [
    "beside one without a name",
    jestProjects(["a", "b", undefined], { setups: ["7", "8", "7"] }),
    // jest calls a globalSetup once, for any of its projects.
    /name-the-jest-project-and-use-jest-key\.invalid|name each project of jest/,
  ],
]) {
  test(`jest: projects ${what} do not use the emulator of another one`, async () => {
    const done = await runFiles(RUNNERS.jest, files);
    assert.notEqual(done.code, 0, done.output);
    assert.match(done.output, message);
  });
}

test("jest: the key module in the wrong list is explained", async () => {
  const { head, config, setup } = RUNNERS.jest;
  const wrong = config(setup).replace("setupFilesAfterEnv", "setupFiles");
  const done = await runFiles(RUNNERS.jest, { "early.test.cjs": EARLY(head), "jest.config.cjs": wrong });
  assert.notEqual(done.code, 0, done.output);
  assert.match(done.output, /is in setupFiles; move it to setupFilesAfterEnv/);
});
