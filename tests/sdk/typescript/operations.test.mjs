// The operations, and the paging of the SDK.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import LlamaCloud from '@llamaindex/llama-cloud';
import { Emulator, collect } from './emulator.mjs';

const source = { source_directory_id: 'dir-abc123' };

test('an index is created, listed, read and deleted', async (t) => {
  const client = (await Emulator.during(t, '--clock', 'manual')).client('llx-a');
  const made = await client.beta.indexes.create({ ...source, name: 'Handbook', description: 'für Köche 🍲' });
  assert.match(made.id, /^idx-/);
  assert.deepEqual([made.name, made.description, made.metadata], ['Handbook', 'für Köche 🍲', { status: 'pending' }]);
  assert.deepEqual(await client.beta.indexes.get(made.id), made);
  assert.deepEqual(await client.beta.indexes.get(made.export_config_id), made);
  assert.deepEqual(await collect(client.beta.indexes.list()), [made]);
  await client.beta.indexes.delete(made.id);
  assert.deepEqual(await collect(client.beta.indexes.list()), []);
  await assert.rejects(() => client.beta.indexes.get(made.id), LlamaCloud.NotFoundError);
});

test('an index becomes ready, is synced again, and is cancelled', async (t) => {
  const emulator = await Emulator.during(t, '--clock', 'manual');
  const client = emulator.client('llx-a');
  const { id } = await client.beta.indexes.create(source);
  const seen = async () => {
    const shown = await client.beta.indexes.get(id, { expand: ['sync_in_progress'] });
    return [shown.metadata.status, shown.sync_in_progress];
  };
  assert.deepEqual(await seen(), ['pending', true]);
  await emulator.adminRequest('POST', '/clock/advance', { by: '200ms' });
  assert.deepEqual(await seen(), ['ready', false]);
  await client.beta.indexes.sync(id);
  assert.deepEqual(await seen(), ['ready', true]);
  // This version of the SDK has no method for it.
  await client.post(`/api/v1/indexes/${id}/sync/cancel`);
  assert.deepEqual(await seen(), ['ready', false]);
});

test('a directory is created, read and indexed', async (t) => {
  const client = (await Emulator.during(t)).client('llx-a');
  const made = await client.beta.directories.create({ name: 'Contracts' });
  assert.deepEqual(await client.beta.directories.get(made.id), made);
  const index = await client.beta.indexes.create({ source_directory_id: made.id });
  assert.deepEqual([index.source_directory_id, index.name], [made.id, 'Contracts']);
});

for (const [count, size, pages] of [[7, 2, 4], [6, 2, 3], [3, 1000, 1], [0, 2, 1]]) {
  test(`${count} indexes on pages of ${size}: each is listed exactly once`, async (t) => {
    const emulator = await Emulator.during(t);
    const client = emulator.client('llx-a');
    const made = [];
    for (let number = 0; number < count; number += 1) made.unshift((await client.beta.indexes.create(source)).id);
    const listed = await collect(client.beta.indexes.list({ page_size: size }));
    assert.deepEqual(listed.map((index) => index.id), made);
    assert.equal((await emulator.statuses('llx-a', 'indexes.list')).length, pages);
  });
}

test('pages can be requested one by one, and the last one has no token', async (t) => {
  const client = (await Emulator.during(t)).client('llx-a');
  for (let number = 0; number < 5; number += 1) await client.beta.indexes.create(source);
  const sizes = [];
  let page = await client.beta.indexes.list({ page_size: 2 });
  for (; ; page = await page.getNextPage()) {
    sizes.push(page.items.length);
    if (!page.hasNextPage()) break;
  }
  assert.deepEqual(sizes, [2, 2, 1]);
  // In the response it is null; the SDK converts it to an empty string.
  assert.equal(page.next_page_token, '');
});

test('a raw response has status and headers', async (t) => {
  const client = (await Emulator.during(t)).client('llx-a');
  const { data, response } = await client.beta.indexes.create(source).withResponse();
  assert.deepEqual([response.status, response.headers.get('content-type')], [201, 'application/json']);
  const removed = await client.beta.indexes.delete(data.id).asResponse();
  assert.deepEqual([removed.status, await removed.text()], [204, '']);
});

test('a key does not see the indexes of another key', async (t) => {
  const emulator = await Emulator.during(t);
  const made = await emulator.client('llx-a').beta.indexes.create(source);
  const other = emulator.client('llx-b');
  await assert.rejects(() => other.beta.indexes.get(made.id), LlamaCloud.NotFoundError);
  assert.deepEqual(await collect(other.beta.indexes.list()), []);
});

test('fifty parallel requests each get their own response', async (t) => {
  const client = (await Emulator.during(t)).client('llx-a');
  const names = Array.from({ length: 50 }, (_, number) => `index ${number}`);
  const made = await Promise.all(names.map((name) => client.beta.indexes.create({ ...source, name })));
  assert.deepEqual(made.map((index) => index.name), names);
  const listed = await collect(client.beta.indexes.list({ page_size: 7 }));
  assert.deepEqual(new Set(listed.map((index) => index.id)), new Set(made.map((index) => index.id)));
});

test('the environment variables are sufficient', async (t) => {
  const emulator = await Emulator.during(t);
  process.env.LLAMA_CLOUD_BASE_URL = `${emulator.url}/`;
  process.env.LLAMA_CLOUD_API_KEY = 'llx-from-the-environment';
  t.after(() => {
    delete process.env.LLAMA_CLOUD_BASE_URL;
    delete process.env.LLAMA_CLOUD_API_KEY;
  });
  await new LlamaCloud().beta.indexes.create(source);
  assert.deepEqual(await emulator.statuses('llx-from-the-environment'), [201]);
});
