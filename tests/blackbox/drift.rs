//! What clients send and the contract does not know: listed with counts, or refused with `--strict-contract`.

use serde_json::{Value, json};

use crate::support::{Client, INDEXES, RETRIEVE, Upload, manual_clock_server, server};

const CONFIGURATIONS: &str = "/api/v1/beta/configurations";

/// Each finding as `kind name operation count`.
fn drift(client: &Client) -> Vec<String> {
    let found = client.show("/__admin/drift");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |row: &Value| {
        format!("{} {} {} {}", text(&row["kind"]), text(&row["name"]), text(&row["operation"]), row["count"])
    };
    found["drift"].as_array().expect("a list").iter().map(line).collect()
}

/// Sends a request of each kind that the contract does not know.
fn send_unknown(client: &Client) -> Vec<u16> {
    let index = client.create("dir-a")["id"].clone();
    let filters = json!({
        "index_id": index, "query": "q", "rerank": { "enabled": true, "model": "m" },
        "custom_filters": {
            "a": { "operator": "eq", "value": 1, "case": true },
            "b": [{ "operator": "gt", "value": 1, "x": 2 }],
        },
    });
    let product = json!({ "product_type": "parse", "product_config_id": "cfg-1", "weight": 1 });
    let index = json!({ "source_directory_id": "dir-a", "colour": "red", "products": [product, product] });
    let parse = json!({ "product_type": "parse_v2", "tier": "fast", "version": "latest", "speed": { "a": 1 } });
    [
        client.post(INDEXES, &index),
        client.post(INDEXES, &index),
        client.post(RETRIEVE, &filters),
        client.get("/api/v1/indexes?cursor=1&page_size=2"),
        client.post(CONFIGURATIONS, &json!({ "name": "n", "parameters": parse })),
        Upload::file("file", "a.txt", "a")
            .text("purpose", "parse")
            .text("owner", "me")
            .send(client, "/api/v1/beta/files"),
    ]
    .iter()
    .map(|response| response.status)
    .collect()
}

#[test]
fn unknown_fields_and_parameters_are_accepted_and_listed_with_counts() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    assert_eq!(drift(&client), [""; 0]);
    assert_eq!(send_unknown(&client), [201, 201, 200, 200, 201, 201]);
    assert_eq!(
        drift(&client),
        [
            "field /colour indexes.create 2",
            "field /custom_filters/a/case retrieval.retrieve 1",
            "field /custom_filters/b/*/x retrieval.retrieve 1",
            "field /owner files.create 1",
            "field /parameters/speed configurations.create 1",
            "field /products/*/weight indexes.create 4",
            "field /rerank/model retrieval.retrieve 1",
            "parameter cursor indexes.list 1",
        ]
    );
    // The framework's models drop such a field.
    let stored = client.show(CONFIGURATIONS)["items"][0]["parameters"].clone();
    assert_eq!(stored, json!({ "product_type": "parse_v2", "tier": "fast", "version": "latest" }));
    let whole = json!({ "product_type": "unknown", "speed": { "a": 1 } });
    let kept = client.post(CONFIGURATIONS, &json!({ "name": "m", "parameters": whole }));
    assert_eq!(kept.json()["parameters"], whole);
    client.post("/__admin/reset", &json!({ "parts": ["journal"] }));
    assert_eq!(drift(&client), [""; 0]);
}

#[test]
fn values_operations_and_forbidden_fields_are_listed() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    client.post(INDEXES, &json!({ "source_directory_id": "d", "vector_target": "SOMETHING" }));
    client.post(INDEXES, &json!({ "source_directory_id": "d", "vector_target": null }));
    client.get("/api/v1/beta/directories?type=shared");
    let parse = json!({ "product_type": "parse_v2", "tier": "fast", "version": "latest", "crop_box": { "depth": 1 } });
    client.post(CONFIGURATIONS, &json!({ "name": "n", "parameters": parse }));
    client.post(CONFIGURATIONS, &json!({ "name": "n", "parameters": { "product_type": "parse_v3" } }));
    client.post("/api/v1/indexes/idx-1234/pause", &json!({}));
    client.send("PATCH", "/api/v1/indexes/idx-5678", None);
    client.get("/nothing");
    client.get("/api/v2/parse");
    assert_eq!(
        drift(&client),
        [
            "field /parameters/parse_v2/crop_box/depth configurations.create 1",
            "value /parameters=parse_v3 configurations.create 1",
            "value /vector_target=SOMETHING indexes.create 1",
            "value type=shared directories.list 1",
            "operation PATCH /api/v1/indexes/* - 1",
            "operation POST /api/v1/indexes/*/pause - 1",
        ]
    );
}

