//! The journal as an HTTP archive (HAR 1.2), for the tools that read it. What the format has no place for stands in
//! fields of our own: `_operation`, `_faults`, `_outcome`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::about::EntryView;
use super::journal;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Entry;
use crate::redact;
use crate::request::Request;
use crate::response::Response;

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let entries: Vec<Value> = journal::selected(instance, request)?.entries.iter().map(entry).collect();
    let creator = json!({ "name": "llamacloud-mock", "version": env!("CARGO_PKG_VERSION") });
    Ok(Response::json(200, &json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } })))
}

fn entry(view: &EntryView) -> Value {
    let entry = &view.entry;
    let milliseconds = entry.duration.map_or(0.0, |duration| duration.as_secs_f64() * 1e3);
    json!({
        "startedDateTime": entry.real_time,
        "time": milliseconds,
        "request": request(entry),
        "response": response(entry),
        "cache": {},
        "timings": { "send": 0, "wait": milliseconds, "receive": 0 },
        "_operation": entry.operation,
        "_faults": entry.faults,
        "_outcome": entry.outcome,
    })
}

fn request(entry: &Entry) -> Value {
    let target = redact::masked_target(&entry.path);
    let host = entry.request_headers.values("host").next().unwrap_or_else(|| "127.0.0.1".into());
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let parameters = form_urlencoded::parse(query.as_bytes());
    let headers = entry.request_headers.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    let mut request = json!({
        "method": entry.method.as_str(),
        "url": format!("http://{host}{target}"),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers.collect::<Vec<_>>(),
        "queryString": parameters.map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "headersSize": -1,
        "bodySize": entry.request_body.bytes().len() + entry.request_body.omitted_bytes(),
    });
    if !entry.request_body.bytes().is_empty() {
        let content_type = entry.request_headers.values("content-type").next().unwrap_or_default();
        request["postData"] = json!({ "mimeType": content_type, "text": entry.request_body.text() });
    }
    request
}

/// A response without a status, because a fault broke the connection, has the status 0, as browsers write it.
fn response(entry: &Entry) -> Value {
    let status = entry.status.and_then(|status| StatusCode::from_u16(status).ok());
    let body = &entry.reply_body;
    let mut content = Map::new();
    content.insert("size".to_owned(), (body.bytes().len() + body.omitted_bytes()).into());
    content.insert("mimeType".to_owned(), body.value().map_or("", |_| "application/json").into());
    content.insert("text".to_owned(), body.text().into());
    json!({
        "status": status.map_or(0, |status| status.as_u16()),
        "statusText": status.and_then(|status| status.canonical_reason()).unwrap_or_default(),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [],
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": body.bytes().len() + body.omitted_bytes(),
    })
}
