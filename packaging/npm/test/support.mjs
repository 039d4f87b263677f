// What the tests share: processes with a clean environment.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folder of the project in which the packages are installed. */
export const PROJECT = process.cwd();

/** This environment without settings of the program, of its clients, of proxies and of npm. */
export function withoutSettings() {
  const names = /^(LLAMA|PACKAGING|FORCE_COLOR|NODE_TEST|VITEST|JEST|npm_|(https?|all|no)_proxy$)/i;
  return { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.test(name))), NO_COLOR: "1" };
}

/** Runs a command to its end. */
export async function run(command, args, { env = {}, cwd = PROJECT, ...options } = {}) {
  const child = spawn(command, args, { cwd, env: { ...withoutSettings(), ...env }, ...options });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code, signal] = await once(child, "close");
  return { code, signal, output };
}

/** Runs the text of a module with node, in the project. */
export function runModule(text, options) {
  return run(process.execPath, ["--input-type=module", "--eval", text], options);
}

/** A folder of its own for a test; the script that runs the tests removes it. */
export async function folder(files = {}) {
  const path = await mkdtemp(join(process.env.PACKAGING_FOLDER ?? tmpdir(), "test-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

/** The same inside the project, where files find the installed packages. */
export async function projectFolder(files) {
  const path = await mkdtemp(join(PROJECT, "test-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

/** Time limit in milliseconds. Only a failing test reaches it. */
const LIMIT = 120_000;

/** Resolves when nothing listens at the URL any more. */
export async function refused(url) {
  for (const deadline = Date.now() + LIMIT; ; ) {
    assert(Date.now() < deadline, `${url} still responds`);
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    try {
      await once(socket, "connect");
    } catch {
      return;
    } finally {
      socket.destroy();
    }
  }
}
