// A server as a process, and a page of it in headless Chromium. A page that logs an error or asks another host fails its test.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

export const KEY = 'llx-demo';
export const INDEXES = '/api/v1/indexes';
export const DIRECTORIES = '/api/v1/beta/directories';

let browser;
after(() => browser?.close());

async function browserOfFile() {
  browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  return browser;
}

/** A server that is stopped after the test. */
export class Server {
  /** Its pages, which end before it. */
  pages = [];

  static async during(test, ...flags) {
    const server = new Server();
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith('LLAMACLOUD_MOCK_'));
    const program = process.env.LLAMACLOUD_MOCK_BIN;
    server.process = spawn(
      program,
      ['--log-level', 'off', ...(flags.includes('--port') ? [] : ['--port', '0']), ...flags],
      {
        cwd: tmpdir(),
        env: Object.fromEntries(environment),
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    server.exit = once(server.process, 'exit');
    const [line] = await Promise.race([
      once(createInterface({ input: server.process.stdout }), 'line'),
      server.exit,
    ]);
    server.url = /^ready url=(\S+)/.exec(line)?.[1];
    assert.ok(server.url, `the server did not start: ${line}`);
    test.after(async () => {
      for (const page of server.pages) await page.end();
      await server.stop();
    });
    return server;
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.exit;
  }

  /** Sends a request of a key; the response. */
  async call(method, path, body, headers = {}, key = KEY) {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const all = { authorization: `Bearer ${key}`, ...json.headers, ...headers };
    return fetch(this.url + path, { ...json, method, headers: all });
  }

  /** The same, of which the connection may be broken. */
  async tryCall(...request) {
    return this.call(...request).catch(() => null);
  }

  async create(path, body) {
    const response = await this.call('POST', path, body);
    assert.ok(response.ok, `${path}: ${response.status}`);
    return response.json();
  }

  async upload(directory, name, content) {
    const form = new FormData();
    form.append('upload_file', new Blob([content]), name);
    const headers = { authorization: `Bearer ${KEY}` };
    const response = await fetch(`${this.url}${DIRECTORIES}/${directory}/files/upload`, {
      method: 'POST',
      headers,
      body: form,
    });
    assert.ok(response.ok, `${name}: ${response.status} ${await response.clone().text()}`);
    return response.json();
  }

  /** What the admin API says. */
  async admin(method, path, body, token = '') {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const response = await fetch(`${this.url}/__admin${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async entries(query = '') {
    return (await this.admin('GET', `/journal${query}`)).entries;
  }

  async tenant() {
    return (await this.admin('GET', '/tenants')).tenants[0].tenant;
  }
}

/** A page of the server, at a view such as `requests?status=422`. Errors that the test expects match `expected`. */
export async function opened(server, { view = 'requests', path = '/__admin/', expected = /^$/, ...options } = {}) {
  const context = await (await browserOfFile()).newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${server.url}/`) && !url.startsWith('data:')) problems.push(`asks ${url}`);
  });
  const end = async () => {
    await context.close();
    assert.deepEqual(
      problems.filter((problem) => !expected.test(problem)),
      [],
    );
  };
  server.pages.push({ end });
  await page.goto(`${server.url}${path}#/${view}`);
  return page;
}

/** Waits until a value of the page is as expected; a failure shows the last value. */
export async function becomes(page, read, expected, argument) {
  let last;
  const isEqual = async () => {
    last = await page.evaluate(read, argument);
    try {
      assert.deepEqual(last, expected);
      return true;
    } catch {
      return false;
    }
  };
  const end = Date.now() + 20_000;
  while (!(await isEqual())) {
    if (Date.now() > end) assert.deepEqual(last, expected);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** The texts of the elements that are shown. */
export const texts = (selector) =>
  [...document.querySelectorAll(selector)].map((shown) => shown.textContent.trim());

/** The texts of a column of the list. */
export async function columnBecomes(page, name, expected) {
  await becomes(page, texts, expected, `#rows .${name}`);
}
