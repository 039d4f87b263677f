//! Rules that can never strike are rejected when they are given, with the place, the reason and the nearest valid word;
//! valid rules are accepted.

use serde_json::json;

use crate::support::{Client, run, server};

/// A rule, the place in it that the error names, and part of the reason.
const INVALID_RULES: &[(&str, &str, &str)] = &[
    // Operations and phases.
    ("", "rule", "is empty"),
    ("indexes.creat status=500", "indexes.creat", "is not an operation; did you mean indexes.create?"),
    ("index.* status=500", "index.*", "is not an operation; did you mean indexes.*?"),
    ("indexes status=500", "indexes", "is not an operation"),
    ("indexes* status=500", "indexes*", "is not an operation"),
    ("snyc script=ready", "snyc", "is not an operation; did you mean sync?"),
    ("health status=500", "health", "is not an operation"),
    ("status=500", "status=500", "is not an operation"),
    ("*@afer status=500", "@afer", "is neither @before nor @after; did you mean after?"),
    ("*@ status=500", "@", "is neither"),
    ("*@before@after status=500", "@before@after", "is neither"),
    ("* @afer status=500", "@afer", "is neither @before nor @after; did you mean after?"),
    ("* @before @after status=500", "@after", "is a phase, which comes once"),
    ("*@before @after status=500", "@before@after", "is neither"),
    ("* status=500 @after", "@after", "is a phase, which comes once, right after the operation"),
    ("@after status=500", "operation", "is empty"),
    ("indexes.get @before drop=/name", "@before", "comes too early"),
    ("indexes.get,indexes.lst status=500", "indexes.lst", "is not an operation; did you mean indexes.list?"),
    ("indexes.get, status=500", "operation", "is empty"),
    ("sync,indexes.get script=ready", "sync", "stands alone"),
    ("read status=500", "read", "is not an operation; did you mean reads?"),
    ("write status=500", "write", "is not an operation; did you mean writes?"),
    // Words.
    ("* refuse", "refuse", "is not a word of the rule language; did you mean reset, or POST /__admin/listener"),
    ("* timeout=5s", "timeout=5s", "is not a word of the rule language; did you mean hang, or delay=DURATION?"),
    ("* latency=5s", "latency=5s", "did you mean delay=DURATION?"),
    ("* statsu=500", "statsu=500", "is not a word of the rule language; did you mean status?"),
    ("* xyzzyplugh", "xyzzyplugh", "is not a word"),
    ("* status", "status", "takes a value"),
    ("* hang=1s", "hang=1s", "takes no value"),
    ("* continue=yes status=500", "continue=yes", "takes no value"),
    ("* status=500 status=503", "status=503", "is given twice"),
    ("* hang hang", "hang", "is given twice"),
    ("* status=500 body=\"open", "character 19", "opens a quote that is not closed"),
    ("indexes.get", "indexes.get", "has no effect"),
    ("* first=3 name=a", "* first=3 name=a", "has no effect"),
    // Values.
    ("* status=99", "status=99", "not a status from 100 to 599"),
    ("* status=600", "status=600", "not a status from 100 to 599"),
    ("* status=abc", "status=abc", "not a status"),
    ("* status=500 retry-after=soon", "retry-after=soon", "is not a duration"),
    ("* status=500 retry-after-ms=-1", "retry-after-ms=-1", "is not a whole number"),
    ("* should-retry=maybe", "should-retry=maybe", "is not one of true, false"),
    ("* header=x", "header=x", "is not of the form NAME:VALUE"),
    ("* header=\"a b:c\"", "header=\"a b:c\"", "is not a header name"),
    ("* header=\"x:a\nb\"", "header=\"x:a\nb\"", "is not a header value"),
    ("* header=content-length:3", "header=content-length:3", "frames the response"),
    ("* header=transfer-encoding:chunked", "header=transfer-encoding:chunked", "frames the response"),
    ("* delay=5", "delay=5", "is not a duration"),
    ("* delay=p50:2s", "delay=p50:2s", "is not of the form"),
    ("* delay=p95:2s", "delay=p95:2s", "is not of the form"),
    ("* delay=p50:2s,p99:1s", "delay=p50:2s,p99:1s", "a p99 that is shorter than its p50"),
    ("* delay=p50:0,p99:1s", "delay=p50:0,p99:1s", "a p50 of zero"),
    ("* delay=1m1m", "delay=1m1m", "is not a duration"),
    ("* delay=30s1m", "delay=30s1m", "is not a duration"),
    ("* delay=1m30", "delay=1m30", "is not a duration"),
    ("* delay=m", "delay=m", "is not a duration"),
    ("* delay=2s..1s", "delay=2s..1s", "begins with the longer duration"),
    ("* delay=200y", "delay=200y", "is not a duration"),
    ("* delay=9999999h", "delay=9999999h", "longer than a hundred years"),
    ("* truncate=-1", "truncate=-1", "is not a whole number"),
    ("* content-length=99999999999999999999", "content-length=99999999999999999999", "is too large a number"),
    ("* dribble=10", "dribble=10", "is not of the form BYTES/DURATION"),
    ("* dribble=0/1s", "dribble=0/1s", "would never strike"),
    ("* bandwidth=100", "bandwidth=100", "is not of the form BYTES/s"),
    ("* bandwidth=0/s", "bandwidth=0/s", "would never strike"),
    ("* reset=tail", "reset=tail", "is not one of head, body, reply"),
    ("indexes.get drop=name", "drop=name", "is not a JSON pointer"),
    ("indexes.get drop=/a~2b", "drop=/a~2b", "is not a JSON pointer"),
    ("indexes.get drop=", "drop=\"\"", "is not a JSON pointer"),
    ("indexes.get rename=/a", "rename=/a", "is not of the form POINTER:VALUE"),
    ("indexes.get rename=/name:name", "rename=/name:name", "the name that it has already"),
    ("indexes.get add=/a:{", "add=/a:{", "is not JSON"),
    ("indexes.list limit=5", "limit=5", "is not of the form N/DURATION"),
    ("indexes.list limit=0/1s", "limit=0/1s", "would never strike"),
    ("indexes.list limit=5/0", "limit=5/0", "is zero"),
    ("indexes.list page=repeat-tokn", "page=repeat-tokn", "did you mean repeat-token?"),
    ("* reset=bdy", "reset=bdy", "did you mean body?"),
    ("indexes.list page=odd", "page=odd", "is not one of repeat-token"),
    ("sync script=redy", "script=redy", "is not a state; did you mean ready?"),
    ("sync script=pending,ready", "script=pending,ready", "has no end"),
    ("* status=500 name=\"a b\"", "name=\"a b\"", "is not a name of 1 to 64 letters"),
    // Triggers that never hold.
    ("* hang first=0", "first=0", "would never strike"),
    ("* hang nth=0", "nth=0", "would never strike"),
    ("* hang every=0", "every=0", "would never strike"),
    ("* hang times=0", "times=0", "would never strike"),
    ("* hang attempt=0", "attempt=0", "would never strike"),
    ("* hang concurrency=0", "concurrency=0", "would never strike"),
    ("* hang rate=0", "rate=0", "would never strike"),
    ("* hang rate=0%", "rate=0%", "would never strike"),
    ("* hang rate=130%", "rate=130%", "is neither a number from 0 to 1 nor a percentage"),
    ("* hang rate=%", "rate=%", "is neither a number from 0 to 1 nor a percentage"),
    ("* hang rate=-0.0", "rate=-0.0", "would never strike"),
    ("* hang rate=1.5", "rate=1.5", "is neither a number from 0 to 1"),
    ("* hang rate=NaN", "rate=NaN", "is neither a number from 0 to 1"),
    ("* hang skip=18446744073709551615", "skip=18446744073709551615", "would never strike"),
    ("* hang nth=99999999999999999999", "nth=99999999999999999999", "is too large a number"),
    ("* hang between=30s..10s", "between=30s..10s", "would never strike"),
    ("* hang between=..1s", "between=..1s", "is not a duration"),
    ("* hang between=1s..1s", "between=1s..1s", "would never strike"),
    ("* hang between=10s", "between=10s", "is not of the form DURATION..DURATION or DURATION.."),
    ("* hang first=2 nth=3", "* hang first=2 nth=3", "would never strike"),
    ("* hang first=2 every=3", "* hang first=2 every=3", "would never strike"),
    ("* hang nth=4 every=3", "* hang nth=4 every=3", "would never strike"),
    ("* hang ttl=0", "ttl=0", "would never strike"),
    ("* hang key=", "key=\"\"", "would never strike"),
    ("* hang key=\" a\"", "key=\" a\"", "would never strike"),
    ("* hang key=é", "key=é", "would never strike"),
    ("* hang when=x", "when=x", "is not header:NAME, query:NAME, path:NAME or body:POINTER"),
    ("* hang when=cookie:a", "when=cookie:a", "is not one of header, query, path, body"),
    ("* hang \"when=header:a b\"", "when=\"header:a b\"", "is not a header name"),
    ("* hang when=header:", "when=header:", "is not a header name"),
    ("* hang when=query:=a", "when=query:=a", "is without the name of a parameter"),
    ("* hang when=body:name=a", "when=body:name=a", "is not a JSON pointer"),
    ("* hang when=header:a~(", "when=header:a~(", "is not a regular expression: unclosed group"),
    ("* hang when=query:a~[z-a]", "when=query:a~[z-a]", "is not a regular expression"),
    ("* hang when=query:a~(a{1000}){1000}", "when=query:a~(a{1000}){1000}", "is not a regular expression"),
    ("indexes.get hang when=body:/name", "when", "no request of this operation has one"),
    ("* reset=head when=body:/name", "when", "strike before it is read"),
    ("* reset=body when=body:/name", "when", "strike before it is read"),
    ("* reset=head attempt=2", "attempt", "strike before it is read"),
    ("files.create upload-bandwidth=9/s when=body:/a", "when", "strike before it is read"),
    ("files.create upload-bandwidth=9/s attempt=1", "attempt", "strike before it is read"),
    ("files.create@after upload-bandwidth=9/s", "@after", "strikes before the request is read"),
    ("files.create upload-bandwidth=9", "upload-bandwidth=9", "is not of the form BYTES/s"),
    ("files.create upload-bandwidth=0/s", "upload-bandwidth=0/s", "would never strike"),
    ("files.create upload-bandwidth=9/s status=500", "files.create upload-bandwidth=9/s status=500", "write two rules"),
    ("indexes.list upload-bandwidth=9/s", "upload-bandwidth", "it goes with indexes.create, "),
    ("indexes.delete malformed", "malformed", "has none; it goes with every operation but indexes.delete, "),
    ("* close=after close", "close", "is given twice"),
    ("* close=after hang", "* close=after hang", "exclude each other"),
    ("* delay=real:soon", "delay=real:soon", ""),
    ("* delay=real:2s..1s", "delay=real:2s..1s", "begins with the longer duration"),
    ("files.retrieve hang when=path:", "when=path:", "is without the name of a parameter"),
    ("files.retrieve hang when=path:fileid=a", "path:fileid", "has this parameter in its path, but file_id"),
    ("files.retrieve hang when=path:directory_id", "path:directory_id", "but file_id"),
    ("indexes.list hang when=path:index_id", "path:index_id", "no operation that is meant has a parameter"),
    // Phases that do not fit.
    ("indexes.get@before drop=/name", "@before", "comes too early"),
    ("indexes.get@before malformed", "@before", "comes too early"),
    ("*@after reset=head", "@after", "comes too late"),
    ("*@after reset=body", "@after", "comes too late"),
    ("*@after limit=1/1s", "@after", "comes too late"),
    ("indexes.get@after lag=1s", "@after", "comes too late"),
    ("indexes.create@after quota=1", "@after", "comes too late"),
    ("sync@after script=ready", "@after", "comes too late"),
    // Effects that an operation cannot have.
    ("indexes.create lag=1s", "lag", "it goes with every operation but indexes.create, indexes.delete"),
    ("indexes.list vanish", "vanish", "cannot happen to this operation"),
    ("indexes.get quota=1", "quota", "cannot happen to this operation"),
    ("indexes.get page=empty-middle", "page", "it goes with indexes.list"),
    (
        "directories.get page=empty-middle",
        "page",
        "it goes with indexes.list, directories.list, directories.files.list",
    ),
    ("indexes.get lag=0", "lag=0", "would never strike"),
    ("indexes.get script=ready", "script", "goes with the subject sync"),
    ("indexes.get message=a", "script", "goes with the subject sync"),
    ("sync message=a", "message", "goes with script="),
    ("sync status=500", "sync", "needs script="),
    ("sync delay=1s", "sync", "needs script="),
    ("sync script=ready status=500", "sync", "takes no effects but script= and message="),
    ("sync script=ready delay=1s", "sync", "takes no effects but script= and message="),
    ("indexes.delete drop=/a", "drop", "the response of this operation has none"),
    ("indexes.delete malformed", "malformed", "the response of this operation has none"),
    ("indexes.delete truncate=1", "truncate", "the response of this operation has none"),
    ("indexes.delete empty", "empty", "the response of this operation has none"),
    ("indexes.delete stall", "stall", "the response of this operation has none"),
    ("indexes.delete reset=reply", "reset", "the response of this operation has none"),
    ("indexes.delete dribble=1/1s", "dribble", "the response of this operation has none"),
    ("indexes.delete bandwidth=1/s", "bandwidth", "the response of this operation has none"),
    ("indexes.delete body=a", "body", "the response of this operation has none"),
    ("indexes.get status=204 body=a", "body", "a response with status 204 has none"),
    ("indexes.get status=304 truncate=3", "truncate", "a response with status 304 has none"),
    ("indexes.get status=100 malformed", "malformed", "a response with status 100 has none"),
    // Contradictions.
    ("* hang close", "* hang close", "exclude each other"),
    ("* reset truncate=5", "* reset truncate=5", "exclude each other"),
    ("* stall truncate=5", "* stall truncate=5", "exclude each other"),
    ("* stall dribble=1/1s", "* stall dribble=1/1s", "exclude each other"),
    ("* dribble=1/1s bandwidth=1/s", "* dribble=1/1s bandwidth=1/s", "exclude each other"),
    ("* malformed empty", "* malformed empty", "exclude each other"),
    ("* body=a empty", "* body=a empty", "exclude each other"),
    ("* empty truncate=1", "* empty truncate=1", "exclude each other"),
    ("* drop=/a body=b", "* drop=/a body=b", "exclude each other"),
    ("* limit=1/1s status=503", "* limit=1/1s status=503", "exclude each other"),
    ("* status=500 drop=/a", "* status=500 drop=/a", "both edits the service's response and replaces it"),
    ("* drop=/a null=/a", "/a", "is edited twice"),
    ("* hang status=500", "hang", "sends no byte of a response"),
    ("* reset header=a:b", "reset", "sends no byte of a response"),
    ("* close retry-after=1s", "close", "sends no byte of a response"),
    ("* garbage body=a", "garbage", "sends no byte of a response"),
    ("* reset=head delay=1s", "delay", "comes too late"),
    ("* burst=5 status=500", "burst", "goes with limit="),
    ("indexes.get lag=1s delay=1s", "indexes.get lag=1s delay=1s", "changes both the state and the response"),
    ("indexes.get vanish status=410", "indexes.get vanish status=410", "changes both the state and the response"),
];

