// Documents: directories, uploads, files, syncs and retrieval.

import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import LlamaCloud, { toFile } from '@llamaindex/llama-cloud';
import { Emulator, collect } from './emulator.mjs';

const cheese = '# Cheeses\n\nBlue cheese is ripened with Penicillium. 🧀 Roquefort comes from the south of France.\n';
const handbook = 'Employees may take 25 days of paid vacation every year.\n\nTravel costs are reimbursed within ten days.\n';

/** A client of a new emulator, and a function that advances its clock. */
async function manual(t) {
  const emulator = await Emulator.during(t, '--clock', 'manual');
  const advance = (by) => emulator.adminRequest('POST', '/clock/advance', { by });
  return { emulator, client: emulator.client('llx-a', { maxRetries: 0 }), advance };
}

/** The path of a new file with this content, which is removed after the test. */
async function fileOnDisk(t, name, content) {
  const folder = await mkdtemp(join(tmpdir(), 'llamacloud-mock-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** The id of a new directory with these files, and the uploaded files by name. */
async function directoryOf(client, contents) {
  const { id } = await client.beta.directories.create({ name: 'documents' });
  const files = {};
  for (const [name, content] of Object.entries(contents)) {
    const upload_file = await toFile(Buffer.from(content), name);
    files[name] = await client.beta.directories.files.upload(id, { upload_file });
  }
  return { id, files };
}

/** The id of an index over a directory after its first sync. */
async function readyIndex({ client, advance }, source_directory_id) {
  const { id } = await client.beta.indexes.create({ source_directory_id });
  await advance('1m');
  const { metadata, sync_in_progress } = await client.beta.indexes.get(id, { expand: ['sync_in_progress'] });
  assert.deepEqual([metadata.status, sync_in_progress], ['ready', false]);
  return id;
}

/** Asserts that a request is rejected with this class, status and `detail`. */
async function assertRefused(send, errorClass, status, detail) {
  await assert.rejects(send, (error) => {
    assert.ok(error instanceof errorClass, `${error}`);
    assert.deepEqual([error.status, error.error], [status, { detail }]);
    return true;
  });
}

/** Asserts that a request is invalid at exactly these places. */
async function assertInvalid(send, ...places) {
  await assert.rejects(send, (error) => {
    assert.ok(error instanceof LlamaCloud.UnprocessableEntityError, `${error}`);
    assert.deepEqual(error.error.detail.map((entry) => `${entry.type} ${entry.loc}`).sort(), places.sort());
    return true;
  });
}

test('a directory is uploaded, indexed on an auto clock, searched and read', async (t) => {
  const emulator = await Emulator.during(t, '--clock', 'auto');
  const { directories, indexes, retrieval } = emulator.client('llx-a').beta;
  const directory = await directories.create({ name: 'Handbook' });
  const path = await fileOnDisk(t, 'cheese.md', cheese);
  await directories.files.upload(directory.id, { upload_file: createReadStream(path) });
  await directories.files.upload(directory.id, { upload_file: await toFile(Buffer.from(handbook), 'handbook.txt') });

  const index = await indexes.create({ source_directory_id: directory.id });
  const statuses = [index.metadata.status];
  while (statuses.at(-1) === 'pending') {
    statuses.push((await indexes.get(index.id)).metadata.status);
    assert.ok(statuses.length < 100, `the sync does not end: ${statuses}`);
  }
  assert.deepEqual([statuses[0], statuses.at(-1)], ['pending', 'ready']);

  const { results } = await retrieval.retrieve({ index_id: index.id, query: 'How many days of vacation?', top_k: 1 });
  assert.equal(results.length, 1);
  assert.match(results[0].content, /25 days of paid vacation/);
  assert.ok(results[0].score > 0 && results[0].rerank_score >= 0 && results[0].rerank_score <= 1);
  assert.deepEqual([results[0].static_fields.chunk_index, results[0].static_fields.page_range_start], [0, 1]);

  const found = await collect(retrieval.find({ index_id: index.id, file_name_contains: 'CHEESE' }));
  assert.deepEqual(found.map((file) => file.file_name), ['cheese.md']);
  const file = { index_id: index.id, file_id: found[0].file_id };
  const [match, ...others] = await collect(retrieval.grep({ ...file, pattern: '(?<=🧀 )\\w+', context_chars: 0 }));
  assert.deepEqual([match.content, others], ['Roquefort', []]);
  const part = await retrieval.read({ ...file, offset: match.start_char, max_length: match.end_char - match.start_char });
  assert.equal(part.content, 'Roquefort');
  assert.equal((await retrieval.read(file)).content, cheese);
});

const megabyte = '0123456789abcde\n'.repeat(65_536);
const sources = {
  'a file on disk': async (t) => createReadStream(await fileOnDisk(t, 'large.txt', megabyte)),
  'toFile with a stream': async (t) => toFile(createReadStream(await fileOnDisk(t, 'source', megabyte)), 'large.txt'),
  'toFile with bytes': () => toFile(new TextEncoder().encode(megabyte), 'large.txt'),
  'a File': () => new File([megabyte], 'large.txt', { type: 'text/plain' }),
  'the response of a fetch': async () => toFile(new Response(megabyte), 'large.txt'),
};
for (const [source, open] of Object.entries(sources)) {
  test(`the content of an upload from ${source} is downloaded unchanged`, async (t) => {
    const { client, advance } = await manual(t);
    const created = await client.files.create({ file: await open(t), purpose: 'user_data' });
    assert.deepEqual([created.name, created.file_type], ['large.txt', 'txt']);
    const { url } = await client.files.content(created.id, { expires_at_seconds: 60 });
    assert.equal(await (await fetch(url)).text(), megabyte);
    await advance('61s');
    assert.equal((await fetch(url)).status, 403);

    const { id } = await client.beta.directories.create({ name: 'uploads' });
    const options = { metadata: '{"year": 2024, "tags": ["report"]}', unique_id: 'u-1', external_file_id: undefined };
    const uploaded = await client.beta.directories.files.upload(id, { upload_file: await open(t), ...options });
    assert.deepEqual([uploaded.display_name, uploaded.unique_id], ['large.txt', 'u-1']);
    assert.deepEqual(uploaded.metadata, { year: 2024, tags: ['report'] });
    const place = { directory_id: id, expand: ['download_url'] };
    const { download_url } = await client.beta.directories.files.get(uploaded.id, place);
    assert.equal(await (await fetch(download_url.url)).text(), megabyte);
  });
}

test('directories, files, found files and matches are paged', async (t) => {
  const context = await manual(t);
  const { emulator, client } = context;
  const names = Array.from({ length: 5 }, (_, number) => `${number}.md`);
  const { id, files } = await directoryOf(client, Object.fromEntries(names.map((name) => [name, 'x x x x x'])));
  for (const name of ['second', 'third']) await client.beta.directories.create({ name });
  for (const name of names) await client.files.create({ file: new File([name], name), purpose: 'user_data' });
  const index = await readyIndex(context, id);

  const pages = async (operation) => (await emulator.statuses('llx-a', operation)).length;
  const directories = await collect(client.beta.directories.list({ type: 'user', page_size: 2 }));
  assert.deepEqual(directories.map((directory) => directory.name), ['third', 'second', 'documents']);
  assert.equal(await pages('directories.list'), 2);
  const listed = await collect(client.beta.directories.files.list(id, { page_size: 2 }));
  assert.deepEqual(listed.map((file) => file.id), names.map((name) => files[name].id).reverse());
  assert.equal(await pages('directories.files.list'), 3);
  // A file of a directory is also listed as a file.
  const byName = await collect(client.files.list({ order_by: 'name', page_size: 4 }));
  assert.deepEqual(byName.map((file) => file.name), [...names, ...names].sort());
  assert.equal(await pages('files.list'), 3);
  const found = await collect(client.beta.retrieval.find({ index_id: index, page_size: 2 }));
  assert.deepEqual(found.map((file) => file.file_name).sort(), names);
  assert.equal(await pages('retrieval.find'), 3);
  const grep = { index_id: index, file_id: found[0].file_id, pattern: 'x', context_chars: 0, page_size: 2 };
  const matches = await collect(client.beta.retrieval.grep(grep));
  assert.deepEqual(matches.map((match) => [match.start_char, match.end_char]), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]);
  assert.equal(await pages('retrieval.grep'), 3);
});

test('a directory file is changed, moved and deleted', async (t) => {
  const { client } = await manual(t);
  const { id, files } = await directoryOf(client, { 'a.md': 'a', 'b.md': 'b' });
  const target = await client.beta.directories.create({ name: 'target' });
  const api = client.beta.directories.files;
  const change = { display_name: 'z.md', metadata: { k: 'v' }, target_directory_id: target.id };
  const moved = await api.update(files['a.md'].id, { directory_id: id, ...change });
  assert.deepEqual([moved.directory_id, moved.display_name, moved.metadata], [target.id, 'z.md', { k: 'v' }]);
  assert.deepEqual((await collect(api.list(id))).map((file) => file.display_name), ['b.md']);
  assert.deepEqual((await collect(api.list(target.id, { display_name_contains: 'Z' }))).map((file) => file.id), [moved.id]);

  await api.delete(moved.id, { directory_id: target.id });
  assert.deepEqual(await collect(api.list(target.id)), []);
  const [deleted] = await collect(api.list(target.id, { include_deleted: true }));
  assert.ok(deleted.id === moved.id && deleted.deleted_at);
  await client.beta.directories.delete(target.id);
  await assert.rejects(() => client.beta.directories.get(target.id), LlamaCloud.NotFoundError);
});

test('a stored file is added to a directory', async (t) => {
  const { client } = await manual(t);
  const { id } = await client.files.create({ file: new File(['text'], 'stored.txt'), purpose: 'user_data' });
  const directory = await client.beta.directories.create({ name: 'documents' });
  const added = await client.beta.directories.files.add(directory.id, { file_id: id, display_name: null, metadata: null });
  assert.deepEqual([added.file_id, added.display_name], [id, 'stored.txt']);
  await client.files.delete(id);
  await assert.rejects(() => client.files.retrieve(id), LlamaCloud.NotFoundError);
});

test('changes of a directory take effect at the next sync', async (t) => {
  const context = await manual(t);
  const { client, advance } = context;
  const { id, files } = await directoryOf(client, { 'old.md': 'old', 'kept.md': 'kept' });
  const index = await readyIndex(context, id);
  const names = async () => {
    const found = await collect(client.beta.retrieval.find({ index_id: index }));
    return found.map((file) => file.file_name).sort();
  };
  await client.beta.directories.files.delete(files['old.md'].id, { directory_id: id });
  await client.beta.directories.files.upload(id, { upload_file: new File(['new'], 'new.md') });
  assert.deepEqual(await names(), ['kept.md', 'old.md']);
  await client.beta.indexes.sync(index);
  assert.deepEqual(await names(), ['kept.md', 'old.md']);
  await advance('1m');
  assert.deepEqual(await names(), ['kept.md', 'new.md']);
});

test('results are filtered by metadata, and null options mean the defaults', async (t) => {
  const context = await manual(t);
  const { client } = context;
  const { id } = await client.beta.directories.create({ name: 'by year' });
  for (const year of [2023, 2024]) {
    const upload_file = new File(['The report of a year.'], `${year}.md`);
    await client.beta.directories.files.upload(id, { upload_file, metadata: JSON.stringify({ year }) });
  }
  const index_id = await readyIndex(context, id);
  const years = async (options) => {
    const { results } = await client.beta.retrieval.retrieve({ index_id, query: 'report', ...options });
    return results.map((result) => result.metadata.year).sort();
  };
  assert.deepEqual(await years({ custom_filters: { year: { operator: 'gt', value: 2023 } } }), [2024]);
  const bounds = [{ operator: 'gte', value: 2023 }, { operator: 'lt', value: 2024 }];
  assert.deepEqual(await years({ custom_filters: { year: bounds } }), [2023]);
  const nulls = { top_k: null, num_candidates: null, score_threshold: null, custom_filters: null, static_filters: null };
  assert.deepEqual(await years(nulls), [2023, 2024]);
  const [file] = await collect(client.beta.retrieval.find({ index_id, file_name: '2024.md', file_name_contains: null }));
  const static_filters = { parsed_directory_file_id: { operator: 'eq', value: file.file_id } };
  assert.deepEqual(await years({ static_filters }), [2024]);
  const rerank = { enabled: false, top_n: null };
  const { results } = await client.beta.retrieval.retrieve({ index_id, query: 'report', rerank });
  assert.deepEqual(results.map((result) => result.rerank_score), [null, null]);
});

test('unknown directories, files and indexes are not found', async (t) => {
  const context = await manual(t);
  const { client } = context;
  const { id } = await directoryOf(client, { 'a.md': 'a' });
  const index_id = await readyIndex(context, id);
  const { directories, retrieval } = client.beta;
  const requests = [
    () => directories.get('dir-x'),
    () => directories.update('dir-x', { name: 'n' }),
    () => directories.delete('dir-x'),
    () => directories.files.list('dir-x'),
    () => directories.files.upload('dir-x', { upload_file: new File(['x'], 'x.md') }),
    () => directories.files.add(id, { file_id: '00000000-0000-4000-8000-000000000000' }),
    () => directories.files.get('dfl-x', { directory_id: id }),
    () => directories.files.delete('dfl-x', { directory_id: id }),
    () => client.files.retrieve('00000000-0000-4000-8000-000000000000'),
    () => client.files.content('00000000-0000-4000-8000-000000000000'),
    () => retrieval.retrieve({ index_id: 'idx-x', query: 'q' }),
    () => retrieval.find({ index_id: 'idx-x' }),
    () => retrieval.grep({ index_id, file_id: 'dfl-x', pattern: 'p' }),
    () => retrieval.read({ index_id, file_id: 'dfl-x' }),
  ];
  for (const send of requests) await assert.rejects(send, LlamaCloud.NotFoundError, `${send}`);
  await assertRefused(() => directories.get('dir-x'), LlamaCloud.NotFoundError, 404, 'Directory not found');
});

test('a second directory of a connector is a conflict that names the first', async (t) => {
  const { client } = await manual(t);
  const create = (name) => client.beta.directories.create({ name, connector_subscription_id: 'csub-1' });
  const { id } = await create('first');
  await assert.rejects(() => create('second'), (error) => {
    assert.ok(error instanceof LlamaCloud.ConflictError, `${error}`);
    assert.equal(error.error.detail.directory_id, id);
    return true;
  });
  assert.deepEqual((await collect(client.beta.directories.list())).map((directory) => directory.id), [id]);
});

test('invalid values are rejected, and nothing of a rejected upload is stored', async (t) => {
  const context = await manual(t);
  const { client } = context;
  const { id } = await directoryOf(client, { 'a.md': 'a' });
  const index_id = await readyIndex(context, id);
  const { directories, retrieval } = client.beta;
  await assertInvalid(() => directories.create({ name: 7 }), 'string_type body,name');
  await assertInvalid(() => retrieval.retrieve({ index_id }), 'missing body,query');
  await assertInvalid(() => directories.files.upload(id, {}), 'missing body,upload_file');
  const [{ file_id }] = await collect(retrieval.find({ index_id }));
  const upload = (metadata) => directories.files.upload(id, { upload_file: new File(['x'], 'x.md'), metadata });
  const requests = [() => retrieval.grep({ index_id, file_id, pattern: '(' }), () => upload('{'), () => upload('[]')];
  for (const send of requests) await assert.rejects(send, LlamaCloud.UnprocessableEntityError, `${send}`);
  assert.deepEqual((await collect(directories.files.list(id))).map((file) => file.display_name), ['a.md']);
});

test('a streamed upload is sent again after a failure', async (t) => {
  const emulator = await Emulator.during(t, '--fault', 'directories.files.upload status=503 first=1', '--clock', 'auto');
  const { directories } = emulator.client('llx-a').beta;
  const { id } = await directories.create({ name: 'documents' });
  const upload_file = createReadStream(await fileOnDisk(t, 'a.md', cheese));
  await directories.files.upload(id, { upload_file });
  assert.deepEqual(await emulator.statuses('llx-a', 'directories.files.upload'), [503, 201]);
  const [file] = await collect(directories.files.list(id, { expand: ['download_url'] }));
  assert.equal(await (await fetch(file.download_url.url)).text(), cheese);
});

test('projects are listed to test a key', async (t) => {
  const { client } = await manual(t);
  const [project, ...others] = await client.projects.list();
  assert.deepEqual([project.is_default, others], [true, []]);
  assert.equal((await client.projects.get(project.id)).name, project.name);
});
