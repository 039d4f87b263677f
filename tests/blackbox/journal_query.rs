//! Queries over the journal: by operation, status and conditions on the request; and the request headers that entries
//! keep, without credentials and within a limit.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, Upload, manual_clock_server};

const LIST: &str = "/api/v1/indexes";

fn query(client: &Client, query: &str) -> HttpResponse {
    client.get(&format!("/__admin/journal?tenant={}&{query}", client.key()))
}

/// The numbers of the entries that a query finds.
#[track_caller]
fn found(client: &Client, text: &str) -> Vec<u64> {
    let response = query(client, text);
    assert_eq!(response.status, 200, "{text}: {}", response.text());
    let entries = response.json()["entries"].as_array().expect("a list").clone();
    entries.iter().map(|entry| entry["seq"].as_u64().expect("a number")).collect()
}

/// Entry 1 is a create, 2 a list with a header and a parameter, 3 a read of an index that does not exist, 4 no
/// operation.
fn filled(client: &Client) {
    client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": "draft", "description": "a b" }));
    let line = "x-worker: 7\r\nx-worker: 8\r\n";
    client.try_send("GET", &format!("{LIST}?page_size=2"), line, None).expect("a response");
    client.get(&format!("{LIST}/x"));
    client.get("/nowhere");
}

#[test]
fn entries_are_found_by_patterns_of_operations() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    filled(&client);
    for (pattern, numbers) in [
        ("indexes.create", &[1][..]),
        ("indexes.create,indexes.get", &[1, 3]),
        ("indexes.*", &[1, 2, 3]),
        ("directories.*", &[]),
        ("reads", &[2, 3]),
        ("writes", &[1]),
        ("*", &[1, 2, 3]),
    ] {
        assert_eq!(found(&client, &format!("operation={pattern}")), numbers, "{pattern}");
    }
}

#[test]
fn entries_are_found_by_the_conditions_of_fault_rules() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    filled(&client);
    for (conditions, numbers) in [
        ("when=header:x-worker", &[2][..]),
        ("when=header:X-Worker=8", &[2]),
        ("when=header:x-worker=9", &[]),
        ("when=query:page_size=2", &[2]),
        ("when=query:page_size~[3-9]", &[]),
        ("when=body:/name=draft", &[1]),
        ("when=body:/name~^dr", &[1]),
        ("when=body:/description=a+b", &[1]),
        ("when=body:/name&when=body:/description=c", &[]),
        ("when=header:authorization", &[1, 2, 3, 4]),
        ("when=header:x-worker&operation=indexes.list&status=200", &[2]),
    ] {
        assert_eq!(found(&client, conditions), numbers, "{conditions}");
    }
}

#[test]
fn a_query_that_no_entry_can_match_is_rejected_with_the_nearest_word() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (text, detail) in [
        ("operation=indexes.creat", "indexes.creat: is not an operation; did you mean indexes.create?"),
        ("operation=indexes.get,indexs.*", "indexs.*: is not an operation; did you mean indexes.*?"),
        ("operation=read", "read: is not an operation; did you mean reads?"),
        ("status=999", "status: 999 is not a status from 100 to 599"),
        ("when=headr:a", "when=headr:a: \"headr\" is not one of header, query, path, body; did you mean header?"),
        ("when=name", "when=name: is not header:NAME, query:NAME, path:NAME or body:POINTER"),
        ("when=body:name", "when=body:name: \"name\" is not a JSON pointer such as /items/0/id"),
    ] {
        let response = query(&client, text);
        let message = response.json()["detail"].as_str().expect("a sentence").to_owned();
        assert_eq!((response.status, message.starts_with(detail)), (422, true), "{text}: {message}");
    }
    let response = query(&client, "when=header:authorization=llx-a");
    assert_eq!((response.status, response.text().contains("holds a credential")), (422, true), "{}", response.text());
}

#[test]
fn entries_with_a_truncated_body_are_counted_as_undecided_for_body_conditions() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let long = json!({ "source_directory_id": "dir-a", "name": "long", "description": "d".repeat(5000) });
    assert_eq!(client.post(LIST, &long).status, 201);
    client.get(LIST);
    let shown = query(&client, "when=body:/name=long").json();
    assert_eq!((&shown["entries"], &shown["undecided"]), (&json!([]), &json!(1)));
    for text in ["operation=reads&when=body:/name", "when=query:x&when=body:/name", "when=header:host"] {
        assert_eq!(query(&client, text).json().get("undecided"), None, "{text}");
    }
}

#[test]
fn a_form_is_shown_and_found_as_an_object() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    client.add_rule("directories.files.upload status=503 when=body:/upload_file/filename=b.txt");
    let path = format!("/api/v1/beta/directories/{directory}/files/upload");
    let statuses = ["a.txt", "b.txt"].map(|name| {
        Upload::file("upload_file", name, "x".repeat(9000)).text("display_name", name).send(&client, &path).status
    });
    assert_eq!(statuses, [201, 503]);
    let found = query(&client, "when=body:/display_name=b.txt").json();
    let entries = found["entries"].as_array().expect("a list");
    assert_eq!((entries.len(), found.get("undecided")), (1, None));
    let body = &entries[0]["request_body"];
    assert_eq!((&body["display_name"], &body["upload_file"]["size"]), (&json!("b.txt"), &json!(9000)));
    assert_eq!(body["upload_file"]["sha256"].as_str().map(str::len), Some(64));
}

fn headers_of_last(client: &Client) -> Value {
    client.journal().pop().expect("an entry")["request_headers"].clone()
}

