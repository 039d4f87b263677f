//! The settings, as they are and where they came from. Secrets are named, not shown.

use serde::Serialize;

use super::House;
use crate::call::Call;
use crate::problem::Problem;
use crate::reply::Reply;

#[derive(Serialize)]
struct Shown {
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
pub(super) fn show(house: House<'_>, _call: &Call) -> Result<Reply, Problem> {
    let setting = |(flag, told): (&'static crate::cli::Flag, &crate::config::Told)| {
        let value = (!told.values.is_empty()).then(|| told.values.join("\n"));
        let value = if SECRETS.contains(&flag.name) { value.map(|_| "(set)".to_owned()) } else { value };
        Setting { name: flag.name, value, source: told.source.to_string() }
    };
    Ok(Reply::json(200, &Shown { settings: house.told.all().map(setting).collect() }))
}
