//! Configurations: versions under one id, names, presets, and references to them.

use serde_json::{Value, json};

use crate::support::{Client, HttpResponse, INDEXES, id_of, items, manual_clock_server, server};

const CONFIGURATIONS: &str = "/api/v1/beta/configurations";
const PROJECT: &str = "0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01";

fn parse(tier: &str) -> Value {
    json!({ "product_type": "parse_v2", "tier": tier, "version": "latest" })
}

fn create(client: &Client, name: &str, parameters: &Value) -> HttpResponse {
    client.post(CONFIGURATIONS, &json!({ "name": name, "parameters": parameters }))
}

#[track_caller]
fn created(client: &Client, name: &str, parameters: &Value) -> Value {
    let response = create(client, name, parameters);
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()
}

fn path(configuration: &Value) -> String {
    format!("{CONFIGURATIONS}/{}", id_of(configuration))
}

fn put(client: &Client, configuration: &Value, change: &Value) -> HttpResponse {
    client.send("PUT", &path(configuration), Some(change))
}

/// The name and the tier of each item of a list.
fn listed(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("{CONFIGURATIONS}?{query}")).json();
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|item| format!("{} {}", item["name"], item["parameters"]["tier"])).collect()
}

#[test]
fn a_create_with_a_known_name_and_product_is_a_version_under_the_same_id() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let first = created(&client, "a", &parse("fast"));
    assert_eq!((&first["version"], &first["updated_at"]), (&json!("2026-01-01T00:00:00Z"), &first["created_at"]));
    client.advance("1s");
    let second = created(&client, "a", &parse("agentic"));
    assert_eq!((&second["id"], &second["created_at"]), (&first["id"], &first["created_at"]));
    assert_eq!(second["version"], "2026-01-01T00:00:01Z");
    assert_eq!(second["parameters"], parse("agentic"));
    assert_eq!(client.show(&path(&first)), second, "the last version is shown");
    for other in [
        created(&client, "b", &parse("fast")),
        created(&client, "a", &json!({ "product_type": "spreadsheet_v1" })),
        client
            .post(
                &format!("{CONFIGURATIONS}?project_id={PROJECT}"),
                &json!({ "name": "a", "parameters": parse("fast") }),
            )
            .json(),
    ] {
        assert_ne!(other["id"], first["id"], "{other}");
    }
}

#[test]
fn versions_of_one_moment_have_times_of_their_own() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let versions: Vec<_> = (0..3).map(|_| created(&client, "a", &parse("fast"))["version"].clone()).collect();
    assert_eq!(versions, ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000002Z"]);
}

#[test]
fn a_list_shows_all_versions_newest_first_or_only_the_latest() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    for (name, tier) in [("a", "fast"), ("b", "fast"), ("a", "agentic"), ("a", "agentic_plus")] {
        created(&client, name, &parse(tier));
        client.advance("1s");
    }
    let all = ["\"a\" \"agentic_plus\"", "\"a\" \"agentic\"", "\"b\" \"fast\"", "\"a\" \"fast\""];
    assert_eq!(listed(&client, ""), all);
    assert_eq!(listed(&client, "latest_only=true"), [all[0], all[2]]);
    assert_eq!(listed(&client, "name=b"), [all[2]]);
    assert_eq!(listed(&client, "name=A").len(), 0);
    assert_eq!(listed(&client, "product_type=parse_v2&product_type=unknown").len(), 4);
    assert_eq!(listed(&client, "product_type=unknown").len(), 0);
    assert_eq!(listed(&client, &format!("project_id={PROJECT}")).len(), 0);
    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let page = client.get(&format!("{CONFIGURATIONS}?page_size=3&page_token={token}")).json();
        paged.extend(items(&page, "version"));
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = next.to_owned();
    }
    assert_eq!(paged, items(&client.get(CONFIGURATIONS).json(), "version"));
}

