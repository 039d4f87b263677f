// Retries of the SDK after injected faults, checked in the journal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import LlamaCloud from '@llamaindex/llama-cloud';
import { Emulator, collect } from './emulator.mjs';

const source = { source_directory_id: 'dir-abc123' };

test('the SDK waits for retry-after-ms after a 429', async (t) => {
  const emulator = await Emulator.during(t, '--fault', 'indexes.create status=429 retry-after-ms=20 first=2');
  await emulator.client('llx-a').beta.indexes.create(source);
  assert.deepEqual(await emulator.statuses('llx-a'), [429, 429, 201]);
  const { chains } = await emulator.adminRequest('GET', '/retries');
  assert.equal(chains.length, 1);
  assert.deepEqual(chains[0].attempts.map((attempt) => attempt.promised_ms), [null, 20, 20]);
  assert.equal(chains[0].needless_retries, 0);
});

test('a retry-after of one hour takes no real time on an auto clock', async (t) => {
  const emulator = await Emulator.during(t, '--scenario', 'retry-after-hour', '--clock', 'auto');
  await emulator.client('llx-a').beta.indexes.create(source);
  assert.deepEqual(await emulator.statuses('llx-a'), [429, 201]);
  const { entries } = await emulator.adminRequest('GET', '/journal');
  assert.equal(Date.parse(entries[1].at) - Date.parse(entries[0].at), 3_600_000);
});

test('a permanent failure uses all six attempts', async (t) => {
  const emulator = await Emulator.during(t, '--scenario', 'html-502', '--clock', 'auto');
  await assert.rejects(() => emulator.client('llx-a').beta.indexes.create(source), LlamaCloud.InternalServerError);
  assert.deepEqual(await emulator.statuses('llx-a'), Array(6).fill(502));
});

test('a lost create is retried and creates two indexes', async (t) => {
  const emulator = await Emulator.during(t, '--scenario', 'lost-create');
  const client = emulator.client('llx-a');
  const made = await client.beta.indexes.create({ ...source, name: 'Handbook' });
  assert.deepEqual(await emulator.statuses('llx-a'), [null, 201]);
  const listed = await collect(client.beta.indexes.list());
  assert.deepEqual(listed.map((index) => index.name), ['Handbook', 'Handbook']);
  assert.equal(listed[0].id, made.id);
  const { chains } = await emulator.adminRequest('GET', '/retries');
  assert.deepEqual(chains.map((chain) => chain.duplicate_writes), [1]);
});

test('an expired key is rejected without retries', async (t) => {
  const emulator = await Emulator.during(t, '--fault', '* status=401 skip=1');
  const client = emulator.client('llx-a');
  await client.beta.indexes.list();
  await assert.rejects(() => client.beta.indexes.list(), LlamaCloud.AuthenticationError);
  assert.deepEqual(await emulator.statuses('llx-a'), [200, 401]);
});

test('an empty page in the middle ends a list without an error', async (t) => {
  const emulator = await Emulator.during(t, '--scenario', 'pages-broken');
  const client = emulator.client('llx-a');
  for (let number = 0; number < 6; number += 1) await client.beta.indexes.create(source);
  assert.equal((await collect(client.beta.indexes.list({ page_size: 2 }))).length, 2);
  await assert.rejects(
    () => collect(client.beta.indexes.list({ page_size: 2 })),
    LlamaCloud.UnprocessableEntityError,
  );
});
