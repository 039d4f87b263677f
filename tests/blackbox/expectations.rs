//! Expectations: how many requests or resources are as a line says, whether one can tell, and what is nearest.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, KEY, Program, run, server, wait_until};

const LIST: &str = "/api/v1/indexes";
const VERIFY: &str = "/__admin/verify";

fn verify(client: &Client, expect: impl Into<Value>) -> HttpResponse {
    client.post(VERIFY, &json!({ "tenant": client.key(), "expect": expect.into() }))
}

/// Asserts the status and the count of a verdict.
#[track_caller]
fn assert_verdict(client: &Client, expect: &str, status: u16, count: u64) {
    let response = verify(client, expect);
    assert_eq!(
        (response.status, response.json()["count"].as_u64()),
        (status, Some(count)),
        "{expect}: {}",
        response.text()
    );
}

/// Asserts that an expectation is refused with this sentence.
#[track_caller]
fn assert_refused(client: &Client, expect: impl Into<Value>, detail: &str) {
    let response = verify(client, expect);
    assert_eq!((response.status, response.json()), (422, json!({ "detail": detail })));
}

/// The exit code, stdout and stderr of the program with these arguments.
fn ended(args: &[&str]) -> (Option<i32>, String, String) {
    let ended = run(args, &[]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (ended.status.code(), text(&ended.stdout), text(&ended.stderr))
}

/// Creates an index with this name; its status.
fn create(client: &Client, name: &str) -> u16 {
    client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": name })).status
}

#[test]
fn requests_are_counted_by_operation_status_condition_fault_and_outcome() {
    let server = server(&[("fault", "indexes.create name=busy status=429 first=1"), ("max-body-bytes", "64KiB")]);
    let client = Client::of(&server);
    assert_eq!((create(&client, "a"), create(&client, "a"), create(&client, "b")), (429, 201, 201));
    client.get(LIST);
    for (expect, status, count) in [
        ("indexes.create", 200, 3),
        ("indexes.create count=3", 200, 3),
        ("indexes.create count=2..3", 200, 3),
        ("indexes.create count=..2", 409, 3),
        ("indexes.create count=4..", 409, 3),
        ("indexes.create status=201 count=2", 200, 2),
        ("indexes.create status=4xx count=1", 200, 1),
        ("indexes.create status=5xx count=0", 200, 0),
        ("indexes.* count=4", 200, 4),
        ("reads,indexes.create count=4", 200, 4),
        ("indexes.create when=body:/name=a status=201 count=1", 200, 1),
        ("indexes.create when=body:/name~^[ab]$ when=body:/source_directory_id=dir-a count=3", 200, 3),
        ("indexes.create fault=busy count=1", 200, 1),
        ("indexes.create outcome=sent count=3", 200, 3),
        ("indexes.create outcome=cut count=0", 200, 0),
        ("directories.create count=0", 200, 0),
        ("directories.create", 409, 0),
    ] {
        assert_verdict(&client, expect, status, count);
    }
    let shown = verify(&client, "indexes.*").json();
    assert_eq!(shown["entries"].as_array().map(Vec::len), Some(3), "the first three that match are shown");
    let object = json!({ "operation": "indexes.create", "when": ["body:/name=a"], "status": 201, "count": 1 });
    assert_eq!(verify(&client, object).status, 200);
}

#[test]
fn a_miss_names_what_differs_with_the_nearest_first() {
    let server = server(&[]);
    let client = Client::of(&server);
    for name in ["Draft", "final", "other"] {
        create(&client, name);
    }
    client.get(LIST);
    let response = verify(&client, "indexes.create status=201 when=body:/name=draft");
    assert_eq!(response.status, 409);
    let body = response.json();
    let differs = |actual: &str| json!([{ "where": "body:/name", "expected": "draft", "actual": actual }]);
    assert_eq!(body["misses"][0], json!({ "seq": 1, "differs": differs("Draft") }), "{body}");
    assert_eq!((&body["missed"], &body["count"]), (&json!(3), &json!(0)));
    assert_eq!(body["expected"], "indexes.create status=201 when=body:/name=draft");
    assert_eq!(
        body["detail"],
        "3 requests of indexes.create, 0 as expected; expected at least 1; nearest: request 1: body:/name is Draft, \
         expected draft"
    );
    let one = client.post(VERIFY, &json!({ "tenant": KEY, "expect": "indexes.get", "misses": 1 })).json();
    assert_eq!(
        (&one["misses"], &one["detail"]),
        (&json!([]), &json!("no request of indexes.get; expected at least 1"))
    );
    let several = json!({ "tenant": KEY, "expect": "indexes.create status=404", "misses": 2 });
    assert_eq!(client.post(VERIFY, &several).json()["misses"].as_array().map(Vec::len), Some(2));
}

#[test]
fn live_resources_are_counted_by_what_the_state_shows() {
    let server = server(&[("clock", "manual")]);
    let client = Client::of(&server);
    let directory = client.directory("docs");
    create(&client, "a");
    for (expect, status, count) in [
        ("state directories count=2..", 200, 3),
        ("state directories when=body:/name=docs count=1", 200, 1),
        ("state indexes when=body:/metadata/status=pending count=1", 200, 1),
        ("state indexes when=body:/metadata/status=ready count=1", 409, 0),
        ("state directory_files count=0", 200, 0),
    ] {
        assert_verdict(&client, expect, status, count);
    }
    let miss = verify(&client, "state directories when=body:/name=Docs").json();
    assert_eq!(
        (&miss["misses"][0]["id"], &miss["misses"][0]["differs"][0]["actual"]),
        (&json!(directory), &json!("docs"))
    );
    client.delete(&format!("/api/v1/beta/directories/{directory}"));
    assert_verdict(&client, "state directories when=body:/name=docs count=0", 200, 0);
}

#[test]
fn an_expectation_that_nothing_can_meet_or_that_expects_nothing_is_refused() {
    let server = server(&[("fault", "indexes.create name=busy status=429 first=1")]);
    let client = Client::of(&server);
    create(&client, "a");
    for (expect, detail) in [
        ("", "expect: is empty; it begins with an operation, or with state and a kind of resources"),
        ("indexes.creat", "expect: indexes.creat: is not an operation; did you mean indexes.create?"),
        ("indexes.create@after", "expect: indexes.create@after: has a phase, which only fault rules have"),
        ("indexes.create status=99", "expect: status: 99 is not a status from 100 to 599, nor a class such as 2xx"),
        ("indexes.create count=3..2", "expect: count=3..2: 3 is more than 2"),
        ("indexes.create count=0..", "expect: count=0..: expects nothing: it accepts every number"),
        ("indexes.create count=x", "expect: count=x: \"x\" is not a number; a count is N, N.., ..N or N..M"),
        ("indexes.create statu=200", "expect: statu: is not a word of an expectation; did you mean status?"),
        ("indexes.create status=200 status=201", "expect: status: is given twice"),
        ("indexes.create fault=bus", "expect: fault=bus: is not the name of a rule; did you mean busy?"),
        ("indexes.create outcome=gone", "expect: outcome: \"gone\" is not one of open, sent, cut, client_gone"),
        (
            "indexes.create first",
            "expect: first: is without a value; the words are status=, when=, fault=, outcome= and count=",
        ),
        ("state index", "expect: state: \"index\" is not one of"),
        ("state indexes status=201", "expect: status=201: is about requests, not resources"),
        ("state indexes when=query:a", "expect: when=query:a: is about requests, not resources"),
    ] {
        let response = verify(&client, expect);
        assert_eq!(response.status, 422, "{expect}: {}", response.text());
        let shown = response.json()["detail"].as_str().expect("a text").to_owned();
        assert!(shown.starts_with(detail), "{shown}\nnot\n{detail}");
    }
    assert_refused(&client, json!(["a"]), "expect: takes a line such as \"indexes.create count=1\", or an object");
    assert_refused(
        &client,
        json!({ "count": 1 }),
        "expect: is without operation, for requests, and without state, for resources",
    );
    let both = json!({ "operation": "indexes.create", "state": "indexes" });
    assert_refused(&client, both, "expect: state: is beside operation; an expectation is about one");
    assert_eq!(client.post(VERIFY, &json!({ "tenant": KEY })).json()["detail"], "expect: is missing");
    let unknown = client.post(VERIFY, &json!({ "tenant": "llx-other", "expect": "indexes.create" }));
    assert_eq!(unknown.status, 404);
}

#[test]
fn a_verdict_that_evicted_or_open_requests_could_change_is_412() {
    let server = server(&[("journal-entries", "2")]);
    let client = Client::of(&server);
    for name in ["a", "b", "c"] {
        create(&client, name);
    }
    for (expect, status) in [
        ("indexes.create count=2..", 200),
        ("indexes.create count=3..", 412),
        ("indexes.create count=2", 412),
        ("indexes.create count=..1", 409),
        ("indexes.create when=body:/name=a", 412),
        ("indexes.create when=body:/name=a count=0", 412),
    ] {
        assert_eq!(verify(&client, expect).status, status, "{expect}");
    }
    assert!(verify(&client, "indexes.create count=3..").text().contains("1 requests were evicted (--journal-entries"));
    let open = client.for_case("open");
    open.add_rule("indexes.create@before delay=1h");
    let mut connection = open.connect();
    connection.send(open.request_bytes("POST", LIST, "", Some(r#"{"source_directory_id":"d"}"#)));
    wait_until("it is recorded", || open.journal().len() == 1);
    assert_verdict(&open, "indexes.create count=1", 200, 1);
    assert_verdict(&open, "indexes.create status=201", 412, 0);
    let check = open.post("/__admin/check", &json!({ "tenant": open.key(), "no_litter": true }));
    let check = &check.json()["checks"][0];
    assert_eq!(
        (&check["result"], &check["details"][0]),
        (&json!("not_judged"), &json!("1 requests have not ended: indexes.create (request 1)"))
    );
}

#[test]
fn a_verdict_waits_until_it_is_met_or_broken_for_good() {
    let server = server(&[]);
    let client = Client::of(&server);
    create(&client, "a");
    let ask = |expect: &str| {
        let mut connection = client.connect();
        let body = json!({ "tenant": client.key(), "expect": expect, "within": "1m" }).to_string();
        connection.send(client.request_bytes("POST", VERIFY, "content-type: application/json\r\n", Some(&body)));
        connection
    };
    // Over the upper bound it is broken for good.
    assert_eq!(ask("indexes.create count=0").read_response().expect("a response").status, 409);
    let mut waiting = ask("indexes.create count=2");
    create(&client, "b");
    assert_eq!(waiting.read_response().expect("a response").status, 200);
    let mut ready = ask("state indexes when=body:/metadata/status=ready count=2");
    assert_eq!(ready.read_response().expect("a response").status, 200);
    for (within, detail) in
        [("x", "within: \"x\" is not a duration like 10ms, 2s, 5m or 1m30s"), ("1h", "within: is longer than 5m")]
    {
        let response = client.post(VERIFY, &json!({ "expect": "indexes.create", "within": within }));
        assert_eq!(response.json()["detail"], detail);
    }
}

#[test]
fn check_reports_expectations_order_and_what_was_not_expected() {
    let program = Program::start(&[], &[]);
    let client = Client::at(program.address);
    client.directory("docs");
    create(&client, "a");
    client.post(LIST, &json!({}));
    client.get("/api/v1/indexs");
    client.get("/api/v2/parse");
    let without_key = "GET /api/v1/indexes HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.connect().send(without_key).read_response().expect("a response");
    let port = program.address.port().to_string();
    let check = |args: &[&str]| ended(&[&["check", "--port", &port], args].concat());
    for (args, code, line) in [
        (
            &["--expect", "indexes.create status=201 count=1"][..],
            0,
            "passed: --expect 'indexes.create status=201 count=1'",
        ),
        (&["--expect", "state indexes count=2"], 2, "  1 resource of indexes, 1 as expected; expected 2"),
        (&["--expect", "indexes.create when=body:/name=A"], 2, "body:/name is a, expected A"),
        (&["--expect-order", "directories.create, indexes.*"], 0, "passed: --expect-order"),
        (
            &["--expect-order", "indexes.create, directories.*"],
            2,
            "indexes.create was first requested by request 2, after directories.* by request 1",
        ),
        (&["--expect-order", "directories.*, chat.create"], 2, "chat.create was never requested"),
        (&["--no-unexpected"], 2, "POST /api/v1/indexes: 422, refused"),
        (&["--no-unexpected"], 2, "no tenant: request 1: GET /api/v1/indexes: 401, refused"),
        (&["--no-unexpected"], 2, "GET /api/v2/parse: 404, a call of another product of the API"),
        (&["--no-unexpected", "--tenant", KEY], 2, "GET /api/v1/indexs: 404, no operation has this method and path"),
        (&["--no-lockstep"], 2, "not judged: --no-lockstep"),
        (
            &["--expect", "indexes.creat"],
            64,
            "expect: indexes.creat: is not an operation; did you mean indexes.create?",
        ),
        (&["--expect-order", "indexes.create"], 64, "expect_order: has one operation; an order needs two"),
        (&["--within", "1s"], 64, "arguments are missing"),
        (&["--within", "1s", "--no-litter"], 64, "--expect"),
    ] {
        let (exit, stdout, stderr) = check(args);
        let shown = format!("{stdout}{stderr}");
        assert_eq!(exit, Some(code), "{args:?}: {shown}");
        assert!(shown.contains(line), "{args:?}: {shown}\nis without\n{line}");
    }
}

#[test]
fn without_a_request_only_expectations_of_the_state_are_judged() {
    let server = server(&[]);
    let client = Client::of(&server);
    client.post("/__admin/reset", &json!({ "tenant": KEY }));
    let result = |expect: &str| {
        let report = client.post("/__admin/check", &json!({ "tenant": KEY, "expect": [expect] })).json();
        report["result"].as_str().expect("a result").to_owned()
    };
    assert_eq!(result("state indexes count=0"), "passed");
    assert_eq!(result("indexes.create count=0"), "not_judged");
    assert_verdict(&client, "indexes.create count=0", 200, 0);
}

#[test]
fn exec_judges_expectations_when_its_command_has_ended() {
    let script = r#"curl -s -H "authorization: Bearer $LLAMA_CLOUD_API_KEY" "$LLAMA_CLOUD_BASE_URL/api/v1/indexes""#;
    let exec = |expect: &str| ended(&["exec", "--check-expect", expect, "--", "sh", "-c", script]);
    assert_eq!(exec("indexes.list status=200 count=1").0, Some(0));
    let (code, _, errors) = exec("indexes.create");
    assert_eq!(code, Some(2));
    assert!(errors.contains("failed: --check-expect 'indexes.create'"), "{errors}");
    // What the command began goes on: the judge waits for it.
    let create = r#"curl -s -H "authorization: Bearer $LLAMA_CLOUD_API_KEY" -H "content-type: application/json" \
        -d '{"source_directory_id":"d"}' "$LLAMA_CLOUD_BASE_URL/api/v1/indexes""#;
    let ready = "state indexes when=body:/metadata/status=ready";
    let flags = ["--sync-duration", "300ms", "--check-expect", ready, "--check-within", "1m"];
    let (code, _, errors) = ended(&[&["exec"], &flags[..], &["--", "sh", "-c", create]].concat());
    assert_eq!(code, Some(0), "{errors}");
    let (code, stdout, _) = exec("indexes.lists");
    assert_eq!((code, stdout.as_str()), (Some(64), ""), "the command is not run");
}
