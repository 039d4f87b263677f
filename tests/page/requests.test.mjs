// The list of requests: live, filtered on the server, chains of retries, a request opened, copies, keyboard, the address.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { DIRECTORIES, INDEXES, KEY, Server, becomes, columnBecomes, opened, texts } from './browser.mjs';

const BUSY = ['--fault', 'indexes.list status=503 first=2 name=busy', '--fault', 'indexes.* status=418 name=later'];
const QUIET = ['--fault', 'indexes.list status=503 first=2 name=busy'];

/** A create, a refused create, three attempts of a list. */
async function filled(server) {
  const directory = await server.create(DIRECTORIES, { name: 'Handbook' });
  await server.create(INDEXES, { source_directory_id: directory.id, name: 'First index' });
  await server.call('POST', INDEXES, { name: 5 });
  for (const retry of [0, 1, 2])
    await server.call('GET', INDEXES, undefined, { 'x-stainless-retry-count': String(retry) });
}

/** What the admin API says of the rows that a list shows, newest first. */
const operationsOf = (entries) => entries.map(({ operation }) => operation).reverse();

test('requests are shown as they come, newest first', async (t) => {
  const server = await Server.during(t);
  const page = await opened(server, { path: '/' });
  await page.getByText('No request yet').waitFor();
  await server.call('GET', INDEXES);
  await columnBecomes(page, 'operation', ['indexes.list']);
  await server.create(DIRECTORIES, { name: 'Later' });
  await columnBecomes(page, 'operation', operationsOf(await server.entries()));
  await columnBecomes(page, 'about', ['Later', '']);
  await columnBecomes(page, 'status', (await server.entries()).map(({ status }) => String(status)).reverse());
  assert.match(await page.locator('#live').textContent(), /Live/);
});

test('a chain of retries is one row that opens', async (t) => {
  const server = await Server.during(t, ...QUIET);
  await filled(server);
  const page = await opened(server);
  await columnBecomes(page, 'status', ['200', '422', '201', '201']);
  await becomes(page, texts, ['busy'], '#rows .chip');
  await page.getByRole('button', { name: 'Show the 3 attempts' }).click();
  await columnBecomes(page, 'status', ['200', '503', '503', '200', '422', '201', '201']);
  await page.locator('#grid').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowLeft');
  await columnBecomes(page, 'status', ['200', '422', '201', '201']);
  await page.keyboard.press('ArrowRight');
  await columnBecomes(page, 'attempt', ['3× ▾', '1', '2', '3', '', '', '']);
});

test('filters are those of the server, and stand in the address', async (t) => {
  const server = await Server.during(t, ...QUIET);
  await filled(server);
  const page = await opened(server, { expected: /422/ });
  for (const [name, value] of [
    ['operation', 'writes'],
    ['status', '4xx'],
    ['fault', 'busy'],
    ['text', 'first INDEX'],
  ]) {
    await page.locator(`#filter-${name}`).fill(value);
    await becomes(page, (key) => new URLSearchParams(location.hash.split('?')[1]).get(key), value, name);
    const entries = await server.entries(`?${new URLSearchParams({ [name]: value })}`);
    const chains = name === 'fault' ? 1 : entries.length;
    await becomes(page, (selector) => document.querySelectorAll(selector).length, chains, '#rows .row');
    await page.getByRole('button', { name: 'Clear' }).click();
    await becomes(page, (selector) => document.querySelectorAll(selector).length, 4, '#rows .row');
  }
  await page.locator('#filter-operation').fill('indexs.list');
  await page.getByText('did you mean indexes.list?').waitFor();
  assert.equal(await page.locator('#filter-operation').getAttribute('aria-invalid'), 'true');
  await page.locator('#filter-operation').fill('');
  await page.locator('#error').waitFor({ state: 'hidden' });
});

test('an address shows the same filter, tenant and request', async (t) => {
  const server = await Server.during(t, ...QUIET);
  await filled(server);
  await server.call('GET', INDEXES, undefined, {}, 'llx-other');
  const tenant = (await server.entries()).at(0).tenant;
  const first = await opened(server);
  await first.locator('#tenant').selectOption(tenant);
  await first.locator('#filter-status').fill('422');
  await columnBecomes(first, 'status', ['422']);
  await first.locator('#rows .row').click();
  await first.locator('#detail h2').getByText('422').waitFor();
  const hash = await first.evaluate(() => location.hash.slice(2));
  const second = await opened(server, { view: hash });
  await columnBecomes(second, 'status', ['422']);
  assert.equal(await second.locator('#tenant').inputValue(), tenant);
  await second.locator('#detail h2').getByText('422').waitFor();
  await second.goBack();
});

