// The page of llamacloud-mock: what clients sent, why faults struck or not, what is in the store, and the clocks. It
// reads and changes everything through the admin API of the same server. Text of clients becomes text nodes only.

// ---------------------------------------------------------------- The document

const ADMIN = '/__admin';
const byId = (id) => document.getElementById(id);

/** Creates an element; children are nodes or texts, and `on…` attributes are listeners. */
function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) created.addEventListener(key.slice(2), value);
    else if (key === 'class') created.className = value;
    else if (value === true) created.setAttribute(key, '');
    else if (value !== false && value != null) created.setAttribute(key, value);
  }
  created.append(...children.filter((child) => child != null));
  return created;
}

/** Text of a client: its direction does not change that of the text around it. */
const isolated = (text) => element('bdi', {}, String(text));

/** Replaces the content of an element. What had the focus keeps it, and what was open stays open, by their ids. */
function rebuild(parent, ...children) {
  const focused = parent.contains(document.activeElement) && document.activeElement.id;
  const open = [...parent.querySelectorAll('details[open][id]')].map(({ id }) => id);
  parent.replaceChildren(...children.filter((child) => child != null));
  open.forEach((id) => byId(id)?.setAttribute('open', ''));
  if (focused) byId(focused)?.focus({ preventScroll: true });
}

/** A part that is filled when it is first opened. */
function foldable(id, summary, fill) {
  const shown = element('details', { id }, element('summary', { id: `${id}-title` }, ...summary));
  shown.addEventListener('toggle', () => shown.open && attempt(async () => shown.append(...(await fill()))), {
    once: true,
  });
  return shown;
}

function table(columns, rows) {
  const head = element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column)));
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      ...cells.map((cell) => (cell instanceof HTMLTableCellElement ? cell : element('td', {}, cell ?? ''))),
    ),
  );
  return element(
    'div',
    { class: 'scroll' },
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...body)),
  );
}

function list(pairs) {
  return pairs
    .filter(([, value]) => value != null && value !== '')
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
}

function say(problem) {
  byId('error').textContent = problem;
  byId('error').hidden = !problem;
}

// ---------------------------------------------------------------- The address: view, filters, tenant, open request

const VIEWS = ['requests', 'state', 'faults', 'clock'];
const FILTERS = ['operation', 'status', 'fault', 'text'];
let address = readAddress();

function readAddress() {
  const [path, query = ''] = location.hash.slice(1).split('?');
  const view = path.replace(/^\//, '');
  return { ...Object.fromEntries(new URLSearchParams(query)), view: VIEWS.includes(view) ? view : 'requests' };
}

function hashOf({ view, ...words }) {
  const given = Object.entries(words).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ''}`;
}

/** Changes the address; a step in the history only if a person would go back from it. */
function go(changes, isStep = true) {
  const hash = hashOf({ ...address, ...changes });
  if (hash === location.hash) return;
  history[isStep ? 'pushState' : 'replaceState'](null, '', hash);
  showAddress();
}

function showAddress() {
  const before = address;
  address = readAddress();
  for (const view of VIEWS) {
    const tab = byId(`tab-${view}`);
    byId(`view-${view}`).hidden = view !== address.view;
    tab.href = hashOf({ ...address, view });
    if (view === address.view) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
  for (const name of FILTERS) {
    const input = byId(`filter-${name}`);
    if (input !== document.activeElement) input.value = address[name] ?? '';
  }
  showTenants();
  if (filterQuery() !== requests.query) startRequests();
  else if (before.open !== address.open || before.view !== address.view) schedule();
  if (address.view === 'requests') showDetail();
  else refreshView();
}

// ---------------------------------------------------------------- The admin API

/** A response that is no success. */
class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

function headers(extra = {}) {
  const token = sessionStorage.getItem('token');
  return token ? { ...extra, Authorization: `Bearer ${token}` } : extra;
}

async function send(path, options = {}) {
  const response = await fetch(ADMIN + path, { cache: 'no-store', ...options, headers: headers(options.headers) });
  if (response.ok) return response;
  const text = await response.text();
  if (response.status === 401) askForToken();
  throw new Refusal(response.status, detailOf(text) || `${response.status} ${response.statusText}`);
}

function detailOf(text) {
  try {
    const { detail } = JSON.parse(text);
    return typeof detail === 'string' ? detail : JSON.stringify(detail);
  } catch {
    return text.slice(0, 500);
  }
}

async function ask(path) {
  return (await send(path)).json();
}

async function change(method, path, body) {
  const options =
    body === undefined
      ? { method }
      : { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  const text = await (await send(path, options)).text();
  return text ? JSON.parse(text) : null;
}

/** Runs an act of a person; a refusal is shown. */
async function attempt(act) {
  try {
    say('');
    return await act();
  } catch (error) {
    if (error.status !== 401)
      say(error instanceof Refusal ? error.message : `The server cannot be reached: ${error.message}`);
    return undefined;
  }
}

/** The query of the tenant that is chosen. */
const ofTenant = (also = {}) => queryOf({ tenant: address.tenant, ...also });

function queryOf(words) {
  const query = new URLSearchParams(Object.entries(words).filter(([, value]) => value != null && value !== ''));
  return query.size ? `?${query}` : '';
}

/** A body that names the tenant that is chosen, if one is. */
const forTenant = (fields) => (address.tenant ? { ...fields, tenant: address.tenant } : fields);

function askForToken() {
  const dialog = byId('token-dialog');
  if (dialog.open) return;
  byId('token-problem').textContent = sessionStorage.getItem('token') ? 'The server refuses this token.' : '';
  dialog.showModal();
}

function takeToken(event) {
  event.preventDefault();
  sessionStorage.setItem('token', byId('token').value.trim());
  byId('token').value = '';
  byId('token-dialog').close();
  start();
}

// ---------------------------------------------------------------- Words

const two = (number) => String(number).padStart(2, '0');

function clockTime(timestamp) {
  const at = new Date(timestamp);
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two);
  return `${parts.join(':')}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function duration(milliseconds) {
  if (milliseconds == null) return '';
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  return milliseconds < 10_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

const counted = (number, word) => `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`;

function statusOf(entry) {
  return entry.outcome === 'open' ? 'open' : String(entry.status ?? 'none');
}

function statusClass(entry) {
  if (entry.outcome === 'open') return 'quiet';
  if (entry.status == null || entry.outcome !== 'sent') return 'failed';
  if (entry.status < 400) return 'ok';
  return entry.status < 500 ? 'refused' : 'failed';
}

const OUTCOMES = {
  open: 'It is open: its body is read, it waits, or its response is written.',
  sent: 'The response was written.',
  cut: 'A fault cut the response off.',
  client_gone: 'The client closed the connection before the response was written.',
};

const operationOf = (entry) => entry.operation ?? `${entry.method} ${entry.path}`;

function aboutOf(entry) {
  if (!entry.about) return entry.operation ? '' : (entry.product ?? 'no operation');
  return entry.about.name ?? entry.about.id ?? '';
}

const struckBy = (entry) => entry.faults.filter((fault) => fault.outcome === 'struck').map((fault) => fault.rule);

const tenantName = (label) => tenants.find((tenant) => tenant.tenant === label)?.name ?? label;

const json = (value) => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));

