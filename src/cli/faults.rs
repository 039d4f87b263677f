//! The subcommand `faults`: explains the rule language of `--fault`, so that the program alone is enough to write rules.

use std::fmt::Write as _;

/// A form of a clause, its meaning, and a rule with it.
struct Form {
    syntax: &'static str,
    meaning: &'static str,
    example: &'static str,
}

const fn form(syntax: &'static str, meaning: &'static str, example: &'static str) -> Form {
    Form { syntax, meaning, example }
}

const INTRODUCTION: &str = "\
A fault rule is one line: an operation, optionally a phase, and clauses, separated by spaces. The space before a phase
can be left out: `indexes.create@after reset`.

  RULE      = OPERATION [ @before | @after ] CLAUSE ...
  OPERATION = a name such as indexes.create, a family such as indexes.*, reads, writes, * for all, or several of these
              separated by commas; the subcommand `operations` lists the names. `sync` is a rule about syncs.

@before: the effect comes before the request acts; a response of the rule replaces the action.
@after:  the request acts, so a write stays, and then its response is replaced or changed.
Values with spaces are in double quotes. The first rule that strikes wins, unless it says `continue`.

Give rules with --fault (repeatable), as lines of LLAMACLOUD_MOCK_FAULT, in a scenario file, in
POST /__admin/faults {\"rule\": \"...\"}, or with --allow-overrides as clauses in the header x-mock-inject of one request.
";

const EFFECTS: &[Form] = &[
    form("status=N", "respond with this status and the body that the service sends with it", "indexes.get status=404"),
    form("body=TEXT, content-type=TEXT, header=NAME:VALUE", "replace the body or a header", "* status=503 body=busy"),
    form("retry-after=2s, retry-after-ms=N", "tell the client when to retry", "* status=429 retry-after=2s first=3"),
    form(
        "should-retry=true|false",
        "the header x-should-retry, which the SDKs follow",
        "* status=500 should-retry=false",
    ),
    form("delay=1s, delay=1s..3s", "wait, for a fixed or a random time", "indexes.list delay=200ms..2s"),
    form("delay=p50:80ms,p99:2s", "wait, by the median and the 99th percentile", "reads delay=p50:80ms,p99:2s"),
    form("malformed, empty, truncate=BYTES", "break the JSON, remove the body or cut it", "indexes.list truncate=20"),
    form("content-length=N", "announce a body that is longer than the one sent", "indexes.get content-length=9999"),
    form("drop=, null=, retype= POINTER", "edit a field of a success, by JSON pointer", "indexes.get drop=/name"),
    form("rename=POINTER:NAME, add=POINTER:JSON", "rename or add a field", "indexes.get rename=/name:title"),
    form("reset, reset=head|body|reply", "reset the connection", "indexes.create@after reset nth=1"),
    form("close, hang, stall, garbage", "close it, never respond, stop after the head, send no HTTP", "* hang nth=1"),
    form("dribble=BYTES/DURATION, bandwidth=BYTES/s", "send the body slowly", "indexes.list dribble=10/100ms"),
];

const STATE_EFFECTS: &[Form] = &[
    form(
        "script=STATE[:DURATION|*READS],...",
        "the course of a sync: each state until that time has passed or it was read so often, the last one for good",
        "sync script=pending:5s,failed message=\"no text\"",
    ),
    form(
        "STATE: pending, ready, partial, failed, or a word of your own",
        "a sync in a state of your own is in progress; a word that looks like a misspelled state is refused",
        "sync script=queued:2s,parsing*3,ready",
    ),
    form("lag=DURATION", "reads see creates and deletes that much later", "indexes.list lag=2s"),
    form("vanish", "the resource that the request names is deleted", "indexes.get vanish nth=2"),
    form("quota=N", "refuse to create more than N resources", "indexes.create quota=5"),
    form("limit=N/DURATION burst=N", "respond with 429 over this rate", "* limit=5/10s burst=20"),
    form("page=repeat-token|expired-token|empty-middle", "break the pages of a list", "indexes.list page=empty-middle"),
];

const TRIGGERS: &[Form] = &[
    form(
        "first=N, nth=N, skip=N, every=N, times=N",
        "by the number of the request",
        "indexes.get status=500 skip=2 times=1",
    ),
    form("rate=0.05, rate=5%", "by chance, repeatable by --seed", "* status=503 rate=5%"),
    form(
        "between=10s..30s, between=10s..",
        "in this window since the first request of the key",
        "* status=503 between=10s..30s",
    ),
    form(
        "when=header:NAME, query:NAME, body:POINTER",
        "on the request; = equals, ~ matches",
        "indexes.create status=500 when=body:/name=draft",
    ),
    form("key=KEY", "only for this API key", "* status=401 key=llx-team-b"),
    form("attempt=N", "on this attempt of a request, as the SDKs count", "* status=503 attempt=1"),
    form("concurrency=N", "while so many requests of the key are open", "* status=429 concurrency=10"),
];

const RULE_CLAUSES: &[Form] = &[
    form("name=WORD", "the name in reports and in the header x-mock-fault", "* status=503 name=outage"),
    form("ttl=DURATION", "remove the rule after this time", "* status=503 ttl=5m"),
    form("continue", "let later rules strike too", "* delay=50ms continue"),
];

/// The explanation, with an example for each form.
pub(super) fn text() -> String {
    let sections = [
        ("Effects on the response and on the connection:", EFFECTS),
        ("Effects on the state:", STATE_EFFECTS),
        ("Triggers, all of which must be met:", TRIGGERS),
        ("About the rule itself:", RULE_CLAUSES),
    ];
    let mut text = INTRODUCTION.to_owned();
    for (title, forms) in sections {
        let _ = writeln!(text, "\n{title}\n");
        for Form { syntax, meaning, example } in forms {
            let _ = writeln!(text, "  {syntax}\n      {meaning}\n      --fault '{example}'");
        }
    }
    text + "\nThe subcommand `scenarios` lists ready-made sets of rules.\n"
}
