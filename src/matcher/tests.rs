//! Conditions and patterns of operations on plain data, and the errors of both with the nearest word.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::*;

struct Row(&'static str, bool);

impl OperationFacts for Row {
    fn path(&self) -> &'static str {
        "/"
    }

    fn name(&self) -> &'static str {
        self.0
    }

    fn reads(&self) -> bool {
        self.1
    }
}

const ROWS: &[Row] =
    &[Row("widgets.list", true), Row("widgets.create", false), Row("widgets.parts.get", true), Row("tools.get", true)];

/// The positions that a pattern names, or the text of the error.
fn positions(pattern: &str) -> Result<Vec<usize>, String> {
    matching_operations(pattern, ROWS).map_err(|error| error.to_string())
}

#[test]
fn a_pattern_names_operations_once_and_in_the_order_of_the_table() {
    for (pattern, expected) in [
        ("*", &[0, 1, 2, 3][..]),
        ("reads", &[0, 2, 3]),
        ("writes", &[1]),
        ("widgets.*", &[0, 1, 2]),
        ("widgets.parts.*", &[2]),
        ("widgets.create", &[1]),
        ("tools.get,widgets.list", &[0, 3]),
        ("widgets.list,widgets.*,reads", &[0, 1, 2, 3]),
    ] {
        assert_eq!(positions(pattern).as_deref(), Ok(expected), "{pattern}");
    }
}

#[test]
fn a_pattern_without_an_operation_is_refused_with_the_nearest_word() {
    for (pattern, expected) in [
        ("widgets.lst", "widgets.lst: is not an operation; did you mean widgets.list?"),
        ("widget.*", "widget.*: is not an operation; did you mean widgets.*?"),
        ("raeds", "raeds: is not an operation; did you mean reads?"),
        ("widgets.list,tools.gt", "tools.gt: is not an operation; did you mean tools.get?"),
        ("zzzzzzzzzz", "zzzzzzzzzz: is not an operation"),
    ] {
        assert_eq!(positions(pattern), Err(expected.to_owned()));
    }
    for pattern in ["", "widgets.list,", ",*"] {
        assert!(positions(pattern).is_err_and(|error| error.starts_with("operation: is empty;")), "{pattern}");
    }
}

/// A request with two values of one header.
struct Parts {
    body: Option<Value>,
}

impl RequestParts for Parts {
    fn header_values(&self, name: &str) -> impl Iterator<Item = Cow<'_, str>> {
        let headers = [("x-mode", "slow"), ("x-mode", "safe"), ("x-empty", ""), ("authorization", "…")];
        headers.into_iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.into())
    }

    fn query(&self) -> Option<&str> {
        Some("q=red+panda&q=otter&flag&page=%32")
    }

    fn path_param(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "file_id").then_some(Cow::Borrowed("dfl-7"))
    }

    fn content(&self) -> Option<&Value> {
        self.body.as_ref()
    }
}

fn holds(condition: &str, request: &Parts) -> bool {
    Condition::parse(condition).unwrap_or_else(|error| panic!("{condition}: {error}")).holds(request)
}

#[test]
fn a_condition_holds_for_any_value_of_its_subject() {
    let body = json!({ "name": "Panda", "count": 5, "tags": ["a", { "b": null }], "a/b": true, "m~n": 1.50 });
    let request = Parts { body: Some(body) };
    for (condition, expected) in [
        ("header:x-mode", true),
        ("header:X-Mode=safe", true),
        ("header:x-mode=saf", false),
        ("header:x-mode~^saf", true),
        ("header:x-empty", true),
        ("header:x-empty=", true),
        ("header:x-none", false),
        ("header:authorization", true),
        ("query:q=red panda", true),
        ("query:q=otter", true),
        ("query:q~^pan", false),
        ("query:flag", true),
        ("query:page=2", true),
        ("query:none", false),
        ("path:file_id", true),
        ("path:file_id=dfl-7", true),
        ("path:file_id=dfl-", false),
        ("path:file_id~^dfl-[0-9]$", true),
        ("path:directory_id", false),
        ("body:/name=Panda", true),
        ("body:/name~(?i)^PAN", true),
        ("body:/count=5", true),
        ("body:/count~[5]", true),
        ("body:/tags/0=a", true),
        (r#"body:/tags/1={"b":null}"#, true),
        ("body:/tags/1/b=null", true),
        ("body:/a~1b=true", true),
        ("body:/m~0n", true),
        ("body:/none", false),
    ] {
        assert_eq!(holds(condition, &request), expected, "{condition}");
        let is_about_body = condition.starts_with("body:");
        assert_eq!(Condition::parse(condition).expect("it is valid").needs_body(), is_about_body, "{condition}");
        if is_about_body {
            assert!(!holds(condition, &Parts { body: None }), "{condition} without a JSON body");
        }
    }
}

#[test]
fn an_invalid_condition_is_refused_with_what_is_wrong() {
    for (condition, expected) in [
        (
            "x-mode",
            "is not header:NAME, query:NAME, path:NAME or body:POINTER, with =VALUE, with ~EXPRESSION or with neither",
        ),
        ("heder:x", r#""heder" is not one of header, query, path, body; did you mean header?"#),
        ("header:a b", r#""a b" is not a header name"#),
        ("path:=1", "is without the name of a parameter; it is path:NAME"),
        ("query:=1", "is without the name of a parameter; it is query:NAME"),
        ("body:name=1", r#""name" is not a JSON pointer such as /items/0/id"#),
        ("query:q~(", r#""(" is not a regular expression: unclosed group"#),
        (
            "header:x-api-key=a",
            "x-api-key holds a credential, so only its presence can be asked for; key=KEY is for API keys",
        ),
    ] {
        let error = Condition::parse(condition).expect_err(condition);
        assert_eq!(error.to_string(), expected);
    }
    let large = format!("header:x~{}", "(a{1000}){1000}");
    assert!(Condition::parse(&large).is_err(), "an expression over the limit of its size");
}
