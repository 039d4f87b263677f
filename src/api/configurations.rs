//! Configurations of products: created, listed, shown, changed, deleted. Each change adds a version. Nothing else reads
//! their parameters.

use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::paging::{self, PageParams};
use super::presets::Preset;
use super::state::AdminView;
use super::value_checks;
use crate::clock::Timestamp;
use crate::config::{Fidelity, References, Settings};
use crate::error::ApiError;
use crate::operation::{Answer, Effect, Operation};
use crate::response::Payload;
use crate::schema::{PlainValue, ValidRequest};
use crate::store::{
    Configuration, ConfigurationSettings, ConfigurationVersion, ContractWord, Key, Resource, Scope, Store, StoreError,
};

/// The name of the list of configurations, which its page tokens are valid for.
const LIST: &str = "configurations.list";

/// The rows of configurations.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "configurations.create",
        summary: "Creates a configuration, or a version of the one with its name and product.",
        path: "/api/v1/beta/configurations",
        effect: Effect::Upserts,
        resource: Configuration::KIND,
        response: Some("configuration"),
        handler: |scope, request| create(scope, &request.settings, request.known_body()?).map(Answer::Payload),
        ..Operation::CREATE
    },
    Operation {
        name: LIST,
        summary: "Lists the versions of configurations, newest first.",
        path: "/api/v1/beta/configurations",
        resource: Configuration::KIND,
        response: Some("configuration_page"),
        handler: |scope, request| list(scope, request).map(Answer::Payload),
        ..Operation::LIST
    },
    Operation {
        name: "configurations.retrieve",
        summary: "Shows a configuration.",
        path: "/api/v1/beta/configurations/{config_id}",
        resource: Configuration::KIND,
        response: Some("configuration"),
        handler: |scope, request| retrieve(scope, &request.params()?).map(Answer::Payload),
        ..Operation::READ
    },
    Operation {
        name: "configurations.update",
        summary: "Adds a version to a configuration.",
        method: Method::PUT,
        path: "/api/v1/beta/configurations/{config_id}",
        resource: Configuration::KIND,
        response: Some("configuration"),
        handler: |scope, request| update(scope, request).map(Answer::Payload),
        ..Operation::CHANGE
    },
    Operation {
        name: "configurations.delete",
        summary: "Deletes a configuration with all its versions.",
        path: "/api/v1/beta/configurations/{config_id}",
        resource: Configuration::KIND,
        handler: |scope, request| delete(scope, &request.params()?).map(Answer::Payload),
        ..Operation::DELETE
    },
];

/// The values of the schema, which refuses others unless `--schemas` replaces it.
const PRODUCT_TYPES: &[&str] = &["split_v1", "extract_v2", "classify_v2", "parse_v2", "spreadsheet_v1", "unknown"];

#[derive(Deserialize)]
struct NewConfiguration {
    name: Box<str>,
    parameters: PlainValue,
}

#[derive(Deserialize)]
struct ConfigurationChange {
    name: Option<Box<str>>,
    parameters: Option<PlainValue>,
}

#[derive(Deserialize)]
struct ConfigurationPath {
    config_id: String,
}

#[derive(Deserialize)]
struct ConfigurationFilter {
    product_type: Option<Vec<String>>,
    name: Option<String>,
    #[serde(default)]
    latest_only: bool,
}

/// A version of a configuration as the service prints it. The order of the fields is that of its contract.
#[derive(Serialize)]
struct ConfigurationBody<'a> {
    id: Cow<'a, str>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    name: &'a str,
    product_type: &'a str,
    /// The service documents a date and time as a text.
    version: String,
    parameters: &'a Map<String, Value>,
}

fn create(scope: &mut Scope<'_>, settings: &Settings, new: NewConfiguration) -> Result<Payload, ApiError> {
    let PlainValue(parameters) = new.parameters;
    let new = configuration_settings(new.name, parameters);
    check_parse_configuration(scope, settings, &new.parameters)?;
    let project = scope.project_for_write()?;
    let key = if let Some(key) = Configuration::named(scope, project, &new) {
        Configuration::add_version(scope, key, new)?;
        key
    } else {
        scope.check_quota::<Configuration>()?;
        let id = scope.store.next_id::<Configuration>();
        let key = Configuration::add(scope, id, new)?;
        scope.count_created(key);
        key
    };
    Ok(latest(scope.store, key))
}

/// Lists all versions: which configuration a version belongs to, its id says.
fn list(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (filter, page): (ConfigurationFilter, _) = (request.params()?, PageParams::of_query(request)?);
    let keys: Vec<Key<Configuration>> = scope.visible(scope.existing_project());
    let versions = |key: &Key<Configuration>| {
        let configuration = scope.store.get(*key);
        let skipped = if filter.latest_only { configuration.versions().len() - 1 } else { 0 };
        let versions = configuration.versions().iter().enumerate().skip(skipped);
        let accepted = versions.filter(|(_, version)| filter.accepts(&version.settings));
        accepted.map(|(position, version)| (version.cursor(*key), (*key, position))).collect::<Vec<_>>()
    };
    let mut items: Vec<_> = keys.iter().flat_map(versions).collect();
    items.sort_unstable();
    let found = page.find(LIST, |page| scope.page_of(page, items.into_iter()))?;
    Ok(paging::payload(&found, |(key, position)| {
        let configuration = scope.store.get(*key);
        body(configuration, &configuration.versions()[*position])
    }))
}

