// A token, both colour schemes, small screens, and names for screen readers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECTORIES, INDEXES, KEY, Server, becomes, columnBecomes, opened } from './browser.mjs';

test('the token is asked for, sent in a header, and kept until the tab is closed', async (t) => {
  const server = await Server.during(t, '--admin-token', 'secret');
  await server.call('GET', INDEXES);
  const page = await opened(server, { path: '/', expected: /401/ });
  const urls = [];
  page.on('request', (request) => urls.push(request.url()));
  const dialog = page.getByRole('dialog', { name: 'The admin API needs a token' });
  await dialog.waitFor();
  assert.equal(await page.locator('#rows .row').count(), 0);
  await page.locator('#token').fill('wrong');
  await page.getByRole('button', { name: 'Use it' }).click();
  await dialog.getByText('The server refuses this token.').waitFor();
  await page.locator('#token').fill('secret');
  await page.locator('#token').press('Enter');
  await columnBecomes(page, 'operation', ['indexes.list']);
  await server.create(DIRECTORIES, { name: 'Live' });
  await columnBecomes(page, 'operation', ['directories.create', 'indexes.list']);
  await page.reload();
  await columnBecomes(page, 'operation', ['directories.create', 'indexes.list']);
  assert.equal(await dialog.isVisible(), false);
  assert.deepEqual(await page.evaluate(() => [{ ...sessionStorage }, { ...localStorage }, document.cookie]), [
    { token: 'secret' },
    {},
    '',
  ]);
  assert.deepEqual(
    urls.filter((url) => url.includes('secret')),
    [],
  );
  const other = await opened(server, { expected: /401/ });
  await other.getByRole('dialog').waitFor();
});

test('an API key sees its own tenant with --admin own', async (t) => {
  const server = await Server.during(t, '--admin', 'own');
  await server.call('GET', INDEXES);
  await server.create(DIRECTORIES, { name: 'Own' });
  await server.call('GET', INDEXES, undefined, {}, 'llx-other');
  const page = await opened(server, { expected: /40[13]/ });
  await page.locator('#token').fill(KEY);
  await page.getByRole('button', { name: 'Use it' }).click();
  await columnBecomes(page, 'operation', ['directories.create', 'indexes.list']);
  await page.locator('#tab-faults').click();
  await page.locator('#scenarios details').first().waitFor();
  await page.locator('#tab-clock').click();
  await page.locator('#now').waitFor();
});

test('the page follows the colour scheme, and its text stands out in both', async (t) => {
  const server = await Server.during(t, '--fault', 'indexes.list status=503 name=busy');
  await server.call('GET', INDEXES);
  await server.call('POST', INDEXES, { name: 5 });
  const backs = [];
  for (const colorScheme of ['light', 'dark']) {
    const page = await opened(server, { colorScheme });
    await columnBecomes(page, 'status', ['422', '503']);
    backs.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    const weakest = await page.evaluate(leastContrast, [
      '#rows .status span',
      '#rows .operation',
      '#columns span',
      '#count',
      'nav a',
      'label',
      '#live',
    ]);
    assert.ok(weakest.ratio >= 4.5, `${colorScheme}: ${JSON.stringify(weakest)}`);
  }
  assert.notEqual(backs[0], backs[1]);
});

/** The least contrast of the texts of these elements with what is behind them (WCAG 2). */
function leastContrast(selectors) {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue]
      .map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const ratios = selectors.flatMap((selector) =>
    [...document.querySelectorAll(selector)].map((element) => {
      const [one, other] = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort(
        (a, b) => b - a,
      );
      return { selector, ratio: (one + 0.05) / (other + 0.05) };
    }),
  );
  return ratios.sort((a, b) => a.ratio - b.ratio)[0];
}

test('the page is used at 360 px', async (t) => {
  const server = await Server.during(t, '--fault', 'indexes.list status=503 name=busy');
  await server.call('GET', INDEXES);
  const directory = await server.create(DIRECTORIES, {
    name: 'A rather long name of a directory for a small screen',
  });
  await server.create(INDEXES, { source_directory_id: directory.id, name: 'Handbook' });
  const tenant = await server.tenant();
  const page = await opened(server, {
    viewport: { width: 360, height: 640 },
    view: `requests?tenant=${tenant}`,
  });
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await columnBecomes(page, 'operation', ['indexes.create', 'directories.create', 'indexes.list']);
  const widest = await page
    .locator('#rows .row')
    .evaluateAll((rows) => Math.max(...rows.map((row) => row.offsetWidth)));
  assert.ok(widest <= 360, `${widest}`);
  await page.locator('#rows .row').last().click();
  await page.locator('#facts').waitFor();
  const [sent, received] = [
    await page.locator('#sent').boundingBox(),
    await page.locator('#received').boundingBox(),
  ];
  assert.ok(received.y >= sent.y + sent.height, 'one side is below the other');
  assert.equal(await overflow(), 0);
  await page.getByRole('button', { name: 'Close' }).click();
  await page.locator('#list').waitFor();
  for (const view of ['state', 'faults', 'clock']) {
    await page.locator(`#tab-${view}`).click();
    await page.locator(`#view-${view} :is(table, dd, details)`).first().waitFor();
    assert.equal(await overflow(), 0, view);
  }
});

test('a link skips the navigation', async (t) => {
  const server = await Server.during(t);
  const page = await opened(server);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  assert.equal(await page.evaluate(() => location.hash), '#/requests');
});

test('every control has a name', async (t) => {
  const server = await Server.during(t, '--fault', 'indexes.list status=503 name=busy');
  await server.call('GET', INDEXES);
  await server.create(DIRECTORIES, { name: 'Texts' });
  const tenant = await server.tenant();
  const page = await opened(server, { view: `requests?tenant=${tenant}` });
  await columnBecomes(page, 'operation', ['directories.create', 'indexes.list']);
  await page.locator('#rows .row').first().click();
  await page.locator('#facts').waitFor();
  for (const view of ['requests', 'state', 'faults', 'clock']) {
    await page.locator(`#tab-${view}`).click();
    await page.locator(`#view-${view} :is(.row, table, dd, details)`).first().waitFor();
    const roles = await page.locator('body').ariaSnapshot();
    const nameless = roles
      .split('\n')
      .filter((line) =>
        /^\s*- (button|textbox|searchbox|combobox|switch|checkbox|link|img|grid|region|navigation)(:| \[|$)/.test(
          line,
        ),
      );
    assert.deepEqual(nameless, [], view);
  }
  await becomes(page, () => document.querySelectorAll('[aria-current=page]').length, 1);
});

test('the page goes on when the server is there again', async (t) => {
  const server = await Server.during(t);
  await server.call('GET', INDEXES);
  const page = await opened(server, { expected: /ERR_|Failed to load/ });
  await columnBecomes(page, 'operation', ['indexes.list']);
  await server.stop();
  await page.locator('#live[data-state=lost]').waitFor();
  const again = await Server.during(t, '--port', new URL(server.url).port);
  await again.create(DIRECTORIES, { name: 'Again' });
  await columnBecomes(page, 'operation', ['directories.create']);
  await page.locator('#live[data-state=on]').waitFor();
});
