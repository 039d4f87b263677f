//! The recorded responses of the service's framework under `tests/golden`: rejections byte for byte, and accepted
//! requests. Each request is sent as raw bytes; a test reports all differences together.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::support::{HttpResponse, KEY, RawConnection, server};

/// The files of cases by topic.
const FILES: &[(&str, &str)] = &[
    ("attachments", include_str!("../golden/attachments.json")),
    ("configurations", include_str!("../golden/configurations.json")),
    ("chat", include_str!("../golden/chat.json")),
    ("content_type", include_str!("../golden/content_type.json")),
    ("credentials", include_str!("../golden/credentials.json")),
    ("directory_body", include_str!("../golden/directory_body.json")),
    ("directory_files_body", include_str!("../golden/directory_files_body.json")),
    ("directory_files_query", include_str!("../golden/directory_files_query.json")),
    ("directory_list", include_str!("../golden/directory_list.json")),
    ("files", include_str!("../golden/files.json")),
    ("forms", include_str!("../golden/forms.json")),
    ("index_body", include_str!("../golden/index_body.json")),
    ("multipart", include_str!("../golden/multipart.json")),
    ("mutated", include_str!("../golden/mutated.json")),
    ("mutated_files", include_str!("../golden/mutated_files.json")),
    ("order", include_str!("../golden/order.json")),
    ("projects", include_str!("../golden/projects.json")),
    ("query", include_str!("../golden/query.json")),
    ("retrieval", include_str!("../golden/retrieval.json")),
    ("routing", include_str!("../golden/routing.json")),
    ("syntax", include_str!("../golden/syntax.json")),
    ("uuid", include_str!("../golden/uuid.json")),
];

/// Kinds of fields that no operation has yet; a schema with them replaces that of a request.
const FIELD_KINDS: (&str, &str) = ("words", include_str!("../golden/words.json"));
const FIELD_KINDS_SCHEMA: &str = include_str!("../golden/words.schema.json");

/// Minimum numbers of cases, so that none gets lost unnoticed.
const MIN_REJECTED: usize = 3800;
const MIN_ACCEPTED: usize = 900;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    request: Request,
    /// The framework accepts it; no status is recorded then.
    #[serde(default)]
    accepted: bool,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    body: String,
    allow: Option<String>,
    /// `{host}` stands for the server's address.
    location: Option<String>,
}

/// A request; `host` and `content-length` are added when it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    target: String,
    /// Default: the usual key, and the content type of JSON if there is a body.
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
    /// A body that is not text.
    body_hex: Option<String>,
}

impl Request {
    fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let body = self.body();
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", self.method, self.target);
        for (name, value) in self.headers.clone().unwrap_or_else(|| usual_headers(body.as_deref())) {
            write!(head, "{name}: {value}\r\n").expect("writing to a string does not fail");
        }
        let framed = ["\r\ntransfer-encoding:", "\r\ncontent-length:"].iter().any(|name| head.contains(name));
        if let Some(body) = body.as_ref().filter(|_| !framed) {
            write!(head, "content-length: {}\r\n", body.len()).expect("writing to a string does not fail");
        }
        [head.into_bytes(), b"\r\n".to_vec(), body.unwrap_or_default()].concat()
    }

    fn body(&self) -> Option<Vec<u8>> {
        let text = self.body.as_ref().map(|text| text.clone().into_bytes());
        text.or_else(|| self.body_hex.as_deref().map(from_hex))
    }
}

fn usual_headers(body: Option<&[u8]>) -> Vec<(String, String)> {
    let key = ("authorization".to_owned(), format!("Bearer {KEY}"));
    let json = ("content-type".to_owned(), "application/json".to_owned());
    [key].into_iter().chain(body.map(|_| json)).collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("a case's body is in hexadecimal digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn cases() -> Vec<(String, Case)> {
    FILES.iter().flat_map(cases_of).collect()
}

fn cases_of((file, text): &(&str, &str)) -> Vec<(String, Case)> {
    let cases: Vec<Case> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    cases.into_iter().map(|case| (format!("{file}: {}", case.name), case)).collect()
}

/// Sends each case over a connection of its own and fails with everything that `difference` finds.
fn differences(address: SocketAddr, cases: &[(String, Case)], difference: fn(&Case, &HttpResponse) -> Option<String>) {
    let mut found = Vec::new();
    for (name, case) in cases {
        let response =
            RawConnection::connect(address).send(case.request.bytes(address)).read_response_to(&case.request.method);
        let actual = match response {
            None => Some("no response".to_owned()),
            Some(response) => difference(case, &without_host(response, address)),
        };
        found.extend(actual.map(|actual| format!("{name}\n{actual}")));
    }
    assert!(found.is_empty(), "{} of {} differ:\n{}", found.len(), cases.len(), found.join("\n"));
}

fn without_host(mut response: HttpResponse, address: SocketAddr) -> HttpResponse {
    for (_, value) in response.headers.iter_mut().filter(|(name, _)| name == "location") {
        *value = value.replace(&address.to_string(), "{host}");
    }
    response
}

fn rejection_difference(case: &Case, response: &HttpResponse) -> Option<String> {
    let content_type = (case.status != 307).then_some("application/json");
    let expected = (case.status, case.body.as_str(), content_type, case.allow.as_deref(), case.location.as_deref());
    let text = response.text();
    let actual = (
        response.status,
        text.as_str(),
        response.header("content-type"),
        response.header("allow"),
        response.header("location"),
    );
    (actual != expected).then(|| format!("  expected {expected:?}\n  actual   {actual:?}"))
}

/// A resource that the request names may not exist, even in contract mode; the path exists.
fn acceptance_difference(_: &Case, response: &HttpResponse) -> Option<String> {
    let text = response.text();
    let is_accepted = match response.status {
        404 => text != r#"{"detail":"Not Found"}"#,
        status => (200..300).contains(&status),
    };
    (!is_accepted).then(|| format!("  actual {} {text}", response.status))
}

#[test]
fn every_rejection_equals_the_frameworks_byte_for_byte() {
    let server = server(&[]);
    let refusals: Vec<_> = cases().into_iter().filter(|(_, case)| !case.accepted).collect();
    assert!(refusals.len() >= MIN_REJECTED, "only {} rejections", refusals.len());
    differences(server.address(), &refusals, rejection_difference);
}

#[test]
fn requests_that_the_framework_accepts_are_accepted() {
    // The framework checks neither the values that the service's own code checks nor whether an id exists.
    let server = server(&[("contract", "true")]);
    let accepted: Vec<_> = cases().into_iter().filter(|(_, case)| case.accepted).collect();
    assert!(accepted.len() >= MIN_ACCEPTED, "only {} accepted", accepted.len());
    differences(server.address(), &accepted, acceptance_difference);
}

#[test]
fn violations_of_a_replaced_schema_use_the_frameworks_messages() {
    let folder = temp_dir::TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("indexes.create.request.json"), FIELD_KINDS_SCHEMA)
        .expect("the file can be written");
    let server = server(&[("schemas", folder.path().to_str().expect("a UTF-8 path"))]);
    differences(server.address(), &cases_of(&FIELD_KINDS), rejection_difference);
}

#[test]
fn case_names_are_unique() {
    let mut names: Vec<_> = cases().into_iter().chain(cases_of(&FIELD_KINDS)).map(|(name, _)| name).collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
