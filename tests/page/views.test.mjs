// State, faults and clocks: every control, and what the page shows beside what the admin API says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECTORIES, INDEXES, Server, becomes, opened, texts } from './browser.mjs';

async function indexed(server) {
  const directory = await server.create(DIRECTORIES, { name: 'Handbook' });
  await server.upload(directory.id, 'leave.md', '# Leave\n\nThirty days a year.\n');
  const index = await server.create(INDEXES, { source_directory_id: directory.id, name: 'Handbook' });
  return { directory, index };
}

/** The cells of a table, row by row. */
const rows = (selector) =>
  [...document.querySelectorAll(`${selector} tbody tr`)].map((row) =>
    [...row.cells].map((cell) => cell.textContent.trim()),
  );

test('the state of a tenant is shown by kind, with status, next events, chunks, and why a file is missing', async (t) => {
  const server = await Server.during(t, '--clock', 'manual', '--sync-duration', '10s');
  const { directory } = await indexed(server);
  const page = await opened(server, { view: 'state' });
  const tenant = await server.tenant();
  await page.getByRole('link', { name: tenant }).click();
  const state = (await server.admin('GET', `/state?tenant=${tenant}`)).tenants[0];
  const { next } = await server.admin('GET', `/clock?tenant=${tenant}`);
  const [index] = state.indexes;
  await becomes(
    page,
    texts,
    [index.name, index.id, 'pending', next[0].at],
    '#kind-indexes + .resources summary > span',
  );
  const kinds = Object.entries(state).filter(([, resources]) => Array.isArray(resources));
  await becomes(
    page,
    texts,
    kinds.map(([kind, resources]) => `${kind.replaceAll('_', ' ')} (${resources.length})`),
    '#state > h2',
  );
  await page.locator(`[id="resource-indexes/${index.id}-title"]`).click();
  await becomes(
    page,
    rows,
    [['leave.md', 'not in the index', 'no sync has ended yet']],
    `[id="resource-indexes/${index.id}"]`,
  );
  await server.admin('POST', '/clock/advance', { tenant, by: '10s' });
  await becomes(page, rows, [['leave.md', 'in the index', '']], `[id="resource-indexes/${index.id}"]`);
  await server.upload(directory.id, 'late.md', 'Too late.');
  await becomes(
    page,
    (id) => document.getElementById(id).textContent.includes('it arrived after the last sync had begun'),
    true,
    `resource-indexes/${index.id}`,
  );
  const file = (await server.admin('GET', `/state?tenant=${tenant}`)).tenants[0].directory_files.find(
    ({ display_name }) => display_name === 'leave.md',
  );
  await page.locator(`[id="resource-directory_files/${file.id}-title"]`).click();
  const { chunks } = await server.admin('GET', `/state/files/${file.id}/chunks`);
  await becomes(
    page,
    texts,
    chunks.map(({ text }) => text.trim()),
    '.chunks pre',
  );
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('of --max-state-bytes').waitFor();
});

test('long lists and long files are shown in parts', async (t) => {
  const server = await Server.during(t);
  const directory = await server.create(DIRECTORIES, { name: 'Texts' });
  const parts = Array.from({ length: 60 }, (_, number) => `# Part ${number}\n\n${'words '.repeat(200)}`);
  await server.upload(directory.id, 'long.md', parts.join('\n\n'));
  for (let number = 0; number < 101; number += 1) await server.create(DIRECTORIES, { name: `Number ${number}` });
  const tenant = await server.tenant();
  const page = await opened(server, { view: `state?tenant=${tenant}` });
  const count = (selector) => document.querySelectorAll(selector).length;
  await becomes(page, count, 100, '#kind-directories + .resources details');
  await page.getByRole('button', { name: 'Show all 102' }).click();
  await becomes(page, count, 102, '#kind-directories + .resources details');
  await page.locator('#kind-directory_files + .resources').getByText('long.md').click();
  const file = (await server.admin('GET', `/state?tenant=${tenant}`)).tenants[0].directory_files[0];
  assert.ok(file.kept.chunks > 20, `${file.kept.chunks} chunks`);
  await becomes(page, count, 20, '.chunks pre');
  while (await page.getByRole('button', { name: 'More chunks' }).isVisible()) {
    const shown = await page.locator('.chunks pre').count();
    await page.getByRole('button', { name: 'More chunks' }).click();
    await page.locator('.chunks pre').nth(shown).waitFor();
  }
  await becomes(page, count, file.kept.chunks, '.chunks pre');
});

