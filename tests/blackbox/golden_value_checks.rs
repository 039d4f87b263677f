//! Values that the service checks in its own code, not by its schema: refused with one `value_error` that says what is
//! allowed, with the status that was asked for; everything that is published is taken.

use serde_json::{Value, json};

use crate::support::{Answer, Client, server};

/// The call, and the refusal's place, allowed values and echo.
type Row = (Answer, Value, &'static str, Value);

fn create(client: &Client, field: &str, value: &Value) -> Answer {
    client.post("/api/v1/indexes", &json!({ "source_directory_id": "dir-a", field: value }))
}

fn rows(client: &Client) -> Vec<Row> {
    let products = json!([
        { "product_type": "parse", "product_config_id": "cfg-1" },
        { "product_type": "split", "product_config_id": "cfg-2" },
    ]);
    vec![
        (
            create(client, "sync_frequency", &json!("hourly")),
            json!(["body", "sync_frequency"]),
            "sync_frequency should be one of: manual, daily, on_source_change",
            json!("hourly"),
        ),
        (
            create(client, "store_attachments", &json!(["items", "Items"])),
            json!(["body", "store_attachments", 1]),
            "store_attachments should be one of: screenshots, items",
            json!("Items"),
        ),
        (
            create(client, "products", &products),
            json!(["body", "products", 1, "product_type"]),
            "product_type should be one of: parse, extract",
            json!("split"),
        ),
        (
            client.get("/api/v1/indexes?page_size=0"),
            json!(["query", "page_size"]),
            "page_size should be at least 1",
            json!("0"),
        ),
        (
            client.get("/api/v1/indexes?page_token=made-up"),
            json!(["query", "page_token"]),
            "page_token should be one that this list returned",
            json!("made-up"),
        ),
    ]
}

#[test]
fn a_value_that_the_service_does_not_take_is_refused_with_what_it_takes() {
    for (setting, status) in [("422", 422), ("400", 400)] {
        let server = server(&[("unknown-value-status", setting)]);
        for (answer, loc, allowed, input) in rows(&Client::of(&server)) {
            let violation = json!({
                "type": "value_error", "loc": loc, "msg": format!("Value error, {allowed}"), "input": input,
                "ctx": { "error": {} },
            });
            assert_eq!((answer.status, answer.text()), (status, json!({ "detail": [violation] }).to_string()));
        }
    }
}

#[test]
fn a_schema_violation_is_always_422_and_comes_before_the_services_own_checks() {
    let server = server(&[("unknown-value-status", "400")]);
    let client = Client::of(&server);
    let body = json!({ "source_directory_id": 1, "sync_frequency": "hourly" });
    let answer = client.post("/api/v1/indexes", &body);
    let kinds: Vec<_> = answer.json()["detail"].as_array().expect("a list").iter().map(|v| v["type"].clone()).collect();
    assert_eq!((answer.status, kinds), (422, vec![json!("string_type")]));
}

#[test]
fn every_published_value_is_taken() {
    let server = server(&[]);
    let client = Client::of(&server);
    let product = |kind: &str| json!([{ "product_type": kind, "product_config_id": "cfg-1" }]);
    let taken = [
        ("sync_frequency", json!("manual")),
        ("sync_frequency", json!("daily")),
        ("sync_frequency", json!("on_source_change")),
        ("store_attachments", json!(["screenshots", "items"])),
        ("products", product("parse")),
        ("products", product("extract")),
        ("vector_target", json!("DEFAULT")),
        ("vector_target", json!("DISABLED")),
    ];
    for (field, value) in taken {
        let answer = create(&client, field, &value);
        assert_eq!(answer.status, 201, "{field} {value}: {}", answer.text());
    }
    assert_eq!(client.get("/api/v1/indexes?page_size=1001&page_token=").status, 200);
}
