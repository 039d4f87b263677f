/** Where time comes from: real time, `advance`, or jumps to the next event. */
export type ClockMode = "real" | "manual" | "auto";

/** What `reset` resets. */
export type Part = "state" | "journal" | "clock" | "faults";

/** The clock of a key. */
export interface Clock {
  mode: ClockMode;
  /** RFC 3339, in UTC. */
  now: string;
}

export interface ClockChange {
  mode?: ClockMode;
  /** Such as `2026-01-01T00:00:00Z`. */
  now?: string | Date;
}

/** A fault rule with its counts. */
export interface Rule {
  name: string;
  rule: string;
  /** The label of the key that it is for, or null for all keys. */
  tenant: string | null;
  /** Where it was given: `admin`, `--fault`, `--scenario NAME`. */
  origin: string;
  matches: number;
  strikes: number;
  ttl_left_ms: number | null;
}

/** A request and its response, as the journal records them. */
export interface Entry {
  seq: number;
  /** On the clock of the key. */
  at: string;
  /** In real time. */
  real_time: string;
  tenant: string;
  operation: string;
  method: string;
  path: string;
  status: number | null;
  request_headers: Record<string, string[]>;
  request_body: unknown;
  reply_body: unknown;
  faults: { rule: string; outcome: "struck" | "shadowed" | "inapplicable" }[];
  outcome: "open" | "sent" | "cut" | "client_gone";
  retry_count: number | null;
  retry_after_ms: number | null;
  should_retry: boolean | null;
  committed: boolean;
}

export interface JournalFilter {
  /** In the syntax of fault rules: `indexes.create`, `reads`, `retrieval.*`. */
  operation?: string;
  status?: number;
  /** In the syntax of fault rules: `body:/name=draft`. */
  when?: string | string[];
  limit?: number;
  /** Allow a journal from which entries were evicted. An empty list then proves nothing. */
  incomplete?: boolean;
}

/** What `check` expects of the requests of a key. */
export interface Expectations {
  maxAttempts?: number;
  honourRetryAfter?: boolean;
  noDuplicateWrites?: boolean;
  noNeedlessRetries?: boolean;
  allRulesStruck?: boolean;
  noLitter?: boolean;
  noLockstep?: boolean;
  noUnexpected?: boolean;
  /** So many requests or resources each: `indexes.create status=201 count=1`. */
  expect?: string | readonly string[];
  /** The first requests of these operations came in this order: `indexes.create, retrieval.*`. */
  expectOrder?: string;
  /** The real time to wait for `expect`: a duration such as `5s`, or milliseconds. */
  within?: string | number;
}

export interface Waiting {
  /** The real time to wait: a duration such as `5s`, or milliseconds. */
  within?: string | number;
}

/** An emulator with one API key. Everything except `stop` is about this key alone. */
export interface Emulator extends AsyncDisposable {
  /** The base URL for clients. */
  readonly url: string;
  readonly key: string;
  /** The token for requests to the admin API, if there is one. */
  readonly token?: string;
  /** The label of the key in the log, the journal and the admin API. */
  readonly tenant: string;
  /** The environment variables with which official clients find the emulator, past any proxy. */
  readonly env: { LLAMA_CLOUD_BASE_URL: string; LLAMA_CLOUD_API_KEY: string; NO_PROXY: string; no_proxy: string };
  /** The same emulator with another key: other state, clock, faults and journal. */
  withKey(key: string): Promise<Emulator>;
  /** Adds a fault rule, such as `indexes.create status=429 first=2`. Returns its name. */
  fault(rule: string): Promise<string>;
  /** The rules that apply to this key; those for all keys have no tenant. */
  faults(): Promise<Rule[]>;
  removeFault(name: string): Promise<void>;
  clock(): Promise<Clock>;
  setClock(change: ClockChange): Promise<Clock>;
  /** Advances the clock by a duration such as `5s`, or by milliseconds. */
  advance(by: string | number): Promise<Clock>;
  /** The recorded requests of this key. Throws if entries were evicted, unless `incomplete` is set. */
  journal(filter?: JournalFilter): Promise<Entry[]>;
  /** Returns the report, or throws `CheckFailed` with it. */
  check(expectations: Expectations): Promise<string>;
  /**
   * Expects so many requests or resources of this key, such as `indexes.create status=201 count=1`. Returns their number,
   * or throws `CheckFailed` with what is nearest.
   */
  verify(expectation: string, waiting?: Waiting): Promise<number>;
  /** Names the key in reports and in the log; the set-ups give it the name of the test. */
  setName(name: string): Promise<void>;
  /** Resets these parts of the key, or all. */
  reset(...parts: Part[]): Promise<void>;
  /** Stops the emulator if `start` started it. Throws if its exit code is not 0. */
  stop(): Promise<void>;
  /** The last lines of the log of an emulator that `start` started. */
  log(): string;
}

export interface StartOptions {
  /** Flags of the program, such as `["--fault", "indexes.create status=429 first=2"]`. */
  args?: readonly string[];
  /** Added to the environment of the program. */
  env?: Record<string, string | undefined>;
  /** `llx-test` by default. */
  key?: string;
  /** Requests to the admin API need this token. */
  adminToken?: string;
  /** Time in milliseconds that the program may take to be ready: 30,000 by default. */
  limit?: number;
}

export interface ConnectOptions {
  /** `LLAMACLOUD_MOCK_URL` by default, or `LLAMA_CLOUD_BASE_URL`. */
  url?: string;
  /** A new key by default. */
  key?: string;
  /** `LLAMACLOUD_MOCK_ADMIN_TOKEN` by default. */
  adminToken?: string;
}

/** The emulator did not start, cannot be reached, or refused a request; the message says what to do. */
export class EmulatorError extends Error {}

/** An expectation of `check` or `verify` is not met; the message is the report. */
export class CheckFailed extends Error {}

/** Starts an emulator on a free port, with a clock that never makes a client wait. It ends with this process at the latest. */
export function start(options?: StartOptions): Promise<Emulator>;

/** Uses an emulator that is running. */
export function connect(options?: ConnectOptions): Promise<Emulator>;

/** In a test file of vitest or jest: the emulator of the run with the key of the file. */
export function current(): Promise<Emulator>;

/** The path of the program. */
export function findBinary(): string;

/** The argument of the globalSetup of vitest. */
export interface VitestProject {
  config: { env?: Record<string, any> };
}

/** The second argument of the globalSetup of jest. Its global variable `llamacloudMockProject` is the name of the project. */
export interface JestProject {
  globals: Record<string, any>;
}

export interface RunOptions extends StartOptions {
  /** The tests of this project use this emulator, and those of other projects their own. */
  project?: VitestProject | JestProject;
  /** Whether LLAMA_CLOUD_BASE_URL, LLAMA_PARSE_BASE_URL and LLAMA_CLOUD_API_KEY are set: true by default. */
  setClient?: boolean;
}

/** For a globalSetup of one's own: starts an emulator for the workers, and sets the environment of their clients. */
export function startForRun(options?: RunOptions): Promise<Emulator>;

/** The key of a test file: the same in every run, so that a seed reproduces its responses. */
export function keyOfFile(file: string): string;

/** The key of a test, likewise. */
export function keyOfTest(file: string, name?: string): string;

/** From here on `current()` and new clients use this key, with nothing in it. */
export function useKey(key: string): Promise<Emulator>;

/** For a set-up file of one's own: gives this test file its key, with nothing in it. */
export function useKeyOfFile(file: string): Promise<Emulator>;
