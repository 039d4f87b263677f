//! Reports about retries: chains of requests, early and needless retries, and duplicate writes.

use serde_json::{Value, json};

use crate::support::{Client, Upload, manual_clock_server, server, wait_until};

const LIST: &str = "/api/v1/indexes";
const BODY: &str = r#"{"source_directory_id":"dir-a"}"#;

/// Sends a create request with this retry count; its status if there was a response.
fn create(client: &Client, retry: Option<u32>) -> Option<u16> {
    let header = retry.map_or_else(String::new, |count| format!("x-stainless-retry-count: {count}\r\n"));
    client.try_send("POST", LIST, &header, Some(BODY)).map(|response| response.status)
}

fn retries(client: &Client) -> Value {
    client.get(&format!("/__admin/retries?tenant={}", client.key())).json()
}

/// The only chain: the statuses of its attempts, and its early retries, needless retries and duplicate writes.
#[track_caller]
fn chain(client: &Client) -> (Vec<Option<u64>>, [u64; 3]) {
    let retries = retries(client);
    let chains = retries["chains"].as_array().expect("a list");
    assert_eq!(chains.len(), 1, "{retries}");
    let statuses = chains[0]["attempts"].as_array().expect("a list").iter().map(|attempt| attempt["status"].as_u64());
    let counts = ["early_retries", "needless_retries", "duplicate_writes"]
        .map(|name| chains[0][name].as_u64().expect("a number"));
    (statuses.collect(), counts)
}

#[test]
fn requests_with_a_retry_count_form_one_chain() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create status=503 first=2");
    let statuses: Vec<_> = [Some(0), Some(1), Some(2)].map(|retry| create(&client, retry)).to_vec();
    assert_eq!(statuses, [Some(503), Some(503), Some(201)]);
    assert_eq!(chain(&client), (vec![Some(503), Some(503), Some(201)], [0, 0, 0]));
    let shown = retries(&client);
    let first = &shown["chains"][0];
    assert_eq!(
        (&first["operation"], &first["method"], &first["path"]),
        (&json!("indexes.create"), &json!("POST"), &json!(LIST))
    );
    assert_eq!((&first["tenant"], &first["attempts"][0]["gap_ms"]), (&client.journal()[0]["tenant"], &json!(null)));
    assert!(first["attempts"][1]["gap_ms"].is_u64());
    let seqs: Vec<_> =
        first["attempts"].as_array().expect("a list").iter().map(|attempt| attempt["seq"].clone()).collect();
    assert_eq!(seqs, [1, 2, 3]);
}

#[test]
fn equal_requests_without_a_retry_count_form_a_chain_after_a_failure() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create status=503 first=1");
    assert_eq!(
        [create(&client, None), create(&client, None), create(&client, None)],
        [Some(503), Some(201), Some(201)]
    );
    assert_eq!(chain(&client).0, [Some(503), Some(201)]);
    assert_eq!(retries(&client)["single_calls"], 1, "a request after a success starts a new chain");
}