// ---------------------------------------------------------------- Tenants

/** Most tenants that the list offers; the address takes any. */
const SHOWN_TENANTS = 1000;
let tenants = [];

async function loadTenants() {
  tenants = (await ask('/tenants')).tenants;
  showTenants();
}

function showTenants() {
  const select = byId('tenant');
  const shown = tenants.slice(-SHOWN_TENANTS);
  const labels = shown.map(({ tenant, name }) => [tenant, name ? `${name.slice(0, 60)} (${tenant})` : tenant]);
  if (address.tenant && !shown.some(({ tenant }) => tenant === address.tenant))
    labels.push([address.tenant, address.tenant]);
  const options = [['', 'All tenants'], ...labels].map(([value, label]) => element('option', { value }, label));
  if (select.dataset.labels !== JSON.stringify(labels)) {
    select.dataset.labels = JSON.stringify(labels);
    select.replaceChildren(...options);
  }
  select.value = address.tenant ?? '';
}

// ---------------------------------------------------------------- Requests: what is loaded

/** Entries of a page, and most entries that are kept. */
const PAGE = 300;
const MOST = 20_000;

const requests = {
  /** The query of the filters; a new one starts anew. */
  query: null,
  /** By key; the order is that of `entries`, oldest first. */
  known: new Map(),
  entries: [],
  /** The key of the first attempt of a chain, by the key of each attempt. */
  chains: new Map(),
  hasOlder: false,
  isLoading: false,
  isSorted: true,
  dropped: 0,
  undecided: 0,
  /** Entries that came while the first page was loaded, or while the list stands still; `null` if they are shown. */
  held: null,
  isPaused: false,
  stream: null,
};

/** Both are asked for often, and kept with the entry. */
const keyOf = (entry) => (entry.key ??= `${entry.tenant ?? '-'}/${entry.seq}`);
const timeOf = (entry) => (entry.time ??= Date.parse(entry.real_time));

function filterQuery() {
  const names = address.view === 'requests' ? FILTERS : [];
  return queryOf(Object.fromEntries([['tenant', address.tenant], ...names.map((name) => [name, address[name]])]));
}

const withWords = (query, words) => `${query}${query ? '&' : '?'}${new URLSearchParams(words)}`;

/** Loads the newest page, then follows the stream. The stream is opened first, so that nothing is missed between. */
async function startRequests() {
  requests.stream?.abort();
  const stream = new AbortController();
  Object.assign(requests, { query: filterQuery(), stream, held: [], isLoading: true });
  try {
    const events = await send(`/journal/stream${requests.query}`, { signal: stream.signal });
    const page = await ask(`/journal${withWords(requests.query, { limit: PAGE })}`);
    if (stream.signal.aborted) return;
    showRefusalOfFilter('');
    replaceEntries(page);
    live('on', 'Live');
    await follow(events, stream.signal);
    throw new Error('the stream has ended');
  } catch (error) {
    if (!stream.signal.aborted) lost(error);
  }
}

function replaceEntries(page) {
  const held = requests.held ?? [];
  Object.assign(requests, { known: new Map(), entries: [], isLoading: false, held: requests.isPaused ? [] : null });
  takePage(page);
  held.forEach(take);
  soon('chains', loadChains);
  schedule();
}

function takePage(page) {
  const fresh = page.entries.filter((entry) => !requests.known.has(keyOf(entry)));
  fresh.forEach((entry) => requests.known.set(keyOf(entry), entry));
  requests.entries = sorted([...fresh, ...requests.entries]);
  Object.assign(requests, {
    hasOlder: page.entries.length >= PAGE,
    dropped: page.dropped,
    undecided: page.undecided ?? 0,
  });
}

/** By the time of admission; a request that a filter meets only at its end comes late. */
const sorted = (entries) => entries.sort((one, other) => timeOf(one) - timeOf(other));

/** Takes an entry from the stream: a new one, or a newer version of a known one. */
function take(entry) {
  const key = keyOf(entry);
  const known = requests.known.get(key);
  if (known && known.real_time !== entry.real_time) return void startRequests(); // the journal was reset
  if (known && entry.outcome === 'open' && known.outcome !== 'open') return;
  if (known) requests.entries[requests.entries.lastIndexOf(known)] = entry;
  else requests.entries.push(entry);
  requests.isSorted &&= known !== undefined || !(entry.real_time < requests.entries.at(-2)?.real_time);
  requests.known.set(key, entry);
  if (requests.entries.length > MOST) forgetOldest();
  if (key === address.open) showDetail();
}

function forgetOldest() {
  const gone = requests.entries.splice(0, MOST / 10);
  gone.forEach((entry) => requests.known.delete(keyOf(entry)));
  requests.hasOlder = true;
}

async function follow(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done || signal.aborted) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    events.forEach(takeEvent);
  }
}

function takeEvent(text) {
  const lines = text.split('\n');
  if (lines.includes('event: lost')) return void startRequests();
  const data = lines.find((line) => line.startsWith('data: '));
  if (!data) return;
  const entry = JSON.parse(data.slice(6));
  if (requests.held) requests.held.push(entry);
  else take(entry);
  noteEntry(entry);
  schedule();
}

/** What an entry changes besides the list of requests. */
function noteEntry(entry) {
  if (entry.tenant && !tenants.some(({ tenant }) => tenant === entry.tenant)) soon('tenants', loadTenants);
  if (entry.outcome !== 'open') soon('chains', loadChains);
  if (requests.held?.length > MOST) requests.held.length = 0;
}

async function loadChains() {
  const { chains } = await ask(`/retries${ofTenant()}`);
  requests.chains = new Map();
  for (const { tenant, attempts } of chains) {
    const first = `${tenant ?? '-'}/${attempts[0].seq}`;
    attempts.forEach(({ seq }) => requests.chains.set(`${tenant ?? '-'}/${seq}`, first));
  }
  schedule();
}

async function loadOlder() {
  if (requests.isLoading || !requests.hasOlder || !requests.entries.length) return;
  const { query } = requests;
  requests.isLoading = true;
  // A number is within a tenant: of all tenants, twice as many of the newest entries are asked for.
  const words = address.tenant
    ? { before: requests.entries[0].seq, limit: PAGE }
    : { limit: 2 * requests.entries.length };
  const page = await attempt(() => ask(`/journal${withWords(query, words)}`));
  if (query !== requests.query) return;
  requests.isLoading = false;
  if (!page) return;
  takePage(page);
  if (!address.tenant) requests.hasOlder = page.entries.length >= words.limit;
  schedule();
}

let retryAfter = 500;

function lost(error) {
  requests.isLoading = false;
  if (error.status === 401) return live('off', 'A token is needed');
  if (error.status === 422) return showRefusalOfFilter(error.message);
  if (error instanceof Refusal) say(error.message);
  live('lost', 'Connection lost');
  retryAfter = Math.min(retryAfter * 2, 8000);
  const { stream } = requests;
  setTimeout(() => stream === requests.stream && startRequests(), retryAfter);
}

