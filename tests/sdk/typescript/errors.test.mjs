// API errors as the SDK throws them: class, status and body.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import LlamaCloud from '@llamaindex/llama-cloud';
import { Emulator } from './emulator.mjs';

const source = { source_directory_id: 'dir-abc123' };
let emulator;
before(async () => {
  emulator = await Emulator.start('--clock', 'manual', '--api-key', 'llx-good');
});
after(() => emulator.stop());

/** The status and body of an error, after checking its class. */
async function refusal(errorClass, send) {
  let caught;
  await assert.rejects(send, (error) => {
    caught = error;
    return error instanceof errorClass;
  });
  return [caught.status, caught.error];
}

test('an unknown index is not found', async () => {
  const { indexes } = emulator.client('llx-good').beta;
  for (const send of [() => indexes.get('idx-x'), () => indexes.delete('idx-x'), () => indexes.sync('idx-x')]) {
    assert.deepEqual(await refusal(LlamaCloud.NotFoundError, send), [404, { detail: 'Index not found' }]);
  }
});

test('an unknown key is rejected', async () => {
  const client = emulator.client('llx-bad');
  assert.deepEqual(await refusal(LlamaCloud.AuthenticationError, () => client.beta.indexes.create(source)), [
    401,
    { detail: 'Invalid authentication token' },
  ]);
});

test('a sync during a sync is a conflict', async () => {
  const client = emulator.client('llx-good', { maxRetries: 0 });
  const { id } = await client.beta.indexes.create(source);
  assert.deepEqual(await refusal(LlamaCloud.ConflictError, () => client.beta.indexes.sync(id)), [
    409,
    { detail: 'A sync is already in progress for this index' },
  ]);
});

test('an invalid body is rejected in the words of the framework', async () => {
  const client = emulator.client('llx-good');
  const send = () => client.beta.indexes.create({ ...source, vector_target: 'NONE', name: 7 });
  const [status, body] = await refusal(LlamaCloud.UnprocessableEntityError, send);
  assert.equal(status, 422);
  assert.deepEqual(new Set(body.detail.map((entry) => `${entry.type} ${entry.loc}`)), new Set([
    'literal_error body,vector_target',
    'string_type body,name',
  ]));
});

test('a null query parameter is sent empty and rejected as an invalid UUID', async () => {
  const client = emulator.client('llx-good');
  const expected = [
    422,
    {
      detail: [
        {
          type: 'uuid_parsing',
          loc: ['query', 'project_id'],
          msg: 'Input should be a valid UUID, invalid length: found 0',
          input: '',
          ctx: { error: 'invalid length: found 0' },
        },
      ],
    },
  ];
  const requests = [
    () => client.beta.indexes.create({ ...source, project_id: null }),
    () => client.beta.indexes.list({ project_id: null }),
    () => client.beta.indexes.get('idx-x', { project_id: null }),
  ];
  for (const send of requests) assert.deepEqual(await refusal(LlamaCloud.UnprocessableEntityError, send), expected);
});
