//! Several rules for one request: the first that strikes wins unless it has `continue`; the others are journaled as
//! shadowed.

use serde_json::json;

use crate::support::{Client, manual_clock_server, server, wait_until};

const LIST: &str = "/api/v1/indexes";

/// A server with these rules, in this order.
fn with_rules(rules: &[&str]) -> llamacloud_mock::embedded::MockServer {
    let settings: Vec<_> = rules.iter().map(|rule| ("fault", *rule)).collect();
    manual_clock_server(&[&[("time-scale", "0")], settings.as_slice()].concat())
}

#[test]
fn the_first_striking_rule_in_the_given_order_wins() {
    let server =
        with_rules(&["indexes.list status=503 nth=2 name=a", "indexes.* status=500 name=b", "* status=429 name=c"]);
    let client = Client::of(&server);
    let requests = ["/api/v1/indexes", "/api/v1/indexes", "/api/v1/beta/directories/dir-x"];
    assert_eq!(requests.map(|path| client.get(path).status), [500, 503, 429]);
    assert_eq!(client.fault_outcomes(), ["b struck, c shadowed", "a struck, b shadowed, c shadowed", "c struck"]);
}

#[test]
fn a_shadowed_rule_counts_a_match_and_no_strike() {
    let server = with_rules(&["indexes.list status=503 name=a", "indexes.list status=500 times=1 name=b"]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [503, 503]);
    let shown = client.get("/__admin/faults/b").json();
    assert_eq!((&shown["matches"], &shown["strikes"]), (&json!(2), &json!(0)));
    assert_eq!(client.delete("/__admin/faults/a").status, 204);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [500, 200]);
}

#[test]
fn continue_lets_the_next_rule_strike_too() {
    let server = with_rules(&[
        "indexes.list delay=1h header=x-late:1 continue name=late",
        "indexes.list status=503 continue name=down",
        "indexes.list retry-after=7s name=told",
        "indexes.list status=500 name=never",
    ]);
    let client = Client::of(&server);
    let response = client.get(LIST);
    assert_eq!(
        (response.status, response.header("x-late"), response.header("retry-after")),
        (503, Some("1"), Some("7"))
    );
    assert_eq!(client.fault_outcomes(), ["late struck, down struck, told struck, never shadowed"]);
}

#[test]
fn a_delay_alone_also_shadows_later_rules() {
    let server = with_rules(&["indexes.list delay=1h first=1 name=late", "indexes.list status=503 name=down"]);
    let client = Client::of(&server);
    assert_eq!([client.get(LIST).status, client.get(LIST).status], [200, 503]);
    assert_eq!(client.fault_outcomes(), ["late struck, down shadowed", "down struck"]);
}

#[test]
fn before_and_after_rules_share_one_order() {
    let rules = [
        "indexes.create@after status=500 nth=1 name=lost",
        "indexes.create delay=1h name=late",
        "indexes.create@after status=502 name=behind",
    ];
    let server = with_rules(&rules);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": "dir-a" });
    assert_eq!([client.post(LIST, &body).status, client.post(LIST, &body).status], [500, 201]);
    assert_eq!(client.fault_outcomes(), ["late struck, lost struck, behind shadowed", "late struck, behind shadowed"]);
}

#[test]
fn sync_rules_and_request_rules_do_not_shadow_each_other() {
    let server = with_rules(&[
        "sync script=failed name=fails",
        "sync script=ready name=other",
        "indexes.create@after status=500 name=lost",
    ]);
    let client = Client::of(&server);
    assert_eq!(client.post(LIST, &json!({ "source_directory_id": "dir-a" })).status, 500);
    assert_eq!(client.fault_outcomes(), ["fails struck, other shadowed, lost struck"]);
    assert_eq!(client.get(LIST).json()["items"][0]["metadata"]["status"], "failed");
}

#[test]
fn rules_decided_after_the_head_keep_the_order() {
    for (rules, outcomes, has_response) in [
        (["indexes.list status=503 name=a", "indexes.list reset=head name=b"], "a struck, b shadowed", true),
        (["indexes.list delay=1h continue name=a", "indexes.list reset=head name=b"], "a struck, b struck", false),
        (["indexes.list reset=head continue name=a", "indexes.list status=503 name=b"], "a struck, b shadowed", false),
    ] {
        let server = with_rules(&rules);
        let client = Client::of(&server);
        assert_eq!(client.try_send("GET", LIST, "", None).is_some(), has_response, "{rules:?}");
        assert_eq!(client.fault_outcomes(), [outcomes], "{rules:?}");
    }
}

#[test]
fn rule_names_are_given_or_generated_and_unique() {
    let server = with_rules(&["indexes.list status=503 nth=1", "indexes.list status=500 name=mine"]);
    let client = Client::of(&server);
    assert_eq!(client.get(LIST).header("x-mock-fault"), Some("rule-1"));
    assert_eq!(client.get(LIST).header("x-mock-fault"), Some("mine"));
    let twice =
        llamacloud_mock::embedded::MockServer::builder().set("fault", "* hang name=a").set("fault", "* close name=a");
    assert!(twice.start().expect_err("names are unique").to_string().contains("two rules have the name a"));
}

#[test]
fn a_time_to_live_is_real_time_on_every_clock() {
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
fn rules_on_the_body_and_rules_on_the_head_work_together() {
    let server = with_rules(&[
        "indexes.create status=503 when=body:/name=a name=body",
        "indexes.list reset=head name=head",
        "indexes.create quota=1 name=quota",
    ]);
    let client = Client::of(&server);
    let send = |name: &str| client.post(LIST, &json!({ "source_directory_id": "dir-a", "name": name })).status;
    assert_eq!(["a", "b", "b", "a"].map(send), [503, 201, 402, 503]);
    assert_eq!(client.fault_outcomes(), ["body struck", "", "quota struck", "body struck, quota shadowed"]);
}

#[test]
fn a_head_rule_of_one_operation_does_not_change_the_counts_of_others() {
    let settings = [
        ("fault", "indexes.get reset=head"),
        ("fault", "indexes.create status=500 first=1"),
        ("max-body-bytes", "100"),
    ];
    let server = manual_clock_server(&settings);
    let client = Client::of(&server);
    let create = |name: &str| {
        let body = json!({ "source_directory_id": "dir-a", "name": name });
        client.post("/api/v1/indexes", &body).status
    };
    assert_eq!([create(&"n".repeat(100)), create("short"), create("short")], [413, 500, 201]);
}
