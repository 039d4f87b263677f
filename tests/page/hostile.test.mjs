// What a hostile client can write is shown as text: markup, text from right to left, very long names. And ten thousand
// requests scroll like ten.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DIRECTORIES, INDEXES, KEY, Server, becomes, columnBecomes, opened, texts } from './browser.mjs';

const MARKUP = '<img src=x onerror="document.title=\'caught\'"><script>document.title="caught"</script>';
const RIGHT_TO_LEFT = '\u202eevil\u202d שלום';
const LONG = 'long '.repeat(2000);

test('names of clients are text in every view', async (t) => {
  const server = await Server.during(t);
  for (const name of [MARKUP, RIGHT_TO_LEFT, LONG]) {
    const directory = await server.create(DIRECTORIES, { name: name.slice(0, 200) });
    await server.create(INDEXES, {
      source_directory_id: directory.id,
      name: name.slice(0, 200),
      description: name,
    });
  }
  await server.upload((await server.create(DIRECTORIES, { name: 'texts' })).id, '<b>bold<b>.txt', MARKUP);
  await server.call('GET', `/${MARKUP}`);
  await server.admin('POST', '/tenants', { key: KEY, name: MARKUP });
  const tenant = await server.tenant();
  const page = await opened(server, { view: `requests?tenant=${tenant}` });
  const entries = await server.entries('?operation=indexes.create');
  await page.locator('#filter-operation').fill('indexes.create');
  await columnBecomes(page, 'about', entries.map(({ about }) => (about.name ?? about.id ?? '').trim()).reverse());
  await page.locator('#rows .row').last().click();
  await page.locator('#sent .body').waitFor();
  assert.deepEqual(JSON.parse(await page.locator('#sent .body').textContent()), entries[0].request_body);
  for (const view of ['state', 'faults', 'clock', 'requests']) {
    await page.locator(`#tab-${view}`).click();
    await page.locator(`#view-${view}`).waitFor();
  }
  await page.locator('#tab-state').click();
  for (const details of await page.locator('#state summary').all()) await details.click();
  await page.locator('.chunks pre').waitFor();
  assert.equal(await page.locator('.chunks pre').textContent(), MARKUP);
  assert.equal(await page.title(), 'llamacloud-mock');
  assert.equal(await page.locator('img, main script, main b').count(), 0);
  assert.equal(await page.locator('#tenant option').last().textContent(), `${MARKUP.slice(0, 60)} (${tenant})`);
});

test('a name from right to left does not turn what stands beside it', async (t) => {
  const server = await Server.during(t);
  await server.create(DIRECTORIES, { name: RIGHT_TO_LEFT });
  const page = await opened(server);
  await columnBecomes(page, 'operation', ['directories.create']);
  const [about, status] = await page
    .locator('#rows .row > :is(.about, .status)')
    .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().x));
  assert.ok(about < status);
  assert.equal(
    await page.locator('#rows .about bdi').evaluate((shown) => getComputedStyle(shown).unicodeBidi),
    'isolate',
  );
});

test('a long name neither widens the page nor hides the rest', async (t) => {
  const server = await Server.during(t);
  await server.create(INDEXES, {
    source_directory_id: 'dir-a',
    name: 'x'.repeat(200),
    description: 'y'.repeat(10_000),
  });
  await server.call('GET', `/api/v1/indexes/${'z'.repeat(6000)}`);
  const page = await opened(server);
  await page.locator('#rows .row').last().click();
  await page.locator('#sent .body').waitFor();
  const width = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await width()) <= 0);
  const tenant = await server.tenant();
  await page.evaluate((label) => {
    location.hash = `#/state?tenant=${label}`;
  }, tenant);
  await page.locator('#state .resources').first().waitFor();
  assert.ok((await width()) <= 0);
});