#[test]
fn parallel_requests_are_separated_by_method_body_and_tenant() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("* status=503 first=4");
    let other = client.with_key("llx-other");
    other.add_rule("* status=503 first=2");
    let send = |client: &Client, method: &str, body: Option<&str>, retry: u32| {
        client
            .try_send(method, LIST, &format!("x-stainless-retry-count: {retry}\r\n"), body)
            .map(|response| response.status)
    };
    for retry in 0..2 {
        send(&client, "POST", Some(BODY), retry);
        send(&client, "POST", Some(r#"{"source_directory_id":"dir-b"}"#), retry);
        send(&client, "GET", None, retry);
        send(&other, "GET", None, retry);
    }
    let counts = |client: &Client| {
        retries(client)["chains"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|chain| chain["attempts"].as_array().expect("a list").len())
            .collect::<Vec<_>>()
    };
    assert_eq!((counts(&client), counts(&other)), (vec![2, 2, 2], vec![2]));
    let all = client.get("/__admin/retries").json();
    assert_eq!(all["chains"].as_array().map(Vec::len), Some(4));
}

#[test]
fn a_retry_before_the_promised_time_is_early() {
    let server = manual_clock_server(&[]);
    for (rule, early) in [("retry-after=1h", 1), ("retry-after-ms=3600000", 1), ("retry-after-ms=0", 0), ("", 0)] {
        let client = Client::of(&server).for_case(rule);
        client.add_rule(&format!("indexes.create status=429 {rule} first=1"));
        create(&client, Some(0));
        create(&client, Some(1));
        assert_eq!(chain(&client).1, [early, 0, 0], "{rule}");
    }
    let client = Client::of(&server).with_key("llx-shown");
    client.add_rule("indexes.create status=429 retry-after=2s first=1");
    (0..2).for_each(|retry| _ = create(&client, Some(retry)));
    assert_eq!(retries(&client)["chains"][0]["attempts"][1]["promised_ms"], 2000);
}

#[test]
fn a_retry_after_success_or_a_final_error_is_needless() {
    let server = manual_clock_server(&[]);
    for (rule, needless) in [
        ("status=400", 1),
        ("status=401", 1),
        ("status=404", 1),
        ("status=422", 1),
        ("status=408", 0),
        ("status=409", 0),
        ("status=429", 0),
        ("status=500", 0),
        ("status=504", 0),
        ("status=500 should-retry=false", 1),
        ("status=404 should-retry=true", 0),
        ("reset", 0),
        ("close", 0),
        ("truncate=5", 0),
        ("header=x-a:b", 1),
    ] {
        let client = Client::of(&server).for_case(rule);
        client.add_rule(&format!("indexes.create {rule} first=1"));
        create(&client, Some(0));
        create(&client, Some(1));
        assert_eq!(chain(&client).1[1], needless, "{rule}");
    }
}

#[test]
fn a_retried_write_after_a_lost_response_is_a_duplicate() {
    let server = manual_clock_server(&[]);
    for (rule, doubled) in
        [("@after reset", 1), ("@after status=503", 1), (" truncate=4", 1), (" reset", 0), (" status=503", 0)]
    {
        let client = Client::of(&server).for_case(rule);
        client.add_rule(&format!("indexes.create{rule} first=1"));
        create(&client, Some(0));
        assert_eq!(create(&client, Some(1)), Some(201));
        assert_eq!(chain(&client).1[2], doubled, "{rule}");
    }
}

/// The numbers of the first and the second request of each duplicate write.
fn duplicates(client: &Client) -> Vec<[u64; 2]> {
    let report = retries(client);
    let writes = report["duplicate_writes"].as_array().expect("a list");
    writes.iter().map(|write| ["first", "second"].map(|name| write[name].as_u64().expect("a number"))).collect()
}

#[test]
fn a_second_call_of_the_program_after_a_lost_response_is_a_duplicate() {
    let server = manual_clock_server(&[]);
    let reordered = r#"{"name":"n", "source_directory_id": "dir-a"}"#;
    let original = r#"{"source_directory_id":"dir-a","name":"n"}"#;
    for (rule, expected) in [
        ("@after reset", vec![[1, 2]]),
        ("@after status=503", vec![[1, 2]]),
        (" drop=/id", vec![[1, 2]]),
        (" content-type=text/html", vec![[1, 2]]),
        (" content-length=9999", vec![[1, 2]]),
        (" header=content-encoding:gzip", vec![[1, 2]]),
        (" delay=1ms", vec![]),
        (" header=x-a:b", vec![]),
        (" status=503", vec![]),
    ] {
        let client = Client::of(&server).for_case(rule);
        client.add_rule(&format!("indexes.create{rule} first=1"));
        for body in [original, reordered] {
            // Each call reports that it is the first attempt.
            client.try_send("POST", LIST, "x-stainless-retry-count: 0\r\n", Some(body));
        }
        assert_eq!(duplicates(&client), expected, "{rule}");
    }
}

#[test]
fn a_write_after_the_deletion_of_the_first_is_no_duplicate() {
    let server = manual_clock_server(&[]);
    for field in ["id", "export_config_id"] {
        let client = Client::of(&server).for_case(field);
        client.add_rule("indexes.create@after status=503 first=1");
        assert_eq!(create(&client, None), Some(503));
        let id = client.get(LIST).json()["items"][0][field].as_str().expect("an id").to_owned();
        assert_eq!(client.delete(&format!("{LIST}/{id}")).status, 204);
        assert_eq!(create(&client, None), Some(201));
        assert_eq!(duplicates(&client), Vec::<[u64; 2]>::new(), "{field}");
    }
}

#[test]
fn a_request_that_acts_after_its_own_retry_is_the_first() {
    let server = server(&[("clock", "auto")]);
    let client = Client::of(&server);
    client.add_rule("indexes.create@before delay=1h nth=1");
    // The clock stands while this request is not complete.
    let mut open = client.connect();
    open.send(client.request_bytes("POST", LIST, "content-length: 9\r\n", None));
    client.wait_for_open_calls(1);
    let mut first = client.connect();
    first.send(client.request_bytes("POST", LIST, "x-stainless-retry-count: 0\r\n", Some(BODY)));
    wait_until("the first request waits", || client.get("/__admin/faults").json()["faults"][0]["strikes"] == 1);
    first.reset();
    assert_eq!(create(&client, Some(1)), Some(201));
    open.reset();
    wait_until("the first request has ended", || duplicates(&client) == [[2, 3]]);
    assert_eq!(chain(&client).0, [Some(201), Some(201)]);
}

#[test]
fn only_the_deletion_of_the_first_resource_itself_makes_room() {
    let server = manual_clock_server(&[]);
    let directories = "/api/v1/beta/directories";
    let body = json!({ "name": "d", "type": "ephemeral" });
    for (case, is_left) in [
        ("child", true),
        ("escaped", false),
        ("vanish", false),
        ("expiry", false),
        ("expiry and a look", false),
        ("mention", true),
    ] {
        let client = Client::of(&server).for_case(case);
        client.add_rule("directories.create@after reset nth=1");
        client.try_send("POST", directories, "", Some(&body.to_string()));
        let id = client.get(directories).json()["items"][0]["id"].as_str().expect("an id").to_owned();
        match case {
            "child" => {
                let file = client.upload(&id, "a.txt", "a")["id"].as_str().expect("an id").to_owned();
                assert_eq!(client.delete(&format!("{directories}/{id}/files/{file}")).status, 204);
            }
            "escaped" => {
                assert_eq!(client.delete(&format!("{directories}/{}", id.replace('-', "%2D"))).status, 204);
            }
            "vanish" => {
                client.add_rule("directories.get vanish");
                assert_eq!(client.get(&format!("{directories}/{id}")).status, 404);
            }
            "expiry" => client.advance("25h"),
            "expiry and a look" => {
                client.advance("25h");
                assert_eq!(client.get(&format!("/__admin/state?tenant={}", client.key())).status, 200);
            }
            _ => {
                let other = client.directory("other");
                assert_eq!(client.delete(&format!("{directories}/{other}?note={id}")).status, 204);
            }
        }
        assert_eq!(client.post(directories, &body).status, 201);
        assert_eq!(!duplicates(&client).is_empty(), is_left, "{case}");
    }
}

#[test]
fn a_form_is_the_same_request_whatever_its_boundary() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let directory = client.directory("d");
    let path = format!("/api/v1/beta/directories/{directory}/files/upload");
    client.add_rule("directories.files.upload@after reset first=1");
    let form = Upload::file("upload_file", "a.txt", "content").text("display_name", "A");
    assert!(form.try_send(&client, &path).is_none());
    let other = Upload::file("upload_file", "a.txt", "other content").text("display_name", "A");
    assert_eq!(other.send(&client, &path).status, 201);
    assert_eq!(form.framed_differently().send(&client, &path).status, 201);
    assert_eq!(duplicates(&client), [[2, 4]]);
    let (statuses, counts) = chain(&client);
    assert_eq!((statuses[1], counts), (Some(201), [0, 0, 1]));
}

