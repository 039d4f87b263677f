//! Rules whose effect no client could see: they are inapplicable and have not struck, and the response is not marked.

use serde_json::{Value, json};

use crate::support::{Client, DIRECTORIES, HttpResponse, INDEXES, Program, manual_clock_server, server};

/// The paths of a directory and of an index over it.
fn paths(client: &Client) -> (String, String) {
    let id = |resource: Value| resource["id"].as_str().expect("an id").to_owned();
    let directory = id(client.post(DIRECTORIES, &json!({ "name": "d" })).json());
    let index = id(client.create(&directory));
    (format!("{DIRECTORIES}/{directory}"), format!("{INDEXES}/{index}"))
}

/// The response to a request that meets a rule, and the outcome of the rule.
fn meet(client: &Client, rule: &str, send: impl Fn(&Client) -> HttpResponse) -> (HttpResponse, String) {
    client.add_rule(&format!("{rule} name=it"));
    (send(client), client.fault_outcomes().pop().expect("an entry"))
}

#[test]
fn an_effect_that_changes_nothing_is_inapplicable_and_unmarked() {
    let server = manual_clock_server(&[("page-size", "1")]);
    for rule in [
        // An index has no description, and the name of its directory.
        "indexes.get null=/description",
        "indexes.get add=/name:\"\\\"d\\\"\"",
        "indexes.get drop=/nowhere",
        "indexes.get null=/nowhere",
        "indexes.get retype=/nowhere",
        "indexes.get rename=/nowhere:a",
        "indexes.get add=/nowhere/at/all:1",
        "indexes.get drop=/nowhere delay=1ms",
        "indexes.get content-type=application/json",
        "indexes.get header=content-type:application/json",
        "indexes.get truncate=100000",
        "indexes.get bandwidth=1000000/s",
        "indexes.get dribble=100000/1s",
        "indexes.get delay=0",
        "indexes.get@before delay=0",
        "indexes.get lag=1s",
        "indexes.list lag=1s",
        "indexes.list page=repeat-token",
        "indexes.list page=empty-middle",
        "indexes.list page=expired-token",
        "directories.list lag=1s",
    ] {
        let client = Client::of(&server).for_case(rule);
        let (_, index) = paths(&client);
        client.advance("1s");
        let path = match rule.split(' ').next() {
            Some("indexes.list") => INDEXES,
            Some("directories.list") => DIRECTORIES,
            _ => &index,
        };
        let before = client.get(path);
        let (after, outcome) = meet(&client, rule, |client| client.get(path));
        assert_eq!((after, outcome.as_str()), (before, "it inapplicable"), "{rule}");
    }
}

#[test]
fn a_replacement_that_equals_the_response_and_a_missing_target_are_inapplicable() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server).for_case("same status");
    let (_, index) = paths(&client);
    let (response, outcome) = meet(&client, "indexes.delete@after status=204", |client| client.delete(&index));
    assert_eq!((response.status, response.header("x-mock-fault"), &*outcome), (204, None, "it inapplicable"));
    let client = Client::of(&server).for_case("vanish");
    let (response, outcome) =
        meet(&client, "indexes.get vanish", |client| client.get(&format!("{INDEXES}/idx-nowhere")));
    assert_eq!((response.status, response.header("x-mock-fault"), &*outcome), (404, None, "it inapplicable"));
    let client = Client::of(&server).for_case("length");
    let (_, index) = paths(&client);
    let length = client.get(&index).body.len();
    let (response, outcome) =
        meet(&client, &format!("indexes.get content-length={length}"), |client| client.get(&index));
    assert_eq!((response.header("x-mock-fault"), &*outcome), (None, "it inapplicable"));
}

#[test]
fn a_script_of_a_refused_create_has_not_struck() {
    let server = manual_clock_server(&[("strict-references", "true")]);
    let (response, outcome) = meet(&Client::of(&server), "sync script=failed", |client| {
        client.post(INDEXES, &json!({ "source_directory_id": "dir-nowhere", "name": "n" }))
    });
    assert_eq!((response.status, &*outcome), (404, "it inapplicable"));
}

