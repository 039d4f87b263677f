//! The metrics in Prometheus' text format, compared with what was sent.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{Client, server};

const METRICS: &str = "/__admin/metrics";

/// The value of a sample, by its name with its labels.
fn sample(metrics: &str, name: &str) -> Option<f64> {
    let lines = metrics.lines().filter_map(|line| line.rsplit_once(' '));
    lines.into_iter().find(|(sample, _)| *sample == name).map(|(_, value)| value.parse().expect("a number"))
}

#[test]
fn requests_are_counted_by_operation_and_status_and_strikes_by_rule() {
    let server = server(&[("fault", "indexes.list status=429 first=2 name=busy"), ("fault", "indexes.get reset")]);
    let client = Client::of(&server);
    for status in [429, 429, 200] {
        assert_eq!(client.get("/api/v1/indexes").status, status);
    }
    client.with_key("llx-other").create("dir-a");
    client.get("/api/v1/no-such-path");
    assert!(client.try_send("GET", "/api/v1/indexes/idx-1", "", None).is_none());
    let response = client.get(METRICS);
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let metrics = response.text();
    for (name, value) in [
        (r#"llamacloud_mock_requests_total{operation="indexes.list",status="429"}"#, 2.0),
        (r#"llamacloud_mock_requests_total{operation="indexes.list",status="200"}"#, 1.0),
        (r#"llamacloud_mock_requests_total{operation="indexes.create",status="201"}"#, 1.0),
        (r#"llamacloud_mock_requests_total{operation="indexes.get",status="none"}"#, 1.0),
        (r#"llamacloud_mock_fault_strikes_total{rule="busy"}"#, 2.0),
        ("llamacloud_mock_tenants", 2.0),
        ("llamacloud_mock_evicted_tenants_total", 0.0),
        (r#"llamacloud_mock_closed_connections_total{cause="tls"}"#, 0.0),
        ("llamacloud_mock_request_duration_seconds_count", 5.0),
        (r#"llamacloud_mock_request_own_duration_seconds_bucket{le="+Inf"}"#, 5.0),
    ] {
        assert_eq!(sample(&metrics, name), Some(value), "{name}:\n{metrics}");
    }
    assert!(!metrics.contains("t-"), "no label names a tenant:\n{metrics}");
    let state = client.get("/__admin/state").json();
    let used = state["tenants"].as_array().expect("a list").iter().filter_map(|one| one["used_bytes"].as_f64()).sum();
    assert_eq!(sample(&metrics, "llamacloud_mock_state_bytes"), Some(used));
    assert_eq!(state["requests"]["indexes.list"], json!({ "2xx": 1, "4xx": 2 }));
}

#[test]
fn delays_of_rules_are_in_one_histogram_and_not_in_the_other() {
    let server = server(&[("fault", "indexes.list@before delay=300ms"), ("fault", "indexes.get@after delay=300ms")]);
    let client = Client::of(&server);
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    assert_eq!(client.get("/api/v1/indexes/idx-1").status, 404);
    let metrics = client.get(METRICS).text();
    let sum = |name: &str| sample(&metrics, &format!("llamacloud_mock_request_{name}_seconds_sum")).expect("a sum");
    let (whole, own) = (sum("duration"), sum("own_duration"));
    assert!(whole >= 0.6 && whole - own >= 0.6, "{whole} {own}");
}

#[test]
fn a_connection_is_counted_while_it_is_open() {
    let server = server(&[]);
    let client = Client::of(&server);
    let kept: Vec<_> = (0..3)
        .map(|_| {
            let mut connection = client.connect();
            connection.send(client.request_bytes("GET", "/api/v1/indexes", "", None));
            assert_eq!(connection.read_response().map(|response| response.status), Some(200));
            connection
        })
        .collect();
    let open = || sample(&client.get(METRICS).text(), "llamacloud_mock_connections").expect("a number");
    assert!(open() >= 4.0, "three are open, and that of the question");
    drop(kept);
    crate::support::wait_until("the connections are closed", || open() < 4.0);
}

#[test]
fn the_page_lists_every_metric() {
    let server = server(&[("fault", "indexes.list status=429 first=1")]);
    let client = Client::of(&server);
    client.get("/api/v1/indexes");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).expect("the page");
    let metrics = client.get(METRICS).text();
    let names: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(names.len(), 9, "{metrics}");
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "docs/metrics.md should list {name}");
    }
}