fn retrieve(scope: &mut Scope<'_>, path: &ConfigurationPath) -> Result<Payload, ApiError> {
    if let Some(preset) = preset(scope, &path.config_id) {
        return Ok(Payload::json(&preset_body(&preset)));
    }
    let key = scope.resolve(&path.config_id)?;
    Ok(latest(scope.store, key))
}

/// A field that is absent or null keeps its value. The version is added even if nothing differs.
fn update(scope: &mut Scope<'_>, request: &ValidRequest) -> Result<Payload, ApiError> {
    let (path, change): (ConfigurationPath, ConfigurationChange) = (request.params()?, request.known_body()?);
    let key = resolve_for_write(scope, &path)?;
    let configuration = scope.store.get(key);
    let (project, last) = (configuration.meta.project, &configuration.latest().settings);
    let name = change.name.unwrap_or_else(|| last.name.clone());
    let parameters =
        change.parameters.map_or_else(|| Value::Object(last.parameters.clone()), |PlainValue(parameters)| parameters);
    let new = configuration_settings(name, parameters);
    check_parse_configuration(scope, &request.settings, &new.parameters)?;
    let is_service = scope.store.policy.fidelity == Fidelity::Service;
    if is_service && Configuration::named(scope, project, &new).is_some_and(|other| other != key) {
        let message =
            format!("A configuration of the product {} with the name {:?} exists", new.product_type, new.name);
        return Err(ApiError::text(409, message));
    }
    Configuration::add_version(scope, key, new)?;
    Ok(latest(scope.store, key))
}

fn delete(scope: &mut Scope<'_>, path: &ConfigurationPath) -> Result<Payload, ApiError> {
    let key = resolve_for_write(scope, path)?;
    scope.delete(key);
    Ok(Payload::Empty)
}

/// The configuration that a request changes: not a preset.
fn resolve_for_write(scope: &mut Scope<'_>, path: &ConfigurationPath) -> Result<Key<Configuration>, ApiError> {
    if scope.store.policy.fidelity == Fidelity::Service && preset(scope, &path.config_id).is_some() {
        return Err(ApiError::text(403, "A preset can be neither changed nor deleted"));
    }
    Ok(scope.resolve(&path.config_id)?)
}

/// Refuses a reference to a configuration that does not exist, if references are strict.
pub(super) fn check_reference(scope: &mut Scope<'_>, settings: &Settings, id: &str) -> Result<(), ApiError> {
    let is_checked = settings.references == References::Strict && settings.fidelity == Fidelity::Service;
    if !is_checked || preset(scope, id).is_some() || scope.find::<Configuration>(id).is_some() {
        return Ok(());
    }
    Err(StoreError::NotFound(Configuration::KIND).into())
}

/// Checks the configuration of parsing that some products name.
fn check_parse_configuration(
    scope: &mut Scope<'_>,
    settings: &Settings,
    parameters: &Map<String, Value>,
) -> Result<(), ApiError> {
    let id = parameters.get("parse_config_id").and_then(Value::as_str);
    id.map_or(Ok(()), |id| check_reference(scope, settings, id))
}

/// The preset with this id, unless a resource has it.
fn preset(scope: &mut Scope<'_>, id: &str) -> Option<Preset> {
    Preset::with_id(id).filter(|_| scope.find::<Configuration>(id).is_none())
}

/// The settings of these parameters, which the schema has checked.
fn configuration_settings(name: Box<str>, parameters: Value) -> ConfigurationSettings {
    let parameters = if let Value::Object(fields) = parameters { fields } else { Map::new() };
    let product_type = parameters.get("product_type").and_then(Value::as_str).unwrap_or_default();
    let product_type: ContractWord = value_checks::word(PRODUCT_TYPES, product_type);
    ConfigurationSettings::new(name, product_type, parameters)
}

impl ConfigurationFilter {
    fn accepts(&self, settings: &ConfigurationSettings) -> bool {
        self.name.as_deref().is_none_or(|name| *settings.name == *name)
            && self.product_type.as_ref().is_none_or(|types| types.iter().any(|kind| *kind == settings.product_type))
    }
}

/// The last version of a configuration as the response to a request.
fn latest(store: &Store, key: Key<Configuration>) -> Payload {
    let configuration = store.get(key);
    Payload::json(&body(configuration, configuration.latest()))
}

fn body<'a>(configuration: &'a Configuration, version: &'a ConfigurationVersion) -> ConfigurationBody<'a> {
    let ConfigurationSettings { name, product_type, parameters } = &version.settings;
    ConfigurationBody {
        id: configuration.meta.id.to_string().into(),
        created_at: Some(configuration.meta.created_at),
        updated_at: Some(version.made_at),
        name,
        product_type,
        version: version.made_at.to_string(),
        parameters,
    }
}

fn preset_body(preset: &Preset) -> ConfigurationBody<'_> {
    ConfigurationBody {
        id: preset.id.into(),
        created_at: None,
        updated_at: None,
        name: preset.name(),
        product_type: "parse_v2",
        version: Preset::VERSION.to_owned(),
        parameters: &preset.parameters,
    }
}

/// The last version, then what no response of the API shows.
impl AdminView for Configuration {
    fn view(store: &Store, key: Key<Self>) -> Value {
        let configuration = store.get(key);
        let mut view = serde_json::to_value(body(configuration, configuration.latest())).unwrap_or_default();
        view["versions"] = configuration.versions().len().into();
        view
    }
}
