//! Several rules on one call: the first that strikes wins, unless it says `continue`; the others are noted as shadowed.

use serde_json::json;

use crate::support::{Client, server, standing, wait_until};

const LIST: &str = "/api/v1/indexes";

/// A server with these rules, in this order.
fn with_rules(rules: &[&str]) -> llamacloud_mock::embedded::MockServer {
    let settings: Vec<_> = rules.iter().map(|rule| ("fault", *rule)).collect();
    standing(&[&[("time-scale", "0")], settings.as_slice()].concat())
}

#[test]
fn the_first_rule_that_strikes_wins_in_the_order_given() {
    let server =
        with_rules(&["indexes.list status=503 nth=2 name=a", "indexes.* status=500 name=b", "* status=429 name=c"]);
    let client = Client::of(&server);
    let calls = ["/api/v1/indexes", "/api/v1/indexes", "/api/v1/beta/directories/dir-x"];
    assert_eq!(calls.map(|path| client.get(path).status), [500, 503, 429]);
    assert_eq!(client.fates(), ["b struck, c shadowed", "a struck, b shadowed, c shadowed", "c struck"]);
}

#[test]
fn a_shadowed_strike_is_counted_as_a_match_alone() {
    let server = with_rules(&["indexes.list status=503 name=a", "indexes.list status=500 times=1 name=b"]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 503]);
    let shown = client.get("/__admin/faults/b").json();
    assert_eq!((&shown["matches"], &shown["strikes"]), (&json!(2), &json!(0)));
    assert_eq!(client.delete("/__admin/faults/a").status, 204);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [500, 200]);
}

#[test]
fn a_rule_that_says_continue_lets_the_next_one_strike_too() {
    let server = with_rules(&[
        "indexes.list delay=1h header=x-late:1 continue name=late",
        "indexes.list status=503 continue name=down",
        "indexes.list retry-after=7s name=told",
        "indexes.list status=500 name=never",
    ]);
    let client = Client::of(&server);
    let answer = client.get(LIST);
    assert_eq!((answer.status, answer.header("x-late"), answer.header("retry-after")), (503, Some("1"), Some("7")));
    assert_eq!(client.fates(), ["late struck, down struck, told struck, never shadowed"]);
}

#[test]
fn a_rule_that_only_holds_back_wins_like_any_other() {
    let server = with_rules(&["indexes.list delay=1h first=1 name=late", "indexes.list status=503 name=down"]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [200, 503]);
    assert_eq!(client.fates(), ["late struck, down shadowed", "down struck"]);
}

#[test]
fn both_phases_keep_one_order() {
    let rules = [
        "indexes.create@after status=500 nth=1 name=lost",
        "indexes.create delay=1h name=late",
        "indexes.create@after status=502 name=behind",
    ];
    let server = with_rules(&rules);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a" });
    assert_eq!([client.post(LIST, &body).status, client.post(LIST, &body).status], [500, 201]);
    assert_eq!(client.fates(), ["late struck, lost struck, behind shadowed", "late struck, behind shadowed"]);
}

#[test]
fn what_happens_to_a_sync_is_a_matter_of_its_own() {
    let server = with_rules(&[
        "sync script=failed name=fails",
        "sync script=ready name=other",
        "indexes.create@after status=500 name=lost",
    ]);
    let client = Client::of(&server);
    assert_eq!(client.post(LIST, &json!({ "source_directory_id": "dir-a" })).status, 500);
    assert_eq!(client.fates(), ["fails struck, other shadowed, lost struck"]);
    assert_eq!(client.get(LIST).json()["items"][0]["metadata"]["status"], "failed");
}

#[test]
fn rules_that_strike_at_the_head_keep_the_order() {
    for (rules, fates, answered) in [
        (["indexes.list status=503 name=a", "indexes.list reset=head name=b"], "a struck, b shadowed", true),
        (["indexes.list delay=1h continue name=a", "indexes.list reset=head name=b"], "a struck, b struck", false),
        (["indexes.list reset=head continue name=a", "indexes.list status=503 name=b"], "a struck, b shadowed", false),
    ] {
        let server = with_rules(&rules);
        let client = Client::of(&server);
        assert_eq!(client.try_call("GET", LIST, "", None).is_some(), answered, "{rules:?}");
        assert_eq!(client.fates(), [fates], "{rules:?}");
    }
}

#[test]
fn names_are_given_or_made_and_are_there_once() {
    let server = with_rules(&["indexes.list status=503 nth=1", "indexes.list status=500 name=mine"]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).header("x-mock-fault"), Some("rule-1"));
    assert_eq!(client.get(LIST).header("x-mock-fault"), Some("mine"));
    let twice =
        llamacloud_mock::embedded::MockServer::builder().set("fault", "* hang name=a").set("fault", "* close name=a");
    assert!(twice.start().expect_err("a name is there once").contains("two rules have the name a"));
}

#[test]
fn a_time_to_live_is_real_time_whatever_the_tenant_s_clock_does() {
    for clock in ["manual", "auto"] {
        let rules = ["indexes.list status=503 ttl=1h name=long", "indexes.list status=500"];
        let settings: Vec<_> = rules.iter().map(|rule| ("fault", *rule)).chain([("clock", clock)]).collect();
        let server = server(&settings);
        let client = Client::of(&server);
        client.advance("48h");
        assert_eq!(client.get(LIST).status, 503, "{clock}");
        assert_eq!(client.post("/__admin/faults", &json!("indexes.get status=503 ttl=1us name=short")).status, 201);
        wait_until("its time is over", || client.get("/__admin/faults/short").status == 404);
    }
}

#[test]
fn rules_that_look_at_the_body_and_rules_at_the_head_go_together() {
    let server = with_rules(&[
        "indexes.create status=503 when=body:/name=a name=body",
        "indexes.list reset=head name=head",
        "indexes.create quota=1 name=quota",
    ]);
    let client = Client::of(&server);
    let call = |name: &str| client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": name })).status;
    assert_eq!(["a", "b", "b", "a"].map(call), [503, 201, 402, 503]);
    assert_eq!(client.fates(), ["body struck", "", "quota struck", "body struck, quota shadowed"]);
}

#[test]
fn a_rule_at_the_head_of_one_operation_leaves_the_counts_of_others_alone() {
    let settings = [
        ("fault", "indexes.get reset=head"),
        ("fault", "indexes.create status=500 first=1"),
        ("max-body-bytes", "100"),
    ];
    let server = standing(&settings);
    let client = Client::of(&server);
    let create = |name: &str| {
        let body = json!({ "source_directory_id": "dir-a", "name": name });
        client.post("/api/v1/indexes", &body).status
    };
    assert_eq!([create(&"n".repeat(100)), create("short"), create("short")], [413, 500, 201]);
}