#[test]
fn entries_keep_the_headers_of_requests_in_their_order_without_credentials() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let real = format!("llx-{}wxyz", "a1".repeat(20));
    let lines = [
        "x-b: 2",
        "x-a: 1",
        "x-b: 3",
        "cookie: session=secret-cookie",
        "proxy-authorization: Basic secret-proxy",
        "X-Api-Key: secret-key",
        "x-csrf-token: secret-token",
        &format!("x-note: see {real}"),
        "referer: http://localhost/?token=secret-query&page=2",
    ];
    client.try_send("GET", LIST, &format!("{}\r\n", lines.join("\r\n")), None).expect("a response");
    let headers = headers_of_last(&client);
    let names: Vec<&String> = headers.as_object().expect("an object").keys().collect();
    assert_eq!(
        names,
        [
            "host",
            "authorization",
            "x-b",
            "x-a",
            "cookie",
            "proxy-authorization",
            "x-api-key",
            "x-csrf-token",
            "x-note",
            "referer"
        ]
    );
    assert_eq!((&headers["x-b"], &headers["x-a"]), (&json!(["2", "3"]), &json!(["1"])));
    for name in ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-csrf-token"] {
        assert_eq!(headers[name], json!(["…"]), "{name}");
    }
    assert_eq!(headers["x-note"], json!(["see llx-…wxyz"]));
    assert_eq!(headers["referer"], json!(["http://localhost/?token=…&page=2"]));
    let text = headers.to_string();
    assert!(!text.contains("secret") && !text.contains(&real) && !text.contains(client.key()), "{text}");
}

#[test]
fn entries_keep_at_most_64_header_lines_and_8_kib_and_count_the_rest() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let omitted = |client: &Client| client.journal().pop().expect("an entry")["request_headers_omitted"].clone();
    let numbered = |count: usize, value: &str| {
        (0..count).map(|number| format!("x-{number}: {value}\r\n")).collect::<Vec<_>>().concat()
    };
    // The request has the header lines host and authorization in addition.
    for (lines, left_out) in [
        (numbered(62, "a"), Value::Null),
        (numbered(63, "a"), json!(1)),
        (numbered(70, "a"), json!(8)),
        (numbered(10, &"v".repeat(1000)), json!(2)),
        (format!("x-long: {}\r\nx-short: a\r\n", "v".repeat(8192)), json!(1)),
    ] {
        client.try_send("GET", LIST, &lines, None).expect("a response");
        let case = &lines[..lines.len().min(40)];
        assert_eq!(omitted(&client), left_out, "{case}");
        assert!(headers_of_last(&client).to_string().len() < 10_000, "{case}");
    }
    assert_eq!(headers_of_last(&client)["x-short"], json!(["a"]));
}

#[test]
fn entries_are_found_by_a_text_in_path_and_bodies() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    filled(&client);
    client.try_send("POST", LIST, "", Some(r#"{"source_directory_id": "dir-b", "name": "caf\u00e9 \"x\""}"#));
    client.get(&format!("{LIST}?api_key=llx-secret"));
    let id = client.journal()[0]["about"]["id"].as_str().expect("an id").to_owned();
    client.get(&format!("{LIST}/{id}"));
    for (text, numbers) in [
        ("text=DRAFT", &[1, 2, 6, 7][..]),
        ("text=nowhere", &[4]),
        ("text=caf%C3%A9", &[5, 6]),
        ("text=page_size", &[2]),
        ("text=a.b", &[]),
        ("text=secret", &[]),
        ("text=draft&operation=indexes.list&limit=1", &[6]),
        (&format!("text={id}"), &[1, 2, 6, 7]),
    ] {
        assert_eq!(found(&client, text), numbers, "{text}");
    }
    let long = json!({ "source_directory_id": "dir-a", "description": "d".repeat(5000) });
    assert_eq!(client.post(LIST, &long).status, 201);
    assert_eq!(query(&client, "text=not+there").json()["undecided"], 1, "a part of a body is not known");
    assert_eq!(query(&client, &format!("text={}", "x".repeat(256))).status, 200);
    let refusal = query(&client, &format!("text={}", "x".repeat(257)));
    assert_eq!(refusal.status, 422);
    assert_eq!(refusal.json()["detail"], "text: has more than 256 characters");
}

#[test]
fn pages_go_back_from_the_last_entries() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    (0..7).for_each(|_| drop(client.get(LIST)));
    let mut pages = vec![found(&client, "limit=3")];
    while let Some(first) = pages.last().and_then(|page| page.first()) {
        let page = found(&client, &format!("limit=3&before={first}"));
        pages.push(page);
    }
    assert_eq!(pages, [vec![5, 6, 7], vec![2, 3, 4], vec![1], vec![]]);
    assert_eq!(client.get("/__admin/journal?before=3").json()["entries"].as_array().map(Vec::len), Some(2));
    client.with_key("llx-other").get(LIST);
    let refusal = client.get("/__admin/journal?before=3");
    let detail = "before: is a number within a tenant, and several have requests; add tenant";
    assert_eq!((refusal.status, refusal.json()["detail"].as_str()), (422, Some(detail)));
    let refusal = query(&client, "before=x");
    assert_eq!((refusal.status, refusal.json()["detail"].as_str()), (422, Some("before: \"x\" is not a number")));
    let refusal = query(&client, "befor=3");
    assert!(refusal.text().contains("did you mean before?"), "{}", refusal.text());
    assert!(client.get("/__admin/journal.har?before=2&tenant=llx-test").json()["log"]["entries"].is_array());
}