#[test]
fn long_bodies_are_compared_as_a_whole() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.create@after reset");
    let body = |end: &str| {
        let description = "d".repeat(5000) + end;
        json!({ "source_directory_id": "dir-a", "description": description, "name": "n" }).to_string()
    };
    for end in ["1", "2", "1"] {
        client.try_send("POST", LIST, "", Some(&body(end)));
    }
    assert_eq!(duplicates(&client), [[1, 3]]);
}

#[test]
fn a_date_in_retry_after_is_a_promise() {
    let server = manual_clock_server(&[]);
    for (date, early) in [("Fri, 31 Dec 9998 23:59:59 GMT", 1), ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("soon", 0)] {
        let client = Client::of(&server).for_case(date);
        client.add_rule(&format!("indexes.create status=429 \"header=retry-after:{date}\" first=1"));
        create(&client, Some(0));
        create(&client, Some(1));
        assert_eq!(chain(&client).1, [early, 0, 0], "{date}");
    }
}

#[test]
fn a_slow_response_does_not_count_as_lost() {
    let server = manual_clock_server(&[("time-scale", "0"), ("fault", "indexes.create dribble=9/1s")]);
    let client = Client::of(&server);
    assert_eq!([create(&client, None), create(&client, None)], [Some(201), Some(201)]);
    assert_eq!((&retries(&client)["chains"], &retries(&client)["single_calls"]), (&json!([]), &json!(2)));
}

#[test]
fn spacing_compares_gaps_per_attempt_without_promised_waits() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.add_rule("indexes.get status=503 times=4");
    client.add_rule("indexes.create status=429 retry-after=1s times=1");
    for retry in 0..2 {
        for id in ["idx-a", "idx-b"] {
            client.try_send("GET", &format!("{LIST}/{id}"), &format!("x-stainless-retry-count: {retry}\r\n"), None);
        }
        create(&client, Some(retry));
    }
    let spacing = retries(&client)["spacing"].clone();
    assert_eq!(
        (spacing.as_array().map(Vec::len), &spacing[0]["attempt"], &spacing[0]["chains"]),
        (Some(1), &json!(2), &json!(2))
    );
    let (least, most) =
        (spacing[0]["least_ms"].as_u64().expect("a number"), spacing[0]["most_ms"].as_u64().expect("a number"));
    assert!(least <= most && ["lockstep", "jitter"].contains(&spacing[0]["verdict"].as_str().expect("two chains")));
}
