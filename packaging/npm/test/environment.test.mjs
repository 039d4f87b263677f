// Environments in which it must work, or say what to do: proxies, missing and wrong programs, killed processes, signals.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { EmulatorError, findBinary, start } from "llamacloud-mock";
import { PROJECT, folder, refused, run, runModule, withoutSettings } from "./support.mjs";

const LAUNCHER = join(PROJECT, "node_modules/.bin/llamacloud-mock");
const PLATFORM = `llamacloud-mock-${process.platform}-${process.arch}`;

/** A program with the official SDK and all verbs that use the network or a process. */
const SUITE = `
import LlamaCloud from "@llamaindex/llama-cloud";
import { start } from "llamacloud-mock";
const emulator = await start();
Object.assign(process.env, emulator.env);
await emulator.fault("indexes.create status=429 first=1");
await new LlamaCloud().beta.indexes.create({ source_directory_id: "dir-abc123" });
await emulator.check({ maxAttempts: 2, allRulesStruck: true });
console.log("passed");
`;

test("a program ends without stop, and the emulator with it", async () => {
  const { code, output } = await runModule(`${SUITE}; console.log("url", emulator.url)`);
  assert.equal(code, 0, output);
  assert.match(output, /passed/);
  await refused(/url (\S+)/.exec(output)[1]);
});

test("a killed process leaves no emulator", async () => {
  const { signal, output } = await runModule(`
    import { start } from "llamacloud-mock";
    process.stdout.write((await start()).url, () => process.kill(process.pid, "SIGKILL"));
  `);
  assert.equal(signal, "SIGKILL", output);
  await refused(output);
});

test("a proxy is not used for loopback", async () => {
  const dead = "http://127.0.0.1:1";
  const proxies = { HTTP_PROXY: dead, http_proxy: dead, HTTPS_PROXY: dead, ALL_PROXY: dead, NO_PROXY: "example.com" };
  const { output } = await runModule(SUITE, { env: { ...proxies, NODE_USE_ENV_PROXY: "1" } });
  assert.match(output, /passed/);
});

test("settings of the shell for another server have no effect", async () => {
  const { output } = await runModule(SUITE, { env: { LLAMACLOUD_MOCK_PORT: "1", LLAMACLOUD_MOCK_PORT_FILE: "/dev/null/port" } });
  assert.match(output, /passed/);
});

test("no home is needed", async () => {
  const { output } = await runModule(SUITE, { env: { HOME: join(await folder(), "missing") } });
  assert.match(output, /passed/);
});

test("another user may use it", { skip: process.getuid?.() === 0 ? false : "only root can become another user" }, async () => {
  const { output } = await runModule(SUITE, { uid: 54321, gid: 54321, env: { HOME: join(await folder(), "missing") } });
  assert.match(output, /passed/);
});

/** Brings up the loopback interface of an empty network, and becomes this command. */
const ALONE = `
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sH14x", b"lo", 0x41))  # SIOCSIFFLAGS: IFF_UP and IFF_RUNNING
os.execv(sys.argv[1], sys.argv[1:])
`;

test("no network is needed", async (context) => {
  const unshare = ["--net", "--map-root-user"];
  const allowed = await run("unshare", [...unshare, "true"]).catch(() => ({ code: 1 }));
  if (allowed.code !== 0) return context.skip("this machine allows no network namespace");
  const node = [process.execPath, "--input-type=module", "--eval", SUITE];
  const { output } = await run("unshare", [...unshare, "python3", "-c", ALONE, ...node]);
  assert.match(output, /passed/);
});

test("a port in use is named", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const error = new RegExp(`exit code 69[^]*port ${port} .*in use; --port 0`);
  await assert.rejects(start({ args: ["--port", `${port}`] }), error);
  server.close();
});

test("an invalid flag is named", async () => {
  await assert.rejects(start({ args: ["--sed", "7"] }), /exit code 64[^]*--seed/);
});

// The head of a program for a processor that does not exist.
const FOREIGN = Buffer.concat([Buffer.from("7f454c46020101", "hex"), Buffer.alloc(9), Buffer.from("0200ffff01", "hex"), Buffer.alloc(100)]);

