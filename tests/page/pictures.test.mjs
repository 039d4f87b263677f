// The pictures of the documentation. They are written with `tests/page/run --pictures`, with the digest of the files of
// the page; a page that is newer than its pictures fails.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DIRECTORIES, INDEXES, Server, columnBecomes, opened } from './browser.mjs';

const MAX_BYTES = 150_000;
const FOLDER = join(process.env.PAGE_ROOT, 'docs/pictures');
const PICTURES = ['page.png', 'page-state.png', 'page-faults.png'];
const DIGEST = join(FOLDER, 'page.sha256');
const isWriting = process.env.WRITE_PICTURES === 'true';

/** The digest of the files that a server sends. */
async function digest(server) {
  const hash = createHash('sha256');
  for (const path of ['/', '/__admin/page.css', '/__admin/page.js']) {
    const response = await server.call('GET', path, undefined, { accept: 'text/html' });
    assert.equal(response.status, 200, path);
    hash.update(await response.text());
  }
  return `${hash.digest('hex')}\n`;
}

/** Takes a picture; writes it if it is asked for. */
async function take(page, name) {
  await page.evaluate(() => document.activeElement.blur());
  const picture = await page.screenshot({ animations: 'disabled' });
  if (isWriting) await writeFile(join(FOLDER, name), picture);
}

/** A client that uploads two files, is refused once, and retries what a rule breaks. */
async function filled(server) {
  const directory = await server.create(DIRECTORIES, { name: 'Handbook' });
  await server.upload(directory.id, 'leave.md', '# Leave\n\nThirty days a year.\n');
  await server.upload(directory.id, 'travel.md', '# Travel\n\nBy train where possible.\n');
  await server.call('POST', INDEXES, { name: 5, vector_target: 'MAYBE' });
  for (const retry of ['0', '1', '2']) {
    const body = { source_directory_id: directory.id, name: 'handbook' };
    await server.tryCall('POST', INDEXES, body, { 'x-stainless-retry-count': retry });
  }
  const { items } = await (await server.call('GET', INDEXES)).json();
  await server.call('GET', `${INDEXES}/${items[0].id}`);
  await server.admin('POST', '/clock/advance', { by: '1s' });
  await server.upload(directory.id, 'late.md', '# Late\n\nAfter the sync.\n');
  return items[0];
}

const FLAGS = [
  '--fault',
  'indexes.create status=503 retry-after=1s attempt=1 when=body:/name=handbook name=busy',
  '--fault',
  'indexes.create@after reset attempt=2 name=lost-reply',
];

test('pictures of the requests, the state and the faults', async (t) => {
  const server = await Server.during(t, ...FLAGS, '--clock', 'manual', '--start-time', '2026-01-01T09:00:00Z');
  const index = await filled(server);
  const tenant = await server.tenant();
  const size = { viewport: { width: 1200, height: 680 } };
  const requests = await opened(server, { ...size, view: `requests?tenant=${tenant}` });
  await requests.getByRole('button', { name: 'Show the 3 attempts' }).click();
  await requests.locator('#rows .part').nth(1).click();
  await requests.locator('#received').waitFor();
  await columnBecomes(requests, 'attempt', ['', '', '', '3× ▾', '1', '2', '3', '', '', '', '']);
  await take(requests, 'page.png');
  const state = await opened(server, { ...size, view: `state?tenant=${tenant}` });
  await state.locator(`[id="resource-indexes/${index.id}-title"]`).click();
  await state.getByText('not in the index').first().waitFor();
  await state.locator('#kind-directory_files').scrollIntoViewIfNeeded();
  await state.locator('#view-state').evaluate((view) => {
    view.scrollTop += document.getElementById('kind-directory_files').getBoundingClientRect().top - 60;
  });
  await take(state, 'page-state.png');
  const faults = await opened(server, { ...size, view: `faults?tenant=${tenant}`, colorScheme: 'dark' });
  await faults.locator('#rule').fill('directories.files.* status=500 nth=2');
  await faults.getByText('Would have struck 1 recorded request').waitFor();
  await faults.locator('#scenarios details').first().waitFor();
  await take(faults, 'page-faults.png');
  if (isWriting) await writeFile(DIGEST, await digest(server));
});

test('the pictures are those of the files of the page', async (t) => {
  const server = await Server.during(t);
  const written = await readFile(DIGEST, 'utf-8').catch(() => 'none');
  const problem = 'the page is newer than its pictures: run tests/page/run --pictures';
  assert.equal(written, await digest(server), problem);
  for (const name of PICTURES) {
    const { size } = await stat(join(FOLDER, name));
    assert.ok(size <= MAX_BYTES, `${name} has ${size} bytes`);
  }
});