function live(state, text) {
  const shown = byId('live');
  if (state === 'on') {
    retryAfter = 500;
    say('');
  }
  shown.dataset.state = state;
  shown.textContent = requests.isPaused && state === 'on' ? 'Paused' : text;
}

/** A filter that the server refuses: the sentence begins with its name or its value. */
function showRefusalOfFilter(problem) {
  if (problem) live('off', 'Not connected');
  say(problem);
  const place = problem.split(':')[0];
  for (const name of FILTERS) {
    const input = byId(`filter-${name}`);
    input.setAttribute('aria-invalid', String(problem !== '' && [name, address[name]].includes(place)));
  }
}

function pause() {
  requests.isPaused = !requests.isPaused;
  byId('pause').setAttribute('aria-pressed', String(requests.isPaused));
  byId('pause').textContent = requests.isPaused ? 'Go on' : 'Pause';
  if (requests.isPaused) requests.held ??= [];
  else startRequests();
  live(byId('live').dataset.state, 'Live');
}

/** Runs a load at most every half second. */
const waiting = new Map();
function soon(name, load) {
  if (waiting.has(name)) return;
  waiting.set(
    name,
    setTimeout(() => {
      waiting.delete(name);
      load().catch(() => {});
    }, 500),
  );
}

// ---------------------------------------------------------------- Requests: the list

const grid = {
  rows: [],
  /** The position of a row by its key. */
  places: new Map(),
  expanded: new Set(),
  active: null,
  isScheduled: false,
};

const COLUMNS = [
  ['time', 'Time'],
  ['who', 'Tenant'],
  ['operation', 'Operation'],
  ['about', 'About'],
  ['status', 'Status'],
  ['faults', 'Faults'],
  ['attempt', 'Attempt'],
  ['duration', 'Duration'],
];
const RIGHT = ['status', 'attempt', 'duration'];

function schedule() {
  if (grid.isScheduled) return;
  grid.isScheduled = true;
  requestAnimationFrame(() => {
    grid.isScheduled = false;
    if (address.view === 'requests') showRequests();
  });
}

function showRequests() {
  byId('view-requests').classList.toggle('all', !address.tenant);
  if (!requests.isSorted) sorted(requests.entries);
  requests.isSorted = true;
  keepPlace(() => {
    grid.rows = rowsOf(requests.entries);
    grid.places = new Map(grid.rows.map((row, place) => [row.key, place]));
    byId('rows').style.height = `${grid.rows.length * rowHeight()}px`;
    byId('columns').replaceChildren(
      ...visibleColumns().map(([name, label]) =>
        element('span', { role: 'columnheader', class: classOf(name) }, label),
      ),
    );
  });
  showWindow();
  showChart();
  showCount();
}

/** Newest first. A chain of retries is one row, of its last attempt, and below it the attempts if it is open. */
function rowsOf(entries) {
  const groups = new Map();
  for (const entry of entries) {
    const chain = requests.chains.get(keyOf(entry)) ?? keyOf(entry);
    if (groups.has(chain)) groups.get(chain).push(entry);
    else groups.set(chain, [entry]);
  }
  const rows = [];
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    const chain = requests.chains.get(keyOf(entry)) ?? keyOf(entry);
    const attempts = groups.get(chain);
    if (attempts.at(-1) !== entry) continue;
    const isOpen = attempts.length > 1 && grid.expanded.has(chain);
    rows.push({ key: keyOf(entry), entry, chain, attempts, isOpen });
    if (isOpen)
      attempts.forEach((part, number) =>
        rows.push({ key: `${keyOf(part)}#${number + 1}`, entry: part, chain, number: number + 1 }),
      );
  }
  return rows;
}

/** Keeps the rows that are seen where they are when others come above them. */
function keepPlace(update) {
  const scroller = byId('grid');
  const height = rowHeight();
  const first = grid.rows[Math.floor(scroller.scrollTop / height)];
  const isAtTop = scroller.scrollTop < height;
  const before = first && grid.places.get(first.key);
  update();
  const after = first && grid.places.get(first.key);
  if (!isAtTop && after !== undefined) scroller.scrollTop += (after - before) * height;
}

let cachedRowHeight = 0;

function rowHeight() {
  cachedRowHeight ||= parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row'));
  return cachedRowHeight;
}

/** Shows the rows that can be seen, and a few around them. */
function showWindow() {
  const scroller = byId('grid');
  const height = rowHeight();
  const first = Math.max(0, Math.floor(scroller.scrollTop / height) - 8);
  const last = Math.min(grid.rows.length, first + Math.ceil(scroller.clientHeight / height) + 16);
  placeRows(grid.rows.slice(first, last).map((row, offset) => placedRow(row, first + offset)));
  scroller.setAttribute('aria-rowcount', requests.hasOlder ? -1 : grid.rows.length + 1);
  const active = grid.places.has(grid.active) ? `row-${grid.active}` : '';
  if (active) scroller.setAttribute('aria-activedescendant', active);
  else scroller.removeAttribute('aria-activedescendant');
  if (last > grid.rows.length - 40) loadOlder();
}

/** Brings the rows into this order. Those that are there already are not moved, so that a click on one is not lost. */
function placeRows(wanted) {
  const parent = byId('rows');
  const kept = new Set(wanted);
  [...parent.children].filter((shown) => !kept.has(shown)).forEach((shown) => shown.remove());
  wanted.forEach((shown, at) => {
    if (parent.children[at] !== shown) parent.insertBefore(shown, parent.children[at] ?? null);
  });
}

/** The element of a row at a place: the one that is shown, if it shows the same. */
function placedRow(row, place) {
  const { key, entry } = row;
  const known = byId(`row-${key}`);
  const isSame = known && known.entry === entry && known.dataset.version === versionOf(row);
  const shown = isSame ? known : rowElement(row);
  shown.style.top = `${place * rowHeight()}px`;
  shown.setAttribute('aria-rowindex', place + 2);
  shown.setAttribute('aria-selected', String(keyOf(entry) === address.open));
  shown.classList.toggle('active', key === grid.active);
  return shown;
}

/** What a row shows besides its entry. */
function versionOf({ entry, attempts, isOpen }) {
  return `${isOpen} ${attempts?.map(statusOf)} ${address.tenant ?? tenantName(entry.tenant)}`;
}

function rowElement(row) {
  const { key, entry, attempts, isOpen, number } = row;
  const expanded = attempts?.length > 1 ? String(isOpen) : null;
  const attributes = {
    role: 'row',
    id: `row-${key}`,
    class: number ? 'row part' : 'row',
    'aria-expanded': expanded,
  };
  const shown = element('div', attributes, ...visibleColumns().map(([name]) => cell(name, row)));
  Object.assign(shown.dataset, { key, version: versionOf(row) });
  shown.entry = entry;
  return shown;
}

const visibleColumns = () => COLUMNS.filter(([name]) => name !== 'who' || !address.tenant);