for (const [name, content, mode, message] of [
  ["of another platform", FOREIGN, 0o755, /no program for this machine .*npm install on this machine/],
  ["that may not be executed", "#!/bin/sh\n", 0o644, /may not be executed .*noexec/],
  ["that fails", "#!/bin/sh\nexit 3\n", 0o755, /ended with exit code 3/],
  ["that prints something else", "#!/bin/sh\necho what\n", 0o755, /is not llamacloud-mock: it printed "what"/],
  ["that prints nothing", "#!/bin/sh\nexec tail -f /dev/null\n", 0o755, /not ready after 200 milliseconds/],
]) {
  test(`a program ${name} is explained`, async () => {
    const path = join(await folder(), "llamacloud-mock");
    await writeFile(path, content, { mode });
    process.env.LLAMACLOUD_MOCK_BINARY = path;
    try {
      await assert.rejects(start({ limit: String(content).includes("tail") ? 200 : 30_000 }), (error) => {
        assert(error instanceof EmulatorError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    } finally {
      delete process.env.LLAMACLOUD_MOCK_BINARY;
    }
    if (mode === 0o644 || content === FOREIGN) {
      const { code, output } = await run(LAUNCHER, ["--version"], { env: { LLAMACLOUD_MOCK_BINARY: path } });
      assert.equal(code, 1);
      assert.match(output, message);
    }
  });
}

/** The installed main package with other package.json, without packages beside it. */
async function alone(change) {
  const path = join(await folder(), "node_modules", "llamacloud-mock");
  await mkdir(join(path, ".."), { recursive: true });
  await cp(join(PROJECT, "node_modules/llamacloud-mock"), path, { recursive: true });
  const manifest = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  await writeFile(join(path, "package.json"), JSON.stringify(change(manifest)));
  return path;
}

test("a missing platform package is named by the launcher and by start", async () => {
  const path = await alone((manifest) => manifest);
  const { code, output } = await run(process.execPath, [join(path, "bin/llamacloud-mock.js"), "--version"]);
  assert.equal(code, 1);
  assert.match(output, new RegExp(`the package ${PLATFORM} is not installed; run .npm install ${PLATFORM}@\\d`));
  assert.equal(output.trim().split("\n").length, 1);
  const started = await run(process.execPath, ["--eval", `require(${JSON.stringify(path)}).start()`]);
  assert.match(started.output, new RegExp(`EmulatorError: the package ${PLATFORM} is not installed`));
});

test("a platform without a package is named", async () => {
  const path = await alone((manifest) => ({ ...manifest, optionalDependencies: { "llamacloud-mock-plan9-x64": "1.0.0" } }));
  const { code, output } = await run(process.execPath, [join(path, "bin/llamacloud-mock.js")]);
  assert.equal(code, 1);
  assert.match(output, new RegExp(`there is no package ${PLATFORM}, only llamacloud-mock-plan9-x64; build .*LLAMACLOUD_MOCK_BINARY`));
});

test("a missing program that is named by a variable is explained", async () => {
  const path = join(await folder(), "missing");
  const { code, output } = await run(LAUNCHER, [], { env: { LLAMACLOUD_MOCK_BINARY: path } });
  assert.equal(code, 1);
  assert.match(output, /LLAMACLOUD_MOCK_BINARY=\S+missing: is not a file/);
});

test("the launcher is the program", async () => {
  const { version } = JSON.parse(await readFile(join(PROJECT, "node_modules/llamacloud-mock/package.json"), "utf8"));
  const shown = await run(LAUNCHER, ["--version"]);
  assert.deepEqual([shown.code, shown.output.split(" ").slice(0, 2)], [0, ["llamacloud-mock", version]]);
  assert.equal((await run(LAUNCHER, ["--sed", "7"])).code, 64);
  assert.equal((await run(findBinary(), ["--version"])).code, 0);
});

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
  test(`${signal} to the launcher ends the program`, async () => {
    const env = withoutSettings();
    const child = spawn(LAUNCHER, ["--port", "0", "--log-level", "off"], { stdio: ["ignore", "pipe", "inherit"], env });
    const [line] = await once(createInterface(child.stdout), "line");
    child.kill(signal);
    const [code] = await once(child, "exit");
    assert.equal(code, 0);
    await refused(/url=(\S+)/.exec(line)[1]);
  });
}
