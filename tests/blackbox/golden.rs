//! What the service's framework answered to requests, kept as data under `tests/golden`: refusals to the byte, and what
//! it lets by. Each is sent as raw bytes; all differences are told at once.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::support::{Answer, KEY, Wire, server};

/// The files of cases, by what they are about.
const FILES: &[(&str, &str)] = &[
    ("content_type", include_str!("../golden/content_type.json")),
    ("credentials", include_str!("../golden/credentials.json")),
    ("directory_body", include_str!("../golden/directory_body.json")),
    ("directory_list", include_str!("../golden/directory_list.json")),
    ("index_body", include_str!("../golden/index_body.json")),
    ("mutated", include_str!("../golden/mutated.json")),
    ("order", include_str!("../golden/order.json")),
    ("query", include_str!("../golden/query.json")),
    ("routing", include_str!("../golden/routing.json")),
    ("syntax", include_str!("../golden/syntax.json")),
    ("uuid", include_str!("../golden/uuid.json")),
];

/// Kinds of fields that no operation has yet, by a schema put in the place of a request's.
const WORDS: (&str, &str) = ("words", include_str!("../golden/words.json"));
const WORDS_SCHEMA: &str = include_str!("../golden/words.schema.json");

/// Cases there are at the least; who adds some may raise it, and nobody loses some unseen.
const LEAST_REFUSALS: usize = 1900;
const LEAST_ACCEPTED: usize = 290;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    request: Request,
    /// The framework lets it by; it has no status then.
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

/// A request; `host` and `content-length` come to it when it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: String,
    target: String,
    /// The usual key, and JSON's content type when there is a body, unless said.
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
    /// A body that is no text.
    body_hex: Option<String>,
}

impl Request {
    fn bytes(&self, address: SocketAddr) -> Vec<u8> {
        let body = self.body();
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {address}\r\n", self.method, self.target);
        for (name, value) in self.headers.clone().unwrap_or_else(|| usual_headers(body.as_deref())) {
            write!(head, "{name}: {value}\r\n").expect("a string takes everything");
        }
        let framed = ["\r\ntransfer-encoding:", "\r\ncontent-length:"].iter().any(|name| head.contains(name));
        if let Some(body) = body.as_ref().filter(|_| !framed) {
            write!(head, "content-length: {}\r\n", body.len()).expect("a string takes everything");
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
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("a case's body is in hexadecimal digits");
    (0..text.len()).step_by(2).map(pair).collect()
}

fn cases() -> Vec<(String, Case)> {
    FILES.iter().flat_map(cases_of).collect()
}

fn cases_of((file, text): &(&str, &str)) -> Vec<(String, Case)> {
    let cases: Vec<Case> = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    cases.into_iter().map(|case| (format!("{file}: {}", case.name), case)).collect()
}

/// Sends each case over a connection of its own; what `difference` finds is the test's failure.
fn differences(address: SocketAddr, cases: &[(String, Case)], difference: fn(&Case, &Answer) -> Option<String>) {
    let mut found = Vec::new();
    for (name, case) in cases {
        let answer = Wire::connect(address).send(case.request.bytes(address)).answer_to(&case.request.method);
        let told = match answer {
            None => Some("no answer came".to_owned()),
            Some(answer) => difference(case, &without_host(answer, address)),
        };
        found.extend(told.map(|told| format!("{name}\n{told}")));
    }
    assert!(found.is_empty(), "{} of {} differ:\n{}", found.len(), cases.len(), found.join("\n"));
}

fn without_host(mut answer: Answer, address: SocketAddr) -> Answer {
    for (_, value) in answer.headers.iter_mut().filter(|(name, _)| name == "location") {
        *value = value.replace(&address.to_string(), "{host}");
    }
    answer
}

fn refused_otherwise(case: &Case, answer: &Answer) -> Option<String> {
    let content_type = (case.status != 307).then_some("application/json");
    let wanted = (case.status, case.body.as_str(), content_type, case.allow.as_deref(), case.location.as_deref());
    let text = answer.text();
    let told = (
        answer.status,
        text.as_str(),
        answer.header("content-type"),
        answer.header("allow"),
        answer.header("location"),
    );
    (told != wanted).then(|| format!("  wanted {wanted:?}\n  came   {told:?}"))
}

fn refused_at_all(_: &Case, answer: &Answer) -> Option<String> {
    (!(200..300).contains(&answer.status)).then(|| format!("  came {} {}", answer.status, answer.text()))
}

#[test]
fn every_refusal_is_the_frameworks_to_the_byte() {
    let server = server(&[]);
    let refusals: Vec<_> = cases().into_iter().filter(|(_, case)| !case.accepted).collect();
    assert!(refusals.len() >= LEAST_REFUSALS, "only {} refusals", refusals.len());
    differences(server.address(), &refusals, refused_otherwise);
}

#[test]
fn what_the_framework_lets_by_is_let_by() {
    // What the service checks in its own code, and whether an id exists, is no matter of the framework's.
    let server = server(&[("contract", "true")]);
    let accepted: Vec<_> = cases().into_iter().filter(|(_, case)| case.accepted).collect();
    assert!(accepted.len() >= LEAST_ACCEPTED, "only {} accepted", accepted.len());
    differences(server.address(), &accepted, refused_at_all);
}

#[test]
fn a_schema_of_the_users_own_is_put_into_the_frameworks_words() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    std::fs::write(folder.path().join("indexes.create.request.json"), WORDS_SCHEMA).expect("there is room for a file");
    let server = server(&[("schemas", folder.path().to_str().expect("a temporary folder's path is text"))]);
    differences(server.address(), &cases_of(&WORDS), refused_otherwise);
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut names: Vec<_> = cases().into_iter().chain(cases_of(&WORDS)).map(|(name, _)| name).collect();
    names.sort();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
