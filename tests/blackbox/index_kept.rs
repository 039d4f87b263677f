//! What an index keeps and no response of the API shows: the admin state has it.

use serde_json::json;

use crate::support::{Client, manual_clock_server};

#[test]
fn the_state_shows_what_an_index_was_asked_to_do_and_when_its_sync_ends() {
    let server = manual_clock_server(&[("sync-duration", "5s")]);
    let client = Client::of(&server);
    let body = json!({
        "source_directory_id": "dir-a",
        "products": [{ "product_type": "parse", "product_config_id": "cfg-a" }],
        "sync_frequency": "daily",
        "vector_target": "DISABLED",
        "store_attachments": ["screenshots"],
    });
    let created = client.post("/api/v1/indexes", &body);
    assert_eq!(created.status, 201, "{}", created.text());
    let kept = || {
        client.get(&format!("/__admin/state?tenant={}", client.key())).json()["tenants"][0]["indexes"][0]["kept"]
            .clone()
    };
    let shown = kept();
    for name in ["products", "sync_frequency", "vector_target", "store_attachments"] {
        assert_eq!(shown[name], body[name], "{name}: {shown}");
        assert!(created.json().get(name).is_none(), "{name} is in no response");
    }
    assert_eq!(shown["sync_ends_at"], "2026-01-01T00:00:05Z", "{shown}");
    client.advance("6s");
    assert_eq!(kept()["sync_ends_at"], json!(null));
}