/** Right-aligned columns, and the one that gives way to an open request. */
const classOf = (name) => `${name}${RIGHT.includes(name) ? ' right' : ''}${name === 'about' ? ' wide' : ''}`;

function cell(name, row) {
  return element('span', { role: 'gridcell', class: classOf(name) }, ...CELLS[name](row.entry, row));
}

const CELLS = {
  time: (entry) => [
    element('span', { title: `${entry.at} on the clock of the tenant` }, clockTime(entry.real_time)),
  ],
  who: (entry) => [
    entry.tenant ? isolated(tenantName(entry.tenant).slice(0, 200)) : element('span', { class: 'quiet' }, 'none'),
  ],
  operation: (entry) => [isolated(operationOf(entry).slice(0, 300))],
  about: (entry) => [isolated(aboutOf(entry).slice(0, 300))],
  status: (entry) => [
    element('span', { class: statusClass(entry), title: OUTCOMES[entry.outcome] }, statusOf(entry)),
  ],
  faults: (entry, row) =>
    rulesThatStruck(row.attempts ?? [entry]).map((rule) =>
      element('span', { class: 'chip failed' }, isolated(rule)),
    ),
  attempt: (entry, row) => [row.attempts?.length > 1 ? toggle(row) : attemptOf(entry, row)],
  duration: (entry) => [duration(entry.duration_ms)],
};

const rulesThatStruck = (attempts) => [...new Set(attempts.flatMap(struckBy))];

const attemptOf = (entry, row) => String(row.number ?? (entry.retry_count == null ? '' : entry.retry_count + 1));

function toggle(row) {
  const label = `${row.attempts.length}×`;
  const title = row.isOpen ? 'Hide the attempts' : `Show the ${row.attempts.length} attempts`;
  return element(
    'button',
    {
      class: 'toggle',
      type: 'button',
      tabindex: -1,
      title,
      'aria-label': title,
      'aria-expanded': String(row.isOpen),
    },
    label,
    row.isOpen ? ' ▾' : ' ▸',
  );
}

function expand(row, isOpen) {
  if (!row?.chain) return;
  if (isOpen) grid.expanded.add(row.chain);
  else grid.expanded.delete(row.chain);
  schedule();
}

function clickRow(event) {
  const shown = event.target.closest('.row');
  const row = shown && grid.rows[grid.places.get(shown.dataset.key)];
  if (!row) return;
  grid.active = row.key;
  if (event.target.closest('.toggle')) expand(row, !row.isOpen);
  else open(row.entry);
}

function open(entry) {
  go({ open: keyOf(entry) });
  schedule();
}

function moveTo(place) {
  const to = Math.max(0, Math.min(grid.rows.length - 1, place));
  const scroller = byId('grid');
  const height = rowHeight();
  const room = scroller.clientHeight - byId('columns').offsetHeight - height;
  grid.active = grid.rows[to]?.key ?? null;
  if (to * height < scroller.scrollTop) scroller.scrollTop = to * height;
  if (to * height > scroller.scrollTop + room) scroller.scrollTop = to * height - room;
  showWindow();
}

function pressKey(event) {
  const place = grid.places.get(grid.active) ?? -1;
  const row = grid.rows[place];
  const page = Math.max(1, Math.floor(byId('grid').clientHeight / rowHeight()) - 2);
  const moves = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    PageDown: place + page,
    PageUp: place - page,
    Home: 0,
    End: grid.rows.length - 1,
  };
  const acts = {
    Enter: () => row && open(row.entry),
    ' ': () => row && open(row.entry),
    ArrowRight: () => expand(row, true),
    ArrowLeft: () => expand(row, false),
  };
  if (event.key in moves) moveTo(moves[event.key]);
  else if (event.key in acts) acts[event.key]();
  else return;
  event.preventDefault();
}

function showCount() {
  byId('count').textContent = `${countParts().join('. ')}.`;
  const { entries, isLoading } = requests;
  const isFiltered = FILTERS.some((name) => address[name]);
  byId('no-requests').hidden = entries.length > 0 || isLoading;
  byId('no-requests').textContent = isFiltered
    ? 'No recorded request fits these filters.'
    : `No request yet. Point the base URL of your client at ${location.origin}.`;
}

function countParts() {
  const { entries, hasOlder, dropped, undecided, held } = requests;
  const faults = entries.filter((entry) => struckBy(entry).length).length;
  const period = entries.length
    ? `, ${clockTime(entries[0].real_time)} to ${clockTime(entries.at(-1).real_time)}`
    : '';
  const all = `${counted(entries.length, 'request')}${hasOlder ? ' loaded, older ones below' : ''}`;
  const parts = [`${all}, ${faults.toLocaleString('en')} with a fault${period}`];
  if (dropped) parts.push(`${dropped.toLocaleString('en')} were evicted (--journal-entries, --journal-bytes)`);
  if (undecided)
    parts.push(`${undecided.toLocaleString('en')} more may fit: open, or their body was not kept whole`);
  if (held?.length) parts.push(`${held.length.toLocaleString('en')} new`);
  return parts;
}

// ---------------------------------------------------------------- Requests: the chart

const BARS = 80;

function showChart() {
  const bars = barsOf(requests.entries);
  const key = JSON.stringify(bars);
  if (byId('chart').dataset.key === key) return;
  byId('chart').dataset.key = key;
  byId('chart').replaceChildren(drawn(bars));
}

/** The requests, and those that a fault struck, in equal parts of the time that the list covers. */
function barsOf(entries) {
  const times = entries.map(timeOf);
  const from = times[0] ?? 0;
  const step = Math.max(1, Math.ceil(((times.at(-1) ?? 0) - from + 1) / BARS));
  const counts = Array.from({ length: BARS }, () => [0, 0]);
  entries.forEach((entry, at) => {
    const bar = counts[Math.min(BARS - 1, Math.max(0, Math.floor((times[at] - from) / step)))];
    bar[0] += 1;
    if (struckBy(entry).length) bar[1] += 1;
  });
  return { from, to: times.at(-1) ?? 0, step, counts };
}

function drawn({ from, to, step, counts }) {
  const total = counts.reduce((sum, [all]) => sum + all, 0);
  const struck = counts.reduce((sum, [, faults]) => sum + faults, 0);
  const period = total ? ` from ${clockTime(from)} to ${clockTime(to)}` : '';
  const label = `${counted(total, 'request')}${period}, ${struck.toLocaleString('en')} with a fault`;
  const most = Math.max(1, ...counts.map(([all]) => all));
  const chart = svg('svg', {
    viewBox: `0 0 ${BARS * 10} 50`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': label,
  });
  counts.forEach(([all, faults], at) => {
    if (!all) return;
    const title = `${clockTime(from + at * step)}: ${counted(all, 'request')}, ${faults} with a fault`;
    chart.append(bar('request', at, all / most, title));
    if (faults) chart.append(bar('fault', at, faults / most, title));
  });
  return chart;
}

