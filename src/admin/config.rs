//! The settings, as they are and where they came from. Secrets are named, not shown.

use serde::Serialize;

use super::AdminContext;
use crate::error::ApiError;
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

const SECRETS: &[&str] = &["api-key", "admin-token"];

#[expect(clippy::unnecessary_wraps, reason = "the table of the tree holds fallible handlers")]
pub(super) fn show(admin: AdminContext<'_>, _call: &Request) -> Result<Response, ApiError> {
    let setting = |(flag, told): (&'static crate::config::Flag, &crate::config::RawSetting)| {
        let value = (!told.values.is_empty()).then(|| told.values.join("\n"));
        let value = if SECRETS.contains(&flag.name) { value.map(|_| "(set)".to_owned()) } else { value };
        Setting { name: flag.name, value, source: told.source.to_string() }
    };
    Ok(Response::json(200, &ConfigView { settings: admin.raw_settings.all().map(setting).collect() }))
}