/// Arguments and environment variables.
type Invocation<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

/// Unusual but valid rules.
const VALID_RULES: &[&str] = &[
    "* status=100",
    "* status=599",
    "* hang first=2 nth=2",
    "* hang skip=3 first=2 every=2 times=1",
    "* hang nth=4 every=2",
    "* hang rate=1",
    "* hang rate=1e-9",
    "* hang rate=30%",
    "* hang rate=100%",
    "* hang between=1s..",
    "* status=503 retry-after=2",
    "* status=503 ttl=1m30s",
    "* delay=1h1m1s1ms1us",
    "* delay=p50:80ms,p99:2s",
    "*@before delay=p50:80ms,p99:80ms",
    "indexes.get,indexes.list@after status=503",
    "directories.*,indexes.get status=503",
    "reads status=503",
    "writes,indexes.list status=503",
    "* hang between=0..1ms",
    "* hang attempt=3 concurrency=2 times=5 every=2 when=header:a~b when=query:c key=llx-a ttl=1h name=A.b_c-9 continue",
    "* malformed",
    "* when=body:/a~1b~c status=500",
    "* when=body:/a~b~1 status=500",
    "* delay=0",
    "* close delay=1s",
    "*@after hang",
    "*@after status=503",
    "*@before delay=1s",
    "indexes.delete status=500 truncate=3",
    "indexes.delete@after reset",
    "indexes.delete content-length=5",
    "indexes.list limit=1/1s burst=9 retry-after=5s body=slow",
    "indexes.list drop=/items/0 drop=/items/0",
    "indexes.get drop=/name malformed",
    "indexes.get status=200 body={}",
    "indexes.* lag=1s",
    "* vanish",
    "* quota=0",
    "indexes.create quota=0 status=403",
    "sync when=body:/name~^x script=pending*3,failed message=\"a \\\"b\\\" \\\\ c\"",
    "sync@before script=ready",
    "* header=a:b header=c:d",
    "* body=\"\" status=500",
    "indexes.get drop=/a~0b~1c/0/-",
    "* status=500 body=\"a=b \u{e9}\"",
];