#[test]
fn values_that_a_handler_refuses_are_listed_as_those_of_the_schema_are() {
    for status in ["422", "400"] {
        let server = server(&[("unknown-value-status", status), ("clock", "manual")]);
        let client = Client::of(&server);
        let product = |kind: &str| json!({ "product_type": kind, "product_config_id": "cfg-1" });
        let listed = [
            client.post(INDEXES, &json!({ "source_directory_id": "d", "sync_frequency": "hourly" })),
            client.post(INDEXES, &json!({ "source_directory_id": "d", "sync_frequency": "hourly" })),
            client.post(INDEXES, &json!({ "source_directory_id": "d", "store_attachments": ["items", "audio"] })),
            client.post(
                INDEXES,
                &json!({ "source_directory_id": "d", "products": [product("parse"), product("split")] }),
            ),
            client.get("/api/v1/beta/files?order_by=size"),
            client.post("/api/v1/beta/files/query", &json!({ "order_by": "size" })),
        ];
        // Their valid values are no list.
        let others = [
            client.get("/api/v1/indexes?page_token=made-up"),
            client.get("/api/v1/indexes?page_size=0"),
            client.post(INDEXES, &json!({ "source_directory_id": "d", "name": "mock:explode" })),
        ];
        for response in listed.iter().chain(&others) {
            assert_eq!(response.status.to_string(), status, "{}", response.text());
        }
        client.add_rule("indexes.create status=503 first=1");
        let replaced = client.post(INDEXES, &json!({ "source_directory_id": "d", "sync_frequency": "yearly" }));
        assert_eq!(replaced.status, 503, "it reaches no handler");
        assert_eq!(
            drift(&client),
            [
                "value /order_by=size files.query 1",
                "value /products/*/product_type=split indexes.create 1",
                "value /store_attachments/*=audio indexes.create 1",
                "value /sync_frequency=hourly indexes.create 2",
                "value order_by=size files.list 1",
            ]
        );
    }
    let contract = server(&[("contract", "true"), ("clock", "manual")]);
    let client = Client::of(&contract);
    let accepted = client.post(INDEXES, &json!({ "source_directory_id": "d", "sync_frequency": "hourly" }));
    assert_eq!((accepted.status, drift(&client)), (201, Vec::new()), "there each text is valid");
}

#[test]
fn a_newer_sdk_is_named_once_and_again_after_a_reset() {
    let server = manual_clock_server(&[]);
    let client = Client::of(&server);
    let send = |language: &str, version: &str| {
        let headers = format!("x-stainless-lang: {language}\r\nx-stainless-package-version: {version}\r\n");
        let own = client.for_case(&format!("{language} {version}"));
        own.try_send("GET", INDEXES, &headers, None).expect("a response");
        own.try_send("GET", INDEXES, &headers, None).expect("a response");
    };
    for version in ["2.19.0", "2.18.4", "2.19.1", "2.100.0", "x"] {
        send("python", version);
    }
    send("js", "2.15.9");
    send("js", "3.0.0");
    send("cobol", "9.0.0");
    assert_eq!(drift(&client), ["sdk js 3.0.0 - 1", "sdk python 2.100.0 - 1", "sdk python 2.19.1 - 1"]);
    client.post("/__admin/reset", &json!({}));
    assert_eq!(drift(&client), [""; 0]);
    // Its first request reaches no operation.
    client.for_case("js 3.0.0").get("/nowhere");
    send("js", "3.0.0");
    assert_eq!(drift(&client), ["sdk js 3.0.0 - 1"]);
}

#[test]
fn a_strict_contract_refuses_unknown_fields_and_parameters() {
    let server = server(&[("strict-contract", "true"), ("clock", "manual")]);
    let client = Client::of(&server);
    assert_eq!(send_unknown(&client), [422; 6]);
    let product = json!({ "product_type": "parse", "product_config_id": "c", "w": 1 });
    let body = json!({ "source_directory_id": "d", "colour": "red", "products": [product] });
    let refused = client.post(&format!("{INDEXES}?debug=1"), &body);
    let msg = "Extra inputs are not permitted";
    let violation =
        |loc: Value, input: Value| json!({ "type": "extra_forbidden", "loc": loc, "msg": msg, "input": input });
    let expected = json!({ "detail": [
        violation(json!(["query", "debug"]), json!("1")),
        violation(json!(["body", "colour"]), json!("red")),
        violation(json!(["body", "products", 0, "w"]), json!(1)),
    ] });
    assert_eq!((refused.status, refused.json()), (422, expected));
    let metadata = json!({ "name": "d", "system_metadata": { "any": { "thing": 1 } } });
    assert_eq!(client.post("/api/v1/beta/directories", &metadata).status, 201, "metadata is free");
    assert!(drift(&client).contains(&"field /colour indexes.create 3".to_owned()), "refused ones are listed too");
}

#[test]
fn the_sdks_that_are_checked_are_those_of_the_tests() {
    let source = include_str!("../../src/drift.rs");
    let python = include_str!("../sdk/sources.sh").lines().find_map(|line| line.strip_prefix("sdk_version="));
    let package: Value = serde_json::from_str(include_str!("../sdk/typescript/package.json")).expect("JSON");
    let js = package["dependencies"]["@llamaindex/llama-cloud"].as_str();
    for (language, version) in [("python", python), ("js", js)] {
        let version = version.expect("a version");
        assert!(source.contains(&format!("(\"{language}\", \"{version}\")")), "{language} {version}");
    }
}