test('a request that is open shows both sides, its end, and why each rule did what it did', async (t) => {
  const server = await Server.during(t, ...BUSY, '--fault', 'files.* status=500 name=elsewhere');
  await server.call('GET', INDEXES);
  const [entry] = await server.entries();
  const page = await opened(server);
  await page.locator('#rows .row').click();
  await becomes(
    page,
    texts,
    ['busy struck — its effect was applied', 'later shadowed — busy struck first, and does not say continue'],
    '#rules-met > ul > li',
  );
  assert.deepEqual(
    entry.faults.map(({ rule, outcome }) => `${rule} ${outcome}`),
    ['busy struck', 'later shadowed'],
  );
  const body = await page.locator('#received .body').textContent();
  assert.equal(body, entry.reply_body);
  assert.match(await page.locator('#facts').textContent(), /The response was written\. It took/);
  await page.getByText('Why did the other rules not strike?').click();
  await becomes(
    page,
    texts,
    ['elsewhere — it is about files.* files.* status=500 name=elsewhere'],
    '#other-rules li',
  );
  const [sent, received] = [
    await page.locator('#sent').boundingBox(),
    await page.locator('#received').boundingBox(),
  ];
  assert.ok(sent.x + sent.width <= received.x && sent.y === received.y, 'they are beside each other');
});

test('an open request ends before the eyes of a reader', async (t) => {
  const server = await Server.during(t, '--fault', 'indexes.list delay=real:1h name=held');
  const page = await opened(server);
  const held = server.tryCall('GET', INDEXES);
  await columnBecomes(page, 'status', ['open']);
  await page.locator('#rows .row').click();
  await page.getByText('It is open').waitFor();
  await server.admin('POST', '/reset', { parts: ['faults'] });
  await held;
  await page.locator('#facts').getByText('It took').waitFor();
  const [entry] = await server.entries();
  assert.notEqual(entry.outcome, 'open');
  await columnBecomes(page, 'status', [String(entry.status ?? 'none')]);
});

test('a request copies itself as curl, which sends it again', async (t) => {
  const server = await Server.during(t);
  const name = `it's "$HOME" \\ ü`;
  await server.create(INDEXES, { source_directory_id: 'dir-a', name });
  const page = await opened(server);
  await page.locator('#rows .row').click();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  const line = await page.locator('#copied pre').textContent();
  const result = spawnSync('sh', ['-c', `${line} --silent --noproxy '*'`], {
    env: { ...process.env, LLAMA_CLOUD_API_KEY: KEY },
  });
  assert.equal(result.status, 0, `${line}\n${result.stderr}`);
  const entries = await server.entries('?operation=indexes.create');
  assert.deepEqual(entries[1].request_body, entries[0].request_body);
});

test('a request copies itself as an expectation, which holds', async (t) => {
  const server = await Server.during(t, '--fault', 'indexes.create status=503 when="body:/name=a b" name=busy');
  await server.call('POST', INDEXES, { source_directory_id: 'dir-a', name: 'a b' });
  const page = await opened(server);
  await page.locator('#rows .row').click();
  await page.getByRole('button', { name: 'Copy as expectation' }).click();
  const expect = await page.locator('#copied pre').textContent();
  assert.equal(
    expect,
    'indexes.create status=503 fault=busy when=body:/source_directory_id=dir-a when="body:/name=a b" count=1..',
  );
  assert.equal((await server.admin('POST', '/verify', { expect })).count, 1);
});

test('the list is used with the keyboard alone', async (t) => {
  const server = await Server.during(t);
  for (let number = 0; number < 5; number += 1) await server.create(DIRECTORIES, { name: `Number ${number}` });
  const page = await opened(server);
  await columnBecomes(
    page,
    'about',
    [4, 3, 2, 1, 0].map((number) => `Number ${number}`),
  );
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'filter-text');
  await page.locator('#grid').focus();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.locator('#rows .active .about').textContent(), 'Number 1');
  const active = await page.locator('#grid').getAttribute('aria-activedescendant');
  assert.equal(await page.locator(`[id="${active}"] .about`).textContent(), 'Number 1');
  await page.keyboard.press('Enter');
  await page.locator('#facts').getByText('Number 1').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#detail').waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'grid');
});

test('a list that is paused stands still', async (t) => {
  const server = await Server.during(t);
  await server.call('GET', INDEXES);
  const page = await opened(server);
  await columnBecomes(page, 'operation', ['indexes.list']);
  await page.getByRole('button', { name: 'Pause' }).click();
  await server.create(DIRECTORIES, { name: 'Later' });
  await page
    .locator('#count')
    .getByText(/\b[12] new/)
    .waitFor();
  await columnBecomes(page, 'operation', ['indexes.list']);
  await page.getByRole('button', { name: 'Go on' }).click();
  await columnBecomes(page, 'operation', ['directories.create', 'indexes.list']);
});

test('the chart says what the journal says', async (t) => {
  const server = await Server.during(t, ...QUIET);
  await filled(server);
  const entries = await server.entries();
  const struck = entries.filter(({ faults }) => faults.some(({ outcome }) => outcome === 'struck'));
  const page = await opened(server);
  const label = await page.locator('#chart svg').getAttribute('aria-label');
  assert.match(label, new RegExp(`^${entries.length} requests from .*, ${struck.length} with a fault$`));
  assert.ok((await page.locator('#chart .fault').count()) > 0);
});

test('a journal that is reset is shown anew', async (t) => {
  const server = await Server.during(t);
  await server.call('GET', INDEXES);
  const page = await opened(server);
  await columnBecomes(page, 'operation', ['indexes.list']);
  await server.admin('POST', '/reset');
  await server.create(DIRECTORIES, { name: 'After' });
  await columnBecomes(page, 'operation', ['directories.create']);
});