function bar(name, at, share, title) {
  const height = Math.max(2, share * 50);
  const drawnBar = svg('rect', { class: name, x: at * 10 + 1, y: 50 - height, width: 8, height });
  const text = svg('title', {});
  text.textContent = title;
  drawnBar.append(text);
  return drawnBar;
}

function svg(name, attributes) {
  const created = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.entries(attributes).forEach(([key, value]) => created.setAttribute(key, value));
  return created;
}

// ---------------------------------------------------------------- Requests: one of them

let shownDetail = '';

async function showDetail() {
  const panel = byId('detail');
  byId('split').classList.toggle('open', Boolean(address.open));
  if (!address.open) {
    panel.hidden = true;
    shownDetail = '';
    return;
  }
  const key = address.open;
  const entry = requests.known.get(key) ?? (await attempt(() => entryOf(key)));
  if (key !== address.open) return;
  const version = `${key} ${JSON.stringify([entry, entry && attemptsOf(entry).map(keyOf)])}`;
  if (version === shownDetail) return;
  const isNew = !shownDetail.startsWith(`${key} `);
  shownDetail = version;
  panel.hidden = false;
  rebuild(
    panel,
    ...(entry
      ? detail(entry)
      : [element('p', {}, `The journal has no request ${key}; it may have been evicted.`), closeButton()]),
  );
  if (isNew) panel.scrollTop = 0;
  if (isNew && matchMedia('(max-width: 760px)').matches) panel.focus();
}

/** A request by its key, which may be older than those in the list. */
async function entryOf(key) {
  const at = key.lastIndexOf('/');
  const [tenant, seq] = [key.slice(0, at), Number(key.slice(at + 1))];
  const words = tenant === '-' ? {} : { tenant, before: seq + 1, limit: 1 };
  const { entries } = await ask(`/journal${queryOf(words)}`);
  return entries.find((entry) => keyOf(entry) === key);
}

const closeButton = () => element('button', { type: 'button', id: 'close', onclick: closeDetail }, 'Close');

function closeDetail() {
  go({ open: '' });
  schedule();
  byId('grid').focus();
}

function detail(entry) {
  const title = element(
    'h2',
    {},
    element('span', { class: statusClass(entry) }, statusOf(entry)),
    ' ',
    isolated(operationOf(entry)),
  );
  const copied = element('div', { id: 'copied', role: 'status' });
  return [
    element('div', { class: 'bar' }, title, ...copyButtons(entry, copied), closeButton()),
    copied,
    element('dl', { id: 'facts' }, ...list(factsOf(entry))),
    element('h3', {}, 'Rules'),
    rulesOf(entry),
    element('div', { class: 'sides' }, sentSide(entry), receivedSide(entry)),
  ];
}

function factsOf(entry) {
  const { about } = entry;
  const waited =
    entry.retry_after_ms == null ? null : `The response asked for a wait of ${duration(entry.retry_after_ms)}.`;
  return [
    [
      'Request',
      `number ${entry.seq} of ${entry.tenant ?? 'no tenant'}${entry.tenant_name ? ` (${entry.tenant_name})` : ''}`,
    ],
    ['Time', `${clockTime(entry.real_time)}; ${entry.at} on the tenant's clock`],
    ['About', about && isolated([about.kind, about.id, about.name].filter(Boolean).join(' '))],
    ['Attempt', attemptText(entry)],
    [
      'End',
      `${OUTCOMES[entry.outcome]}${entry.duration_ms == null ? '' : ` It took ${duration(entry.duration_ms)}.`}`,
    ],
    ['Client', entry.client_left_ms == null ? null : `It left after ${duration(entry.client_left_ms)}.`],
    ['Retry', waited],
    ['State', entry.committed ? 'The request changed the state.' : null],
    ['Chunks', entry.retrieval && JSON.stringify(entry.retrieval)],
  ];
}

/** The attempts of the same request that are loaded. */
function attemptsOf(entry) {
  const first = requests.chains.get(keyOf(entry));
  return first ? requests.entries.filter((other) => requests.chains.get(keyOf(other)) === first) : [entry];
}

function attemptText(entry) {
  const attempts = attemptsOf(entry);
  const named = attempts.map((other, at) => [keyOf(other), `${at + 1}: ${statusOf(other)}`]);
  if (attempts.length > 1) return links(named, keyOf(entry));
  return entry.retry_count == null ? null : String(entry.retry_count + 1);
}

/** Links to requests. */
function links(named, current) {
  const shown = named.map(([key, text]) =>
    element(
      'a',
      {
        href: hashOf({ ...address, view: 'requests', open: key }),
        'aria-current': key === current ? 'true' : null,
      },
      text,
    ),
  );
  return element('span', {}, ...shown.flatMap((link) => [link, ' ']));
}

