//! Shows the settings and their sources. Of a secret it shows only whether it is set.

use serde::Serialize;

use crate::config::RawSetting;
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

#[expect(clippy::unnecessary_wraps, reason = "the table holds handlers that can fail")]
pub(super) fn show(instance: &Instance, _: &Request) -> Result<Response, ApiError> {
    let setting = |raw: &RawSetting| {
        let shown = if raw.flag.is_secret { "(set)".to_owned() } else { raw.values.join("\n") };
        let value = (!raw.values.is_empty()).then_some(shown);
        Setting { name: raw.flag.name, value, source: raw.source.to_string() }
    };
    Ok(Response::json(200, &ConfigView { settings: instance.raw_settings.all().map(setting).collect() }))
}
