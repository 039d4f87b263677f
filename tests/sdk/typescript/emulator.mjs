// The emulator as a process: started on a free port, controlled through /__admin/, stopped by SIGTERM.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import LlamaCloud from '@llamaindex/llama-cloud';

const program = process.env.LLAMACLOUD_MOCK_BIN;

/** The environment of this process without settings of the emulator and of the SDK. */
function cleanEnvironment() {
  const foreign = /^(LLAMACLOUD_MOCK_|LLAMA_CLOUD_|LLAMA_PARSE_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

export class Emulator {
  /** Starts one with these flags. */
  static async start(...flags) {
    const emulator = new Emulator();
    emulator.process = spawn(program, ['--port', '0', '--log-level', 'off', ...flags], {
      cwd: tmpdir(),
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    emulator.exit = once(emulator.process, 'exit');
    const lines = createInterface({ input: emulator.process.stdout });
    const [line] = await Promise.race([once(lines, 'line'), emulator.exit.then(([code]) => [`exit code ${code}`])]);
    emulator.url = /^ready url=(\S+) seed=\d+$/.exec(line)?.[1];
    assert.ok(emulator.url, `the emulator did not start: ${line}`);
    return emulator;
  }

  /** Starts one that is stopped, with exit code 0, after the test. */
  static async during(test, ...flags) {
    const emulator = await Emulator.start(...flags);
    test.after(() => emulator.stop());
    return emulator;
  }

  async stop() {
    this.process.kill('SIGTERM');
    assert.deepEqual(await this.exit, [0, null]);
  }

  /** A client with this key. */
  client(apiKey, options = {}) {
    return new LlamaCloud({ baseURL: this.url, apiKey, ...options });
  }

  async adminRequest(method, path, body) {
    const response = await fetch(`${this.url}/__admin${path}`, {
      method,
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: body && JSON.stringify(body),
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response.json();
  }

  /** The statuses of all attempts of this key, oldest first; `null` where the connection was cut. */
  async statuses(apiKey, operation = '') {
    const query = new URLSearchParams(operation ? { tenant: apiKey, operation } : { tenant: apiKey });
    const { entries } = await this.adminRequest('GET', `/journal?${query}`);
    return entries.map((entry) => (entry.outcome === 'cut' ? null : entry.status));
  }
}

/** All items of a list, with the paging of the SDK. */
export async function collect(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}