#[test]
fn a_lag_strikes_reads_that_miss_a_write() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let (_, index) = paths(&client);
    client.add_rule("indexes.get,indexes.list lag=2s name=it");
    let others = client.with_key("llx-other");
    let seen = |client: &Client, path: &str| {
        let response = client.get(path);
        (response.status, response.header("x-mock-fault").is_some(), client.fault_outcomes().pop().expect("an entry"))
    };
    assert_eq!(seen(&client, &index), (404, true, "it struck".to_owned()));
    assert_eq!(seen(&client, INDEXES), (200, true, "it struck".to_owned()));
    assert_eq!(seen(&client, &format!("{INDEXES}/idx-nowhere")), (404, false, "it inapplicable".to_owned()));
    client.advance("2s");
    assert_eq!(seen(&client, &index), (200, false, "it inapplicable".to_owned()));
    assert_eq!(client.delete(&index).status, 204);
    assert_eq!(seen(&client, &index), (200, true, "it struck".to_owned()));
    assert_eq!(seen(&client, INDEXES), (200, true, "it struck".to_owned()));
    client.advance("2s");
    assert_eq!(seen(&client, INDEXES), (200, false, "it inapplicable".to_owned()));
    assert_eq!(others.get(INDEXES).header("x-mock-fault"), None);
}

fn auto(faults: &[&str]) -> Vec<String> {
    let faults = faults.iter().flat_map(|rule| ["--fault".to_owned(), (*rule).to_owned()]);
    ["--clock", "auto", "--strict-faults"].into_iter().map(str::to_owned).chain(faults).collect()
}

fn start(args: &[String]) -> Program {
    Program::start(&args.iter().map(String::as_str).collect::<Vec<_>>(), &[])
}

#[test]
fn a_lag_on_an_auto_clock_is_missed_once_by_a_read_that_can_show_it() {
    let program = start(&auto(&["directories.get lag=1h", "indexes.get lag=1m"]));
    let client = Client::at(program.address);
    let (directory, index) = paths(&client);
    // Other requests do not use it up, nor does a read of another resource, or of the same one by another operation.
    for path in [DIRECTORIES, INDEXES, "/api/v1/projects", &format!("{DIRECTORIES}/dir-nowhere")] {
        client.get(path);
    }
    let statuses = |path: &str| [client.get(path), client.get(path), client.get(path)].map(|response| response.status);
    assert_eq!(statuses(&directory), [404, 200, 200]);
    assert_eq!(statuses(&index), [404, 200, 200]);
    assert_eq!(client.delete(&directory).status, 204);
    assert_eq!(statuses(&directory), [200, 404, 404]);
    let (code, stderr) = program.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn a_lag_on_an_auto_clock_that_no_read_could_show_has_not_struck() {
    let program = start(&auto(&["directories.get lag=1h"]));
    let client = Client::at(program.address);
    let (_, index) = paths(&client);
    for path in [&*index, DIRECTORIES, &format!("{DIRECTORIES}/dir-nowhere")] {
        client.get(path);
    }
    let (code, stderr) = program.terminate();
    assert!(code == Some(2) && stderr.contains("directories.get lag=1h"), "{code:?} {stderr}");
}

#[test]
fn a_lag_on_an_auto_clock_keeps_no_other_event_from_coming() {
    let server = server(&[("clock", "auto"), ("sync-duration", "1h"), ("fault", "directories.get lag=1s")]);
    let client = Client::of(&server);
    let (directory, index) = paths(&client);
    assert_eq!(client.get(&index).json()["metadata"]["status"], "ready", "the clock jumps to the end of the sync");
    assert_eq!([client.get(&directory).status, client.get(&directory).status], [404, 200]);
    // A time that somebody sets is past the lag.
    let (directory, _) = paths(&client);
    client.advance("1s");
    assert_eq!(client.get(&directory).status, 200);
}

#[test]
fn a_lag_holds_back_no_write_from_before_its_rule() {
    let server = server(&[("clock", "auto"), ("sync-duration", "1h")]);
    let client = Client::of(&server);
    let (directory, index) = paths(&client);
    assert_eq!(client.get(&index).json()["metadata"]["status"], "ready");
    client.add_rule("directories.get lag=1s name=it");
    assert_eq!(client.get(&directory).status, 200);
    assert_eq!(client.fault_outcomes().pop().as_deref(), Some("it inapplicable"));
}
