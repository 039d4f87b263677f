//! Copies of tenants in random states: the copy is saved as the original is, and answers every later request as the
//! original does, with the same ids.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Instance, write_snapshot};
use crate::emulator;
use crate::request::{Head, Request};
use crate::response::Response;

/// How many times a tenant is copied while random requests change it.
const COPIES: usize = 4;

/// A random request: what it does, and numbers that choose what it is about.
type Step = (u8, u8, u8);

const FILES: &[(&str, &str)] = &[
    ("a.md", "# Leave\n\nEvery employee has 28 days.\n"),
    ("a.txt", "plain text"),
    ("data.bin", "\u{0}\u{1}binary"),
    ("table.csv", "id,name\n1,one\n2,two\n"),
    ("a.pdf", "%PDF-1.4 damaged"),
    ("a.pdf.md", "text of the sidecar"),
    ("quote\".html", "<p>Hello</p>"),
];

const NAMES: &[&str] = &["plain", "mock:partial", "mock:fail", "mock:stuck", "mock:slow=30s", "ünï\"code"];

/// A tenant that requests change, and what its responses named.
struct Driver<'a> {
    instance: &'a Instance,
    key: String,
}

impl Driver<'_> {
    fn send(&self, method: &str, target: &str, content_type: &'static str, body: Vec<u8>) -> Response {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.key)).expect("a header value");
        let headers = [(AUTHORIZATION, bearer), (CONTENT_TYPE, HeaderValue::from_static(content_type))];
        let headers = HeaderMap::from_iter(headers);
        let method = method.parse().expect("a method");
        let head = Head { method, path: path.to_owned(), query: query.map(str::to_owned), headers };
        emulator::respond(self.instance, &Request { head, body: body.into() })
    }

    fn json(&self, method: &str, target: &str, body: &Value) -> Response {
        self.send(method, target, "application/json", body.to_string().into_bytes())
    }

    fn upload(&self, target: &str, (name, content): (&str, &str)) -> Response {
        let name = name.replace('"', "%22");
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nuser_data\r\n--b\r\nContent-Disposition: \
             form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/x-{}\r\n\r\n",
            name.len()
        )
        .into_bytes();
        body.extend_from_slice(content.as_bytes());
        if name == "data.bin" {
            body.push(0xff);
        }
        body.extend_from_slice(b"\r\n--b--\r\n");
        self.send("POST", target, "multipart/form-data; boundary=b", body)
    }

    /// One of the ids that a list shows; an unknown one if it shows none.
    fn id(&self, list: &str, choice: u8) -> String {
        let body = self.json("GET", list, &json!({})).body.bytes();
        let page: Value = serde_json::from_slice(&body).expect("lists are JSON");
        let items = page["items"].as_array().map_or(&[][..], Vec::as_slice);
        let chosen = items.get(usize::from(choice) % items.len().max(1));
        let id = chosen.map(|item| item["id"].as_str().or(item["session_id"].as_str()).expect("an id"));
        id.unwrap_or("none").to_owned()
    }

    fn step(&self, (action, first, second): Step) -> Response {
        let directory = || self.id("/api/v1/beta/directories?include_deleted=true", first);
        let index = || self.id("/api/v1/indexes", first);
        let project = ["", "?project_id=01234567-89ab-4cde-8f01-23456789abcd"][usize::from(second % 2)];
        let name = NAMES[usize::from(second) % NAMES.len()];
        let file = FILES[usize::from(second) % FILES.len()];
        match action % 18 {
            0 => {
                let kind = ["user", "ephemeral"][usize::from(first % 2)];
                let body = json!({"name": name, "type": kind, "description": name, "system_metadata": {"n": 1.50}});
                self.json("POST", &format!("/api/v1/beta/directories{project}"), &body)
            }
            1 => self.upload(&format!("/api/v1/beta/files{project}"), file),
            2..=4 => self.upload(&format!("/api/v1/beta/directories/{}/files/upload", directory()), file),
            5 => {
                let body = json!({"file_id": self.id("/api/v1/beta/files", second), "metadata": {"team": name}});
                self.json("POST", &format!("/api/v1/beta/directories/{}/files", directory()), &body)
            }
            6 => {
                let list = format!("/api/v1/beta/directories/{}/files", directory());
                let target = format!("{list}/{}", self.id(&list, second));
                let method = ["PATCH", "DELETE"][usize::from(second % 2)];
                self.json(method, &target, &json!({"display_name": format!("renamed {first}.txt")}))
            }
            7 => self.json("DELETE", &format!("/api/v1/beta/directories/{}", directory()), &json!({})),
            8 | 9 => {
                let options = json!({
                    "source_directory_id": directory(), "name": name, "store_attachments": ["items"],
                    "vector_target": if first % 2 == 0 { "DEFAULT" } else { "DISABLED" },
                });
                self.json("POST", &format!("/api/v1/indexes{project}"), &options)
            }
            10 => self.json("POST", &format!("/api/v1/indexes/{}/sync", index()), &json!({})),
            11 => self.json("POST", &format!("/api/v1/indexes/{}/sync/cancel", index()), &json!({})),
            12 => self.json("DELETE", &format!("/api/v1/indexes/{}", index()), &json!({})),
            13 => {
                let by = ["100ms", "200ms", "31s", "25h", "31d"][usize::from(first) % 5];
                self.json(
                    "POST",
                    "/__admin/clock/advance",
                    &json!({"tenant": self.key, "by": by.replace("31d", "744h")}),
                )
            }
            14 => {
                let tier = if first % 2 == 0 { "fast" } else { "agentic" };
                let parameters = json!({"product_type": "parse_v2", "tier": tier, "version": "latest"});
                let body = json!({"name": name, "parameters": parameters});
                self.json("POST", "/api/v1/beta/configurations", &body)
            }
            15 => self.json("POST", "/api/v1/chat", &json!({"index_ids": [index()]})),
            16 => {
                let target = format!("/api/v1/chat/{}/messages/stream", self.id("/api/v1/chat", first));
                self.json("POST", &target, &json!({"prompt": "How many days?", "index_ids": [index()]}))
            }
            _ => {
                let body = json!({"index_id": index(), "query": "days of leave text"});
                self.json("POST", "/api/v1/retrieval/retrieve", &body)
            }
        }
    }

    /// The snapshot of the tenant alone.
    fn snapshot(&self) -> String {
        let tenant = self.instance.tenants.admit(&self.key).expect("there is a place");
        let mut json = Vec::new();
        write_snapshot(self.instance.settings.seed, &[tenant], &mut json).expect("memory takes it");
        String::from_utf8(json).expect("JSON is UTF-8")
    }

    fn views(&self) -> Vec<Response> {
        let lists =
            ["/api/v1/indexes", "/api/v1/beta/directories?include_deleted=true", "/api/v1/beta/files", "/api/v1/chat"];
        let state = format!("/__admin/state?tenant={}", self.key);
        lists
            .iter()
            .chain([&&*state, &"/api/v1/beta/configurations", &"/api/v2/projects"])
            .map(|path| self.json("GET", path, &json!({})))
            .collect()
    }
}

fn instance() -> Instance {
    Instance::of_flags(&[("clock", "auto"), ("start-time", "2026-01-01T00:00:00Z")])
}

fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body.bytes()).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn a_copy_answers_as_the_original_does(steps in prop::collection::vec(any::<Step>(), 16..48)) {
        let (instance, other) = (instance(), instance());
        let [original, copy] = [&instance, &other].map(|instance| Driver { instance, key: "llx-a".to_owned() });
        for part in steps.chunks(steps.len().div_ceil(COPIES)) {
            let saved = original.snapshot();
            if let Err(error) = other.restore(saved.as_bytes()) {
                panic!("{error:?}: {saved}");
            }
            prop_assert_eq!(saved, copy.snapshot());
            for step in part {
                let (expected, actual) = (original.step(*step), copy.step(*step));
                prop_assert_eq!(text(&expected), text(&actual), "{:?}", step);
                prop_assert!(expected == actual, "{:?}", step);
            }
            for (expected, actual) in original.views().iter().zip(copy.views()) {
                prop_assert_eq!(text(expected), text(&actual));
            }
        }
    }
}