#[test]
fn rules_that_can_never_strike_are_rejected_with_place_and_reason() {
    let server = server(&[]);
    let client = Client::of(&server);
    for (rule, place, reason) in INVALID_RULES {
        let response = client.post("/__admin/faults", &json!({ "rule": rule }));
        let detail = response.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(response.status, 422, "{rule}");
        let actual = detail.split_once(": ").filter(|_| !place.contains(": ")).map_or("", |(actual, _)| actual);
        assert!(detail.starts_with(&format!("{place}: ")), "{rule}: the place is {actual:?}, not {place:?}");
        assert!(detail.contains(reason), "{rule}: {detail}");
    }
}

#[test]
fn valid_rules_are_accepted_and_shown_as_written() {
    let server = server(&[]);
    let client = Client::of(&server);
    for rule in VALID_RULES {
        let response = client.post("/__admin/faults", &json!({ "rule": rule }));
        assert_eq!(response.status, 201, "{rule}: {}", response.text());
        let shown = response.json()["rule"].clone();
        let name = response.json()["name"].as_str().expect("a name").to_owned();
        let again = client.send("PUT", &format!("/__admin/faults/{name}"), Some(&json!({ "rule": shown })));
        assert_eq!((again.status, &again.json()["rule"]), (200, &shown), "{rule}");
    }
}