function sentSide(entry) {
  const lines = Object.entries(entry.request_headers).flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}`),
  );
  if (entry.request_headers_omitted) lines.push(`… ${entry.request_headers_omitted} more`);
  return element(
    'section',
    { id: 'sent', 'aria-label': 'Request' },
    element('h3', {}, 'Request'),
    element('pre', { tabindex: 0 }, isolated(`${entry.method} ${entry.path}`)),
    foldable('headers', [counted(lines.length, 'header')], () => [
      element('pre', { tabindex: 0 }, isolated(lines.join('\n'))),
    ]),
    bodyOf(entry.request_body),
  );
}

function receivedSide(entry) {
  return element(
    'section',
    { id: 'received', 'aria-label': 'Response' },
    element('h3', {}, 'Response'),
    element('pre', {}, entry.status == null ? 'no status' : String(entry.status)),
    bodyOf(entry.reply_body),
  );
}

function bodyOf(body) {
  return body == null
    ? element('p', { class: 'quiet' }, 'no body')
    : element('pre', { class: 'body', tabindex: 0 }, isolated(json(body)));
}

/** The outcome of each rule that met the request, and on demand why the others did not. */
function rulesOf(entry) {
  const struck = struckBy(entry);
  const met = entry.faults.map(({ rule, outcome }) =>
    element(
      'li',
      {},
      isolated(rule),
      ' ',
      element('strong', { class: outcome === 'struck' ? 'failed' : 'quiet' }, outcome),
      ` — ${whyOutcome(outcome, struck)}`,
    ),
  );
  const others = foldable('other-rules', ['Why did the other rules not strike?'], () => otherRules(entry));
  const none = met.length ? null : element('p', { class: 'quiet' }, 'No rule met this request.');
  return element('div', { id: 'rules-met' }, none, element('ul', { class: 'plain' }, ...met), others);
}

function whyOutcome(outcome, struck) {
  if (outcome === 'struck') return 'its effect was applied';
  if (outcome === 'shadowed') return `${struck[0] ?? 'an earlier rule'} struck first, and does not say continue`;
  return 'nothing in this request or its response could show its effect';
}

async function otherRules(entry) {
  const { faults } = await ask(`/faults${queryOf({ tenant: entry.tenant })}`);
  const met = new Set(entry.faults.map(({ rule }) => rule));
  const items = [];
  for (const rule of faults.filter(({ name }) => !met.has(name)).slice(0, 50)) {
    const why = ` — ${await whyNot(rule, entry)} `;
    items.push(element('li', {}, isolated(rule.name), why, element('code', {}, isolated(rule.rule))));
  }
  return [
    items.length ? element('ul', { class: 'plain' }, ...items) : element('p', {}, 'There are no other rules.'),
  ];
}

/** Why a rule did not meet a request, as far as the journal's filters tell. */
async function whyNot(rule, entry) {
  if (!rule.enabled) return 'it is switched off now';
  if (!entry.tenant || !entry.operation) return 'the request reached no operation';
  const [subject, ...words] = wordsOf(rule.rule);
  const operation = subject.split('@')[0];
  const phase = subject.split('@')[1] ?? words.find((word) => word.startsWith('@'))?.slice(1);
  if (operation !== 'sync' && !(await fits(entry, { operation }))) return `it is about ${operation}`;
  for (const when of words.filter((word) => word.startsWith('when='))) {
    if (!(await fits(entry, { when: when.slice(5) }))) return `${when} does not hold`;
  }
  if (phase === 'after' && !(entry.status < 300)) return 'it acts after a success';
  const numbers = words.filter((word) =>
    /^(first|nth|skip|every|times|rate|between|key|attempt|concurrency|limit|quota)=/.test(word),
  );
  return numbers.length
    ? `it is about this request, but ${numbers.join(' ')} chose others, or it was added later`
    : 'it was added after this request, or an earlier rule ended it';
}

/** Whether a request fits a filter; the server decides. */
async function fits(entry, words) {
  const query = queryOf({ ...words, tenant: entry.tenant, before: entry.seq + 1, limit: 1 });
  const found = (await ask(`/journal${query}`)).entries;
  return found.some((other) => other.seq === entry.seq);
}

/** The words of a rule; quotes hold words together. */
function wordsOf(text) {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|\S)+/g) ?? [];
  return words.map((word) => word.replace(/"((?:\\.|[^"\\])*)"/g, (_, inner) => inner.replace(/\\(["\\])/g, '$1')));
}

// ---------------------------------------------------------------- Copies of a request

function copyButtons(entry, shown) {
  const copies = [
    ['Copy as curl', curlOf(entry)],
    ['Copy as expectation', expectationOf(entry)],
  ];
  return copies.map(([label, text]) =>
    element('button', { type: 'button', disabled: !text, onclick: () => copy(text, shown) }, label),
  );
}

async function copy(text, shown) {
  const isCopied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  shown.replaceChildren(
    element('p', { class: 'quiet' }, isCopied ? 'Copied:' : 'Select and copy:'),
    element('pre', { tabindex: 0 }, text),
  );
}

/** Headers that curl sets itself, or that belong to the connection. */
const OWN_HEADERS = [
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'accept-encoding',
  'user-agent',
  'expect',
];

/** What a client wrote, a method included, may hold what a shell would run. */
const shellQuoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

function curlOf(entry) {
  const type = entry.request_headers['content-type']?.[0] ?? '';
  const isForm = type.startsWith('multipart/form-data') && typeof entry.request_body === 'object';
  const method = /^[A-Z]+$/.test(entry.method) ? entry.method : shellQuoted(entry.method);
  const lines = [`curl --globoff --path-as-is -X ${method} ${shellQuoted(location.origin + entry.path)}`];
  for (const [name, values] of Object.entries(entry.request_headers)) {
    if (name === 'authorization') lines.push('-H "Authorization: Bearer $LLAMA_CLOUD_API_KEY"');
    else if (!OWN_HEADERS.includes(name) && !(isForm && name === 'content-type'))
      lines.push(
        ...values.filter((value) => value !== '…').map((value) => `-H ${shellQuoted(`${name}: ${value}`)}`),
      );
  }
  lines.push(...(isForm ? formParts(entry.request_body) : dataOf(entry.request_body)));
  return lines.join(' \\\n  ');
}

function dataOf(body) {
  return body == null ? [] : [`--data-raw ${shellQuoted(typeof body === 'string' ? body : JSON.stringify(body))}`];
}

function formParts(form) {
  const values = Object.entries(form ?? {}).flatMap(([name, value]) => [value].flat().map((each) => [name, each]));
  return values.map(([name, value]) => (value?.filename == null ? textPart(name, value) : filePart(name, value)));
}

const textPart = (name, value) => `--form-string ${shellQuoted(`${name}=${value}`)}`;

/** A file of that name in the current folder, whatever folder the client named. */
function filePart(name, { filename }) {
  const file = filename.split(/[\\/]/).pop().replace(/["\\]/g, '\\$&');
  return `-F ${shellQuoted(`${name}=@"${file}"`)}`;
}

const quoted = (text) => (/[\s"\\]/.test(text) || text === '' ? `"${text.replace(/["\\]/g, '\\$&')}"` : text);

/** One line that fits this request; without an operation there is none. */
function expectationOf(entry) {
  if (!entry.operation) return '';
  const words = [entry.operation];
  if (entry.status != null) words.push(`status=${entry.status}`);
  const struck = struckBy(entry)[0];
  if (struck) words.push(`fault=${quoted(struck)}`);
  if (['cut', 'client_gone'].includes(entry.outcome)) words.push(`outcome=${entry.outcome}`);
  return [...words, ...conditionsOf(entry.request_body), 'count=1..'].join(' ');
}

