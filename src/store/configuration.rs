//! A configuration of a product: its name and its parameters, in all versions.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::budget::Allocation;
use super::described::{Described, DescriptionError};
use super::directory::fields_weight_bytes;
use super::{
    ContractWord, Cursor, FieldReader, Id, Key, Kind, Meta, Prefix, Project, Resource, Scope, Store, StoreError,
};
use crate::clock::Timestamp;

/// A configuration of a product.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// Its id is `cfg-…`.
    pub(crate) meta: Meta,
    /// Oldest first; there is at least one.
    versions: Vec<ConfigurationVersion>,
}

/// What a configuration says at a time.
#[derive(Debug)]
pub(crate) struct ConfigurationVersion {
    /// When it was made. No other version of the configuration has the same time: it names the version.
    pub(crate) made_at: Timestamp,
    pub(crate) settings: ConfigurationSettings,
    /// The bytes that it takes of the budget.
    _allocation: Allocation,
}

/// The values of a version.
#[derive(Debug, Clone)]
pub(crate) struct ConfigurationSettings {
    pub(crate) name: Box<str>,
    /// Such as `parse_v2`.
    pub(crate) product_type: ContractWord,
    /// The options of the product; `product_type` is among them.
    pub(crate) parameters: Map<String, Value>,
}

/// A configuration as a world describes it: its only version.
#[derive(Debug)]
pub(super) struct DescribedConfiguration {
    id: Option<Box<str>>,
    project_id: Option<Uuid>,
    name: Box<str>,
    parameters: Map<String, Value>,
}

/// Maximum number of versions of a configuration.
const MAX_VERSIONS: usize = 1000;

/// The product of a configuration that nobody created.
const IMPLICIT_PRODUCT: &str = "unknown";

impl ConfigurationSettings {
    /// Settings with these parameters of this product.
    pub(crate) fn new(name: Box<str>, product_type: ContractWord, parameters: Map<String, Value>) -> Self {
        Self { name, product_type, parameters }
    }

    /// Settings with these parameters, which name their product.
    pub(super) fn of_parameters(name: Box<str>, parameters: Map<String, Value>) -> Self {
        let product = parameters.get("product_type").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self::new(name, product.into(), parameters)
    }

    /// Whether a request that creates `other` means this configuration.
    fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name && self.product_type == other.product_type
    }

    fn weight_bytes(&self) -> usize {
        size_of::<ConfigurationVersion>() + self.name.len() + fields_weight_bytes(&self.parameters)
    }
}

impl Configuration {
    /// Creates a configuration in the project of the request.
    pub(crate) fn add(scope: &mut Scope<'_>, id: Id, settings: ConfigurationSettings) -> Result<Key<Self>, StoreError> {
        let first = version(scope.store, scope.now, settings)?;
        let meta = scope.new_meta(id)?;
        scope.insert(Self { meta, versions: vec![first] })
    }

    /// A copy of a configuration with these versions, oldest first, each with its time.
    pub(super) fn restored(
        store: &Store,
        meta: Meta,
        versions: Vec<(Timestamp, ConfigurationSettings)>,
    ) -> Result<Self, StoreError> {
        if versions.len() > MAX_VERSIONS {
            return Err(StoreError::TooManyVersions { limit: MAX_VERSIONS });
        }
        let versions = versions.into_iter().map(|(made_at, settings)| version(store, made_at, settings));
        Ok(Self { meta, versions: versions.collect::<Result<_, _>>()? })
    }

    /// Adds a version to a configuration.
    pub(crate) fn add_version(
        scope: &mut Scope<'_>,
        key: Key<Self>,
        settings: ConfigurationSettings,
    ) -> Result<(), StoreError> {
        let versions = &scope.store.get(key).versions;
        if versions.len() >= MAX_VERSIONS {
            return Err(StoreError::TooManyVersions { limit: MAX_VERSIONS });
        }
        let earliest = versions.last().map_or(scope.now, |last| Timestamp::from_micros(last.made_at.micros() + 1));
        let next = version(scope.store, scope.now.max(earliest), settings)?;
        scope.store.get_mut(key).versions.push(next);
        Ok(())
    }

    /// The configuration of a project that has the name and the product of `settings`.
    pub(crate) fn named(
        scope: &Scope<'_>,
        project: Key<Project>,
        settings: &ConfigurationSettings,
    ) -> Option<Key<Self>> {
        let collection = scope.store.collection::<Self>();
        collection.children(project).find(|key| collection.get(*key).latest().settings.has_name_of(settings))
    }

    /// Its last version.
    pub(crate) fn latest(&self) -> &ConfigurationVersion {
        self.versions.last().expect("a configuration has a version from the start")
    }

    /// Its versions, oldest first.
    pub(crate) fn versions(&self) -> &[ConfigurationVersion] {
        &self.versions
    }
}

impl ConfigurationVersion {
    /// Its place in lists of versions, newest first, among those of the configuration with this key.
    pub(crate) fn cursor(&self, key: Key<Configuration>) -> Cursor {
        let age = i64::MAX - self.made_at.micros();
        Cursor::new(format!("{age:016x}").into(), u64::MAX - key.ordinal())
    }
}

fn version(
    store: &Store,
    made_at: Timestamp,
    settings: ConfigurationSettings,
) -> Result<ConfigurationVersion, StoreError> {
    let allocation = store.budget.allocate(settings.weight_bytes()).ok_or(StoreError::StateFull)?;
    Ok(ConfigurationVersion { made_at, settings, _allocation: allocation })
}

impl Resource for Configuration {
    type Parent = Project;

    const KIND: Kind = Kind { name: "Configuration", plural: "configurations", id_prefix: Prefix::CONFIGURATION };

    /// Its versions are counted apart.
    const OVERHEAD_BYTES: usize = 256;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Project> {
        self.meta.project
    }

    /// Its name contains its id, since a request that names it says nothing else.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _: Option<Key<Project>>) -> Result<Key<Self>, StoreError> {
        let parameters = Map::from_iter([("product_type".to_owned(), IMPLICIT_PRODUCT.into())]);
        let settings =
            ConfigurationSettings::new(format!("Configuration {id}").into(), IMPLICIT_PRODUCT.into(), parameters);
        Self::add(scope, Id::parse(id), settings)
    }
}

impl Described for DescribedConfiguration {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.take("id")?,
            project_id: fields.take("project_id")?,
            name: fields.take("name")?,
            parameters: fields.map("parameters")?.unwrap_or_default(),
        })
    }

    fn project_id(&self) -> Option<Uuid> {
        self.project_id
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        self.id.iter().map(|id| ("id", Id::parse(id))).collect()
    }

    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        let settings = ConfigurationSettings::of_parameters(self.name.clone(), self.parameters.clone());
        let project = scope.project_for_write()?;
        if Configuration::named(scope, project, &settings).is_some() {
            let problem = "another configuration has this name and product, so this would be a version of that one";
            return Err(DescriptionError::Field("name", problem.to_owned()));
        }
        let given = self.id.as_deref().map(Id::parse);
        let id = given.unwrap_or_else(|| scope.unused_id::<Configuration>("described configuration"));
        Configuration::add(scope, id, settings)?;
        Ok(())
    }
}