test('what a client wrote is quoted in a line for a shell', async (t) => {
  const server = await Server.during(t);
  const directory = await server.create(DIRECTORIES, { name: 'texts' });
  const file = `../it's $(touch caught) "a".txt`;
  await server.upload(directory.id, file, 'text');
  await server.call('A`touch${IFS}caught`'.replace(/[{}]/g, ''), `${INDEXES}?a=[1-3]&b='$(touch caught)'`);
  const page = await opened(server);
  await becomes(page, (selector) => document.querySelectorAll(selector).length, 3, '#rows .row');
  const lines = [];
  for (const row of [0, 1]) {
    await page.locator('#rows .row').nth(row).click();
    await page
      .locator('#facts')
      .getByText(`number ${3 - row} of`)
      .waitFor();
    await page.getByRole('button', { name: 'Copy as curl' }).click();
    lines.push(await page.locator('#copied pre').textContent());
  }
  for (const line of lines) {
    const words = spawnSync('sh', ['-c', `set -- ${line.replace(/^curl/, '')}; printf '%s\\n' "$@"`], {
      cwd: tmpdir(),
    });
    const given = words.stdout.toString().split('\n');
    assert.ok(given.includes('--globoff'), line);
    assert.ok(!existsSync(join(tmpdir(), 'caught')), line);
    assert.ok(
      given.some((word) => word.includes('touch')),
      line,
    );
  }
});

/** Sends many requests, some at a time. */
async function flood(server, count) {
  let sent = 0;
  const one = async () => {
    while (sent < count) {
      sent += 1;
      await (await server.call('GET', `${INDEXES}?page_size=${(sent % 50) + 1}`)).arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

test('ten thousand requests are a window of rows, and older ones come page by page', async (t) => {
  const server = await Server.during(t, '--journal-entries', '20000');
  await flood(server, 10_000);
  const tenant = await server.tenant();
  const page = await opened(server, { view: `requests?tenant=${tenant}` });
  await page.locator('#rows .row').first().waitFor();
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url())));
  const shown = () => page.locator('#rows .row').count();
  assert.ok((await shown()) < 100, `${await shown()} rows`);
  const first = (await server.entries(`?tenant=${tenant}&limit=1`))[0];
  await becomes(
    page,
    (selector) => document.querySelector(selector).dataset.key,
    `${tenant}/${first.seq}`,
    '#rows .row',
  );
  await page.evaluate(async () => {
    const grid = document.getElementById('grid');
    while (!/^10,000 requests,/.test(document.getElementById('count').textContent)) {
      grid.scrollTop = grid.scrollHeight;
      await new Promise(requestAnimationFrame);
    }
    grid.scrollTop = grid.scrollHeight;
  });
  await becomes(
    page,
    (selector) => [...document.querySelectorAll(selector)].at(-1).dataset.key,
    `${tenant}/1`,
    '#rows .row',
  );
  assert.ok((await shown()) < 100, `${await shown()} rows`);
  const pages = asked.filter(({ pathname }) => pathname === '/__admin/journal');
  assert.ok(
    pages.length > 10 &&
      pages.every(({ searchParams }) => searchParams.get('before') && Number(searchParams.get('limit')) <= 300),
  );
  await page.locator('#filter-text').fill('page_size=7&');
  await page.locator('#filter-text').fill('page_size=7');
  const entries = await server.entries(`?tenant=${tenant}&text=page_size%3D7`);
  assert.equal(entries.length, 200);
  await page
    .locator('#count')
    .getByText(/^200 requests,/)
    .waitFor();
});

test('requests that come while the list is scrolled do not move it', async (t) => {
  const server = await Server.during(t);
  await flood(server, 200);
  const page = await opened(server);
  await page
    .locator('#count')
    .getByText(/^200 requests/)
    .waitFor();
  await page.locator('#grid').evaluate((grid) => {
    grid.scrollTop = 100 * 28;
  });
  const top = () =>
    [...document.querySelectorAll('#rows .row')].find(
      (row) => row.getBoundingClientRect().top >= document.getElementById('grid').getBoundingClientRect().top + 28,
    ).dataset.key;
  await page.evaluate(
    () =>
      new Promise((done) => {
        requestAnimationFrame(() => requestAnimationFrame(done));
      }),
  );
  const before = await page.evaluate(top);
  await flood(server, 20);
  await page
    .locator('#count')
    .getByText(/^220 requests/)
    .waitFor();
  await becomes(page, top, before);
});