/** Conditions on the first short texts of a body. */
function conditionsOf(body) {
  if (body == null || typeof body !== 'object' || Array.isArray(body)) return [];
  const texts = Object.entries(body).filter(
    ([, value]) => typeof value === 'string' && value.length > 0 && value.length <= 80,
  );
  const pointer = (name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return texts
    .filter(([name, value]) => !/[=~]/.test(name) && !/[\u0000-\u001f]/.test(value))
    .slice(0, 3)
    .map(([name, value]) => `when=${quoted(`body:${pointer(name)}=${value}`)}`);
}

// ---------------------------------------------------------------- State

/** Resources of a kind that are shown at first. */
const SHOWN = 100;
const state = { text: '', all: new Set() };

async function loadState() {
  const { tenant } = address;
  if (!tenant) return showTenantLinks();
  const [{ tenants: found }, clock] = await Promise.all([ask(`/state${ofTenant()}`), ask(`/clock${ofTenant()}`)]);
  if (tenant !== address.tenant) return undefined; // another one was chosen meanwhile
  const { clock: _, ...shown } = found[0];
  const text = JSON.stringify([shown, clock.next, [...state.all]]);
  if (text === state.text) return undefined;
  state.text = text;
  return showState(found[0], clock.next);
}

function showTenantLinks() {
  state.text = '';
  const rows = tenants
    .slice(-SHOWN_TENANTS)
    .map(({ tenant, name }) => [
      element('a', { href: hashOf({ ...address, tenant }) }, tenant),
      isolated(name ?? ''),
    ]);
  byId('state-summary').textContent = counted(tenants.length, 'tenant');
  rebuild(
    byId('state'),
    rows.length
      ? table(['Tenant', 'Name'], rows)
      : element('p', { class: 'empty' }, 'No tenant yet: each API key gets one with its first request.'),
  );
}

function showState(tenant, next) {
  const kinds = Object.entries(tenant).filter(([, resources]) => Array.isArray(resources));
  const bytes = tenant.used_bytes.toLocaleString('en');
  byId('state-summary').textContent =
    `${bytes} bytes of --max-state-bytes; ${counted(tenant.open_calls, 'open request')}`;
  rebuild(byId('state'), ...kinds.flatMap(([kind, resources]) => kindSection(kind, resources, next)));
}

function kindSection(kind, resources, next) {
  const title = element('h2', { id: `kind-${kind}` }, `${kind.replaceAll('_', ' ')} (${resources.length})`);
  if (!resources.length) return [title];
  const shown = state.all.has(kind) ? resources : resources.slice(0, SHOWN);
  const head = ['Name', 'Id', 'Status', 'Next event'].map((column) => element('span', {}, column));
  const parts = shown.map((resource) => resourcePart(kind, resource, next));
  const more = { type: 'button', id: `more-${kind}`, onclick: () => showAll(kind) };
  const rest = resources.length > shown.length ? element('button', more, `Show all ${resources.length}`) : null;
  return [
    title,
    element('div', { class: 'resources' }, element('div', { class: 'resource head' }, ...head), ...parts),
    rest,
  ];
}

function showAll(kind) {
  state.all.add(kind);
  attempt(loadState);
}

const nameOf = (resource) => resource.name ?? resource.display_name ?? resource.title ?? '';

/** A line that opens into everything that is known of a resource. */
function resourcePart(kind, resource, next) {
  const id = String(resource.id ?? resource.session_id ?? '');
  const event = next.find((other) => other.kind === kind && other.id === id);
  const cells = [isolated(nameOf(resource)), isolated(id), stateOf(resource), event?.at ?? ''];
  const shown = foldable(
    `resource-${kind}/${id}`,
    cells.map((cell) => element('span', {}, cell)),
    () => resourceDetails(kind, resource),
  );
  shown.firstChild.className = 'resource';
  return shown;
}

function stateOf(resource) {
  if (resource.metadata?.status)
    return resource.metadata.error_message
      ? `${resource.metadata.status}: ${resource.metadata.error_message}`
      : resource.metadata.status;
  if (resource.kept?.error) return `not read: ${resource.kept.error}`;
  if (resource.kept?.chunks != null) return counted(resource.kept.chunks, 'chunk');
  return resource.status ?? '';
}

function resourceDetails(kind, resource) {
  const parts = [element('pre', { tabindex: 0 }, isolated(json(resource)))];
  if (kind === 'indexes' && resource.files) parts.unshift(coverageOf(resource.files));
  if (kind === 'directory_files') parts.unshift(chunksOf(resource));
  return parts;
}

/** Which files an index has, and why it has not the others. */
function coverageOf(files) {
  const rows = files.map((file) => [
    isolated(file.name),
    file.in_index ? 'in the index' : 'not in the index',
    file.why ?? '',
  ]);
  return files.length
    ? table(['File', 'Index', 'Why'], rows)
    : element('p', { class: 'quiet' }, 'The source directory has no files.');
}

function chunksOf(file) {
  const shown = element('div', { class: 'chunks' });
  const load = async (from) => {
    const { count, chunks, why } = await ask(
      `/state/files/${encodeURIComponent(file.id)}/chunks${ofTenant({ from, limit: 20 })}`,
    );
    shown.querySelector('button')?.remove();
    shown.append(
      ...chunks.map((chunk) =>
        element(
          'div',
          {},
          element('h3', {}, `Chunk ${chunk.number} of ${count}, page ${chunk.page}`),
          element('pre', { tabindex: 0 }, isolated(chunk.text)),
        ),
      ),
    );
    if (why) shown.append(element('p', {}, why));
    const next = from + chunks.length;
    if (next <= count)
      shown.append(element('button', { type: 'button', onclick: () => attempt(() => load(next)) }, 'More chunks'));
  };
  attempt(() => load(1));
  return shown;
}

// ---------------------------------------------------------------- Faults

async function loadFaults() {
  const [{ faults }, { scenarios }] = await Promise.all([
    ask(`/faults${ofTenant()}`),
    ask(`/scenarios${ofTenant()}`),
  ]);
  const key = JSON.stringify([faults, scenarios]);
  byId('rules').replaceChildren(...faults.map(({ name }) => element('option', { value: name })));
  if (byId('faults').dataset.key === key) return;
  byId('faults').dataset.key = key;
  rebuild(
    byId('faults'),
    faults.length
      ? table(['On', 'Name', 'Rule', 'For', 'From', 'Matches', 'Strikes', ''], faults.map(faultRow))
      : element('p', { class: 'quiet' }, 'There are no rules.'),
  );
  rebuild(byId('scenarios'), ...scenarios.map(scenarioPart));
}

function faultRow(rule) {
  const path = `/faults/${encodeURIComponent(rule.name)}${ofTenant()}`;
  const flip = (event) => actOnFaults(() => change('PATCH', path, { enabled: event.target.checked }));
  const left = rule.ttl_left_ms == null ? '' : `, ${duration(rule.ttl_left_ms)} left`;
  return [
    element('input', {
      type: 'checkbox',
      role: 'switch',
      id: `switch-${rule.name}-${rule.tenant ?? ''}`,
      checked: rule.enabled,
      'aria-label': `${rule.name} is on`,
      onchange: flip,
    }),
    isolated(rule.name),
    element('td', {}, element('code', { class: 'long' }, isolated(rule.rule))),
    rule.tenant ?? 'all',
    `${rule.origin}${left}`,
    rule.matches.toLocaleString('en'),
    element(
      'td',
      {},
      element(
        'a',
        {
          href: hashOf({
            ...address,
            view: 'requests',
            fault: rule.name,
            operation: '',
            status: '',
            text: '',
            open: '',
          }),
        },
        rule.strikes.toLocaleString('en'),
      ),
    ),
    element(
      'button',
      {
        type: 'button',
        id: `remove-${rule.name}-${rule.tenant ?? ''}`,
        'aria-label': `Remove ${rule.name}`,
        onclick: () => actOnFaults(() => change('DELETE', path)),
      },
      'Remove',
    ),
  ];
}

async function actOnFaults(act) {
  await attempt(act);
  byId('faults').dataset.key = '';
  await loadFaults().catch(() => {});
}

function scenarioPart({ name, description, rules, active }) {
  const path = `/scenarios/${encodeURIComponent(name)}`;
  const act = () => actOnFaults(() => change(active ? 'DELETE' : 'POST', path, forTenant({})));
  const verb = active ? 'Remove' : 'Load';
  const label = { 'aria-label': `${verb} ${name}` };
  const button = element('button', { type: 'button', id: `scenario-${name}`, ...label, onclick: act }, verb);
  const about = element('span', { class: 'quiet' }, isolated(description));
  const summary = element('summary', {}, isolated(name), active ? ' (loaded)' : '', about);
  return element(
    'details',
    { id: `about-${name}` },
    summary,
    element('pre', {}, isolated(rules.join('\n'))),
    button,
  );
}

const composer = { number: 0, timer: 0 };

function typeRule() {
  clearTimeout(composer.timer);
  byId('add-rule').disabled = true;
  composer.timer = setTimeout(preview, 150);
}

/** Asks the server what it says of the rule; an answer to an older text is left aside. */
async function preview() {
  const rule = byId('rule').value.trim();
  composer.number += 1;
  const { number } = composer;
  if (!rule) return showPreview(null, '');
  try {
    const found = await change('POST', '/faults/preview', forTenant({ rule }));
    return number === composer.number && showPreview(found, '');
  } catch (error) {
    return number === composer.number && showPreview(null, error.message);
  }
}

function showPreview(found, problem) {
  const input = byId('rule');
  input.setAttribute('aria-invalid', String(Boolean(problem)));
  byId('add-rule').disabled = !found;
  rebuild(byId('preview'), ...(problem ? [element('span', { class: 'failed' }, problem)] : previewOf(found)));
}

function previewOf(found) {
  if (!found) return [];
  const keys = Object.entries(found.tenants).flatMap(([tenant, numbers]) =>
    numbers.map((seq) => [`${tenant}/${seq}`, address.tenant ? `#${seq}` : `${tenant}#${seq}`]),
  );
  const parts = [`Would have struck ${counted(keys.length, 'recorded request')}. `, links(keys.slice(-20))];
  if (keys.length > 20) parts.push(`and ${keys.length - 20} before them. `);
  if (found.undecided)
    parts.push(`Of ${counted(found.undecided, 'request')} the journal does not hold what the rule depends on.`);
  return parts;
}

async function addRule(event) {
  event.preventDefault();
  const rule = byId('rule').value.trim();
  if (byId('add-rule').disabled || !rule) return;
  const added = await attempt(() => change('POST', '/faults', forTenant({ rule })));
  if (!added) return;
  byId('rule').value = '';
  showPreview(null, '');
  await loadFaults();
}

// ---------------------------------------------------------------- Clock

let nextEvent = null;

async function loadClock() {
  const clock = await ask(`/clock${ofTenant()}`);
  [nextEvent] = clock.next;
  const whose = address.tenant ? 'of this tenant' : 'of later tenants; steps move all clocks';
  rebuild(
    byId('clock'),
    ...list([
      ['Now', element('span', { id: 'now' }, clock.now)],
      ['Mode', `${clock.mode}: ${MODES[clock.mode]}`],
      ['Clock', whose],
      ['Dropped events', clock.dropped_events],
    ]),
  );
  byId('step-event').disabled = !nextEvent;
  const rows = clock.next.map((event) => [
    event.at,
    event.tenant,
    event.kind ? isolated(`${event.kind} ${event.id}`) : 'a wait ends, or a window of a rule begins',
  ]);
  rebuild(
    byId('events'),
    rows.length ? table(['Time', 'Tenant', 'What'], rows) : element('p', { class: 'quiet' }, 'Nothing is due.'),
  );
}

const MODES = {
  real: 'it follows the system time',
  manual: 'it stands until it is moved',
  auto: 'it jumps to its next event when all open requests wait',
};

async function step(by) {
  await attempt(() => change('POST', '/clock/advance', forTenant({ by })));
  await attempt(loadClock);
}

async function stepToEvent() {
  if (nextEvent) await attempt(() => change('PUT', '/clock', { tenant: nextEvent.tenant, now: nextEvent.at }));
  await attempt(loadClock);
}

// ---------------------------------------------------------------- Views that are asked for again while they are shown

const LOADS = { state: loadState, faults: loadFaults, clock: loadClock };
let refreshing = false;
let refreshAt = 0;

/** Loads the view that is shown. A load that takes long is followed by a longer pause. */
async function refreshView() {
  const load = LOADS[address.view];
  if (!load || refreshing) return;
  refreshing = true;
  const started = performance.now();
  try {
    await load();
  } catch (error) {
    if (error instanceof Refusal && error.status !== 401) say(error.message);
  }
  refreshing = false;
  refreshAt = performance.now() + Math.max(900, 10 * (performance.now() - started));
  if (LOADS[address.view] && LOADS[address.view] !== load) refreshView();
}

function tick() {
  if (!document.hidden && performance.now() >= refreshAt) refreshView();
}

// ---------------------------------------------------------------- Start

function typeFilter() {
  const words = Object.fromEntries(FILTERS.map((name) => [name, byId(`filter-${name}`).value.trim()]));
  clearTimeout(typeFilter.timer);
  typeFilter.timer = setTimeout(() => go(words, false), 200);
}

function clearFilters() {
  FILTERS.forEach((name) => {
    byId(`filter-${name}`).value = '';
  });
  go(Object.fromEntries(FILTERS.map((name) => [name, ''])));
}

function pressPageKey(event) {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape' && address.open && address.view === 'requests' && !byId('token-dialog').open)
    closeDetail();
  if (event.key !== '/' || isTyping || address.view !== 'requests') return;
  event.preventDefault();
  byId('filter-text').focus();
}

async function loadNames() {
  const [{ operations }, { faults }] = await Promise.all([ask('/operations'), ask('/faults')]);
  const names = operations
    .filter(({ emulated }) => emulated !== false)
    .map(({ name }) => name)
    .filter(Boolean);
  byId('operations').replaceChildren(...['reads', 'writes', ...names].map((value) => element('option', { value })));
  byId('rules').replaceChildren(...faults.map(({ name }) => element('option', { value: name })));
}

function listen() {
  const on = (id, event, act) => byId(id).addEventListener(event, act);
  window.addEventListener('popstate', showAddress);
  window.addEventListener('hashchange', showAddress);
  window.addEventListener('resize', () => {
    cachedRowHeight = 0;
    schedule();
  });
  document.addEventListener('keydown', pressPageKey);
  on('skip', 'click', (event) => {
    event.preventDefault();
    byId('main').focus();
  });
  on('tenant', 'change', (event) => go({ tenant: event.target.value, open: '' }));
  on('filters', 'input', typeFilter);
  on('filters', 'submit', (event) => event.preventDefault());
  on('clear-filters', 'click', clearFilters);
  on('pause', 'click', pause);
  on('grid', 'scroll', () => requestAnimationFrame(showWindow));
  on('grid', 'keydown', pressKey);
  on('rows', 'click', clickRow);
  on('refresh-state', 'click', () => {
    state.text = '';
    attempt(loadState);
  });
  on('rule', 'input', typeRule);
  on('composer', 'submit', addRule);
  on('step-second', 'click', () => step('1s'));
  on('step-minute', 'click', () => step('1m'));
  on('step-event', 'click', stepToEvent);
  on('token-form', 'submit', takeToken);
}

async function start() {
  requests.query = null;
  showAddress();
  await attempt(async () => {
    await loadTenants();
    await loadNames();
  });
  showAddress();
}

listen();
setInterval(tick, 500);
start();
