//! The organization of a key, which every operation treats in the same way.

use serde_json::json;

use crate::support::{Client, HttpResponse, INDEXES, server};

const OTHER: &str = "0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01";

/// A request of each operation that needs no resource, with this organization.
fn responses(client: &Client, organization: &str) -> Vec<HttpResponse> {
    let query = format!("organization_id={organization}");
    let lists = [
        "/api/v1/indexes",
        "/api/v1/beta/directories",
        "/api/v1/beta/files",
        "/api/v1/beta/configurations",
        "/api/v1/projects",
        "/api/v2/projects",
    ];
    let mut responses: Vec<_> = lists.iter().map(|path| client.get(&format!("{path}?{query}"))).collect();
    responses.push(client.get(&format!("/api/v1/beta/attachments?source_id=a&{query}")));
    responses.push(client.post(&format!("/api/v1/beta/directories?{query}"), &json!({ "name": "n" })));
    responses
}

fn own_organization(client: &Client) -> String {
    client.get("/api/v1/projects").json()[0]["organization_id"].as_str().expect("an id").to_owned()
}

#[test]
fn any_organization_means_that_of_the_key() {
    let server = server(&[]);
    let client = Client::of(&server);
    for organization in [own_organization(&client), OTHER.to_owned()] {
        for response in responses(&client, &organization) {
            assert!(matches!(response.status, 200 | 201), "{}", response.text());
        }
        let projects = client.get(&format!("/api/v1/projects?organization_id={organization}")).json();
        assert_eq!(projects[0]["organization_id"], own_organization(&client));
    }
}

#[test]
fn another_organization_is_refused_if_references_are_strict() {
    let server = server(&[("strict-references", "true")]);
    let client = Client::of(&server);
    let own = own_organization(&client);
    for organization in [own.clone(), own.to_uppercase(), own.replace('-', "")] {
        for response in responses(&client, &organization) {
            assert!(matches!(response.status, 200 | 201), "{}", response.text());
        }
    }
    for response in responses(&client, OTHER) {
        let expected = r#"{"detail":"The key has no access to this organization"}"#;
        assert_eq!((response.status, response.text()), (403, expected.to_owned()));
    }
    let unknown = client.get(&format!("{INDEXES}/idx-unknown?organization_id={OTHER}"));
    assert_eq!(unknown.status, 403, "{}", unknown.text());
}
