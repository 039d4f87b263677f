//! The next events of a clock, as the admin API shows them.

use crate::support::{Client, manual_clock_server, server};

/// The next events as their time and kind.
fn next(client: &Client, query: &str) -> Vec<String> {
    let clock = client.get(&format!("/__admin/clock{query}")).json();
    let events = clock["next"].as_array().expect("a list").clone();
    events.iter().map(|event| format!("{} {}", event["at"].as_str().expect("a time"), event["kind"])).collect()
}

#[test]
fn a_clock_shows_the_steps_of_syncs_and_the_windows_of_rules() {
    let rule = "* status=503 between=30s.. name=late";
    let server = manual_clock_server(&[("sync-duration", "10s"), ("export-duration", "5s"), ("fault", rule)]);
    let client = Client::of(&server);
    assert_eq!(next(&client, ""), Vec::<String>::new());
    let index = client.create("dir-a");
    let clock = client.get("/__admin/clock?tenant=llx-test").json();
    let now = clock["now"].as_str().expect("a time");
    let second = |seconds: u32| now.replace(":00Z", &format!(":{seconds}Z"));
    let expected =
        [format!("{} \"indexes\"", second(10)), format!("{} \"indexes\"", second(15)), format!("{} null", second(30))];
    assert_eq!(next(&client, "?tenant=llx-test"), expected);
    assert_eq!(next(&client, ""), expected);
    assert_eq!(clock["next"][0]["id"], index["id"]);
    client.advance("10s");
    assert_eq!(next(&client, ""), expected[1..]);
    client.advance("20s");
    assert_eq!(next(&client, ""), Vec::<String>::new());
}

#[test]
fn an_auto_clock_shows_the_waits_to_which_it_jumps() {
    let server = server(&[("clock", "auto"), ("fault", "indexes.list status=429 retry-after=7s name=wait")]);
    let client = Client::of(&server);
    client.get("/api/v1/indexes");
    let clock = client.get("/__admin/clock?tenant=llx-test").json();
    assert_eq!(clock["next"].as_array().expect("a list").len(), 1, "{clock}");
    assert_eq!(clock["next"][0].get("kind"), None);
}
