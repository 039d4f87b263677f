//! Shows the settings and their sources. Of a secret it shows only whether it is set.

use serde::Serialize;

use crate::error::ApiError;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize)]
struct ConfigView {
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: Option<String>,
    source: String,
}

/// The settings whose values are secrets.
const SECRETS: &[&str] = &["api-key", "admin-token"];

#[expect(clippy::unnecessary_wraps, reason = "the table holds handlers that can fail")]
pub(super) fn show(instance: &Instance, _: &Request) -> Result<Response, ApiError> {
    let setting = |(flag, raw): (&'static crate::config::Flag, &crate::config::RawSetting)| {
        let value = (!raw.values.is_empty()).then(|| raw.values.join("\n"));
        let value = if SECRETS.contains(&flag.name) { value.map(|_| "(set)".to_owned()) } else { value };
        Setting { name: flag.name, value, source: raw.source.to_string() }
    };
    Ok(Response::json(200, &ConfigView { settings: instance.raw_settings.all().map(setting).collect() }))
}