test('a rule is refused while it is typed, previewed, added, switched and removed', async (t) => {
  const server = await Server.during(t);
  await server.call('GET', INDEXES);
  await server.call('GET', INDEXES);
  const tenant = await server.tenant();
  const page = await opened(server, { view: `faults?tenant=${tenant}`, expected: /422/ });
  const rule = page.locator('#rule');
  await rule.fill('indexes.lst status=503');
  await page.locator('#preview').getByText('did you mean indexes.list?').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Add' }).isDisabled(), true);
  assert.equal(await rule.getAttribute('aria-invalid'), 'true');
  await rule.fill('indexes.list status=503 nth=2 name=second');
  const preview = await server.admin('POST', '/faults/preview', { rule: 'indexes.list status=503 nth=2', tenant });
  assert.deepEqual(preview.would_strike, [2]);
  await page.locator('#preview').getByText('Would have struck 1 recorded request.').waitFor();
  assert.equal(
    await page.locator('#preview a').getAttribute('href'),
    `#/requests?tenant=${tenant}&open=${encodeURIComponent(`${tenant}/2`)}`,
  );
  assert.equal((await server.admin('GET', '/faults')).faults.length, 0);
  await rule.press('Enter');
  await becomes(
    page,
    (selector) => [...document.querySelectorAll(`${selector} td:nth-child(2)`)].map((cell) => cell.textContent),
    ['second'],
    '#faults',
  );
  await server.call('GET', INDEXES);
  await server.call('GET', INDEXES);
  const counts = async () =>
    (await server.admin('GET', `/faults?tenant=${tenant}`)).faults.map(({ matches, strikes }) =>
      [matches, strikes].map(String),
    );
  await becomes(
    page,
    (selector) =>
      [...document.querySelectorAll(`${selector} tbody tr`)].map((row) => [
        row.cells[5].textContent,
        row.cells[6].textContent,
      ]),
    await counts(),
    '#faults',
  );
  assert.deepEqual(await counts(), [['2', '1']]);
  await page.getByRole('switch', { name: 'second is on' }).click();
  await page.waitForFunction(() => !document.querySelector('[role=switch]').checked);
  assert.equal((await server.admin('GET', `/faults?tenant=${tenant}`)).faults[0].enabled, false);
  await page.getByRole('switch', { name: 'second is on' }).press(' ');
  await page.waitForFunction(() => document.querySelector('[role=switch]').checked);
  await page.getByRole('link', { name: '1', exact: true }).click();
  await becomes(page, texts, ['503'], '#rows .status');
  await page.goBack();
  await page.getByRole('button', { name: 'Remove second' }).click();
  await page.getByText('There are no rules.').waitFor();
  assert.deepEqual((await server.admin('GET', `/faults?tenant=${tenant}`)).faults, []);
});

test('scenarios are loaded and removed', async (t) => {
  const server = await Server.during(t);
  const page = await opened(server, { view: 'faults' });
  const { scenarios } = await server.admin('GET', '/scenarios');
  await becomes(
    page,
    (selector) => document.querySelectorAll(selector).length,
    scenarios.length,
    '#scenarios details',
  );
  await page.getByText('rate-limited').click();
  await page.getByRole('button', { name: 'Load rate-limited' }).click();
  await page.getByRole('button', { name: 'Remove rate-limited' }).waitFor();
  const { faults } = await server.admin('GET', '/faults');
  assert.ok(faults.length > 0);
  await becomes(
    page,
    texts,
    faults.map(({ rule }) => rule),
    '#faults code',
  );
  await page.getByRole('button', { name: 'Remove rate-limited' }).click();
  await page.getByText('There are no rules.').waitFor();
});

test('a clock is moved by a second, a minute, and to its next event', async (t) => {
  const server = await Server.during(
    t,
    '--clock',
    'manual',
    '--start-time',
    '2026-01-01T00:00:00Z',
    '--sync-duration',
    '1h',
  );
  const { index } = await indexed(server);
  const tenant = await server.tenant();
  const page = await opened(server, { view: `clock?tenant=${tenant}` });
  const now = (time) => becomes(page, texts, [time], '#now');
  await now('2026-01-01T00:00:00Z');
  await page.getByRole('button', { name: '1 s later' }).click();
  await now('2026-01-01T00:00:01Z');
  await page.getByRole('button', { name: '1 min later' }).click();
  await now('2026-01-01T00:01:01Z');
  await becomes(page, rows, [['2026-01-01T01:00:00Z', tenant, `indexes ${index.id}`]], '#events');
  await page.getByRole('button', { name: 'To the next event' }).click();
  await now('2026-01-01T01:00:00Z');
  await page.getByText('Nothing is due.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'To the next event' }).isDisabled(), true);
  assert.equal((await server.admin('GET', `/clock?tenant=${tenant}`)).now, '2026-01-01T01:00:00Z');
  await page.getByText('manual: it stands until it is moved').waitFor();
});

test('without a tenant the steps move all clocks', async (t) => {
  const server = await Server.during(t, '--clock', 'manual', '--start-time', '2026-01-01T00:00:00Z');
  await server.call('GET', INDEXES);
  const page = await opened(server, { view: 'clock' });
  await page.getByRole('button', { name: '1 min later' }).click();
  await becomes(page, texts, ['2026-01-01T00:01:00Z'], '#now');
  assert.equal((await server.admin('GET', `/clock?tenant=${await server.tenant()}`)).now, '2026-01-01T00:01:00Z');
});

test('a tenant is chosen by its name', async (t) => {
  const server = await Server.during(t);
  await server.call('GET', INDEXES);
  await server.call('GET', INDEXES, undefined, {}, 'llx-other');
  await server.admin('POST', '/tenants', { key: 'llx-other', name: 'test of others' });
  const page = await opened(server);
  await becomes(page, (selector) => document.querySelectorAll(selector).length, 2, '#rows .row');
  const { tenants } = await server.admin('GET', '/tenants');
  const other = tenants.find(({ name }) => name);
  await page.locator('#tenant').selectOption({ label: `test of others (${other.tenant})` });
  await becomes(page, (selector) => document.querySelectorAll(selector).length, 1, '#rows .row');
  assert.ok((await page.evaluate(() => location.hash)).includes(`tenant=${other.tenant}`));
  await page.locator('#tenant').selectOption('');
  await becomes(page, (selector) => document.querySelectorAll(selector).length, 2, '#rows .row');
});