#[test]
fn an_invalid_rule_exits_with_64_from_flag_environment_and_scenario() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "description = \"a\"\nfaults = ['* hang', 'indexes.creat hang']\n")
        .expect("the file can be written");
    let file = file.to_str().expect("a string");
    let bad = "indexes.creat hang";
    let invocations: [Invocation<'_>; 4] = [
        (&["--fault", "* hang", "--fault", bad], &[]),
        (&[], &[("LLAMACLOUD_MOCK_FAULT", "* hang\nindexes.creat hang")]),
        (&["--scenario", file], &[]),
        (&["--scenario", "flaky", "--scenario", file], &[]),
    ];
    for (args, environment) in invocations {
        let ended = run(&[&["--port", "0"], args].concat(), environment);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(64), "{args:?}: {stderr}");
        assert!(
            stderr.contains("is not an operation; did you mean indexes.create?") && stderr.contains(bad),
            "{stderr}"
        );
        assert!(ended.stdout.is_empty());
    }
}

#[test]
fn a_missing_or_invalid_scenario_exits_with_64() {
    let folder = temp_dir::TempDir::new().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the file can be written");
        path.to_str().expect("a string").to_owned()
    };
    let cases = [
        ("flakey".to_owned(), "flakey: is not a scenario; did you mean flaky?"),
        (folder.path().join("none.toml").to_str().expect("a string").to_owned(), "none.toml"),
        (file("a.toml", "description = "), "a.toml"),
        (file("b.toml", "description = \"b\""), "has no effect: there is neither a rule"),
        (file("c.toml", "description = \"c\"\nfaults = []\nfault = []"), "unknown field `fault`"),
    ];
    for (scenario, words) in cases {
        let ended = run(&["--port", "0", "--scenario", &scenario], &[]);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(64), "{scenario}: {stderr}");
        assert!(stderr.contains(words), "{scenario}: {stderr}");
    }
}

#[test]
fn a_rule_for_a_key_that_is_not_accepted_is_rejected() {
    let ended = run(&["--port", "0", "--api-key", "llx-good", "--fault", "* hang key=llx-bad"], &[]);
    assert_eq!(ended.status.code(), Some(64));
    let server = server(&[("api-key", "llx-good"), ("fault", "* hang key=llx-good")]);
    let client = Client::of(&server);
    for body in
        [json!({ "rule": "* hang key=llx-bad" }), json!({ "rule": "* hang key=llx-other", "tenant": "llx-good" })]
    {
        let response = client.post("/__admin/faults", &body);
        assert_eq!(response.status, 422, "{body}");
        assert!(
            response.text().contains("would never strike") && !response.text().contains("llx-"),
            "{}",
            response.text()
        );
    }
}