#[test]
fn a_put_adds_a_version_and_keeps_what_it_does_not_name() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let first = created(&client, "a", &parse("fast"));
    let other = created(&client, "b", &parse("fast"));
    let steps = [
        (json!({}), "a", "fast"),
        (json!({ "name": null, "parameters": null }), "a", "fast"),
        (json!({ "parameters": parse("agentic") }), "a", "agentic"),
        (json!({ "name": "c" }), "c", "agentic"),
        (json!({ "name": "c" }), "c", "agentic"),
    ];
    for (change, name, tier) in &steps {
        client.advance("1s");
        let changed = put(&client, &first, change).json();
        assert_eq!((&changed["name"], &changed["parameters"]["tier"]), (&json!(name), &json!(tier)), "{change}");
        assert_eq!(changed, client.show(&path(&first)), "{change}");
    }
    assert_eq!(listed(&client, "").len(), 2 + steps.len());
    let refused = put(&client, &other, &json!({ "name": "c" }));
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert_eq!(client.show(&path(&other))["name"], "b");
    // The name that was given up is free again.
    assert_ne!(created(&client, "a", &parse("fast"))["id"], first["id"]);
}

#[test]
fn a_deleted_configuration_is_gone_with_all_versions() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let first = created(&client, "a", &parse("fast"));
    created(&client, "a", &parse("agentic"));
    assert_eq!(client.delete(&path(&first)).status, 204);
    assert_eq!(listed(&client, "").len(), 0);
    for response in [client.get(&path(&first)), client.delete(&path(&first)), put(&client, &first, &json!({}))] {
        assert_eq!((response.status, response.text()), (404, r#"{"detail":"Configuration not found"}"#.to_owned()));
    }
    assert_ne!(created(&client, "a", &parse("fast"))["id"], first["id"]);
}

#[test]
fn presets_can_be_named_but_not_changed() {
    let server = manual_clock_server(&[("strict-references", "true")]);
    let client = Client::of(&server);
    let preset = client.show(&format!("{CONFIGURATIONS}/cfg-PARSE_AGENTIC"));
    assert_eq!(preset["parameters"], parse("agentic"));
    assert_eq!(listed(&client, "").len(), 0);
    assert_eq!(put(&client, &preset, &json!({ "name": "mine" })).status, 403);
    assert_eq!(client.delete(&path(&preset)).status, 403);
    assert_eq!(client.get(&format!("{CONFIGURATIONS}/cfg-PARSE_OTHER")).status, 404);
}

#[test]
fn references_are_checked_if_they_are_strict() {
    let lenient = server(&[]);
    let strict = server(&[("strict-references", "true")]);
    let of_index = |client: &Client, id: &str| {
        let directory = client.directory("d");
        let product = json!({ "product_type": "parse", "product_config_id": id });
        client.post(INDEXES, &json!({ "source_directory_id": directory, "products": [product] })).status
    };
    let of_parsing = |client: &Client, id: &str| {
        let parameters = json!({ "product_type": "split_v1", "categories": [{ "name": "a" }], "parse_config_id": id });
        create(client, "s", &parameters).status
    };
    for (server, of_unknown) in [(&lenient, 201), (&strict, 404)] {
        let client = Client::of(server);
        let known = id_of(&created(&client, "a", &parse("fast")));
        for (id, expected) in [("cfg-unknown", of_unknown), ("cfg-PARSE_FAST", 201), (known.as_str(), 201)] {
            assert_eq!((of_index(&client, id), of_parsing(&client, id)), (expected, expected), "{id}");
        }
    }
}

#[test]
fn the_number_of_versions_is_limited() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let mut connection = client.connect();
    let body = json!({ "name": "a", "parameters": { "product_type": "unknown" } }).to_string();
    let mut statuses = Vec::new();
    for _ in 0..1001 {
        let request = client.request_bytes("POST", CONFIGURATIONS, "", Some(&body));
        statuses.push(connection.send(request).read_response().expect("a response").status);
    }
    assert_eq!((statuses[999], statuses[1000]), (201, 403));
}

#[test]
fn the_admin_state_shows_the_last_version_and_only_the_first_create_is_litter() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let first = created(&client, "a", &parse("fast"));
    created(&client, "a", &parse("agentic"));
    let state = client.get(&format!("/__admin/state?tenant={}", client.key())).json();
    let shown = &state["tenants"][0]["configurations"];
    assert_eq!((&shown[0]["parameters"]["tier"], &shown[0]["versions"]), (&json!("agentic"), &json!(2)), "{shown}");
    let litter = client.get(&format!("/__admin/litter?tenant={}", client.key())).text();
    assert_eq!(litter.matches(&id_of(&first)).count(), 1, "{litter}");
}
