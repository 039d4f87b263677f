//! A directory of documents.

use std::time::Duration;

use fake::Fake;
use fake::faker::name::en::LastName;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::described::{Described, DescriptionError};
use super::{
    DescribedFile, DirectoryFile, FieldReader, Id, Key, Kind, Meta, Prefix, Project, Resource, Scope, StoreError,
};
use crate::clock::Timestamp;

/// A directory of documents, or of what an index made of them.
#[derive(Debug, Clone)]
pub(crate) struct Directory {
    /// Its id is `dir-…`.
    pub(crate) meta: Meta,
    pub(crate) name: Box<str>,
    pub(crate) description: Option<Box<str>>,
    /// What it is for.
    pub(crate) kind: DirectoryKind,
    /// The connector that fills it.
    pub(crate) connector_subscription_id: Option<Box<str>>,
    /// Free-form metadata, as given.
    pub(crate) system_metadata: Option<Box<Map<String, Value>>>,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// A directory as a world describes it.
#[derive(Debug)]
pub(super) struct DescribedDirectory {
    id: Option<Box<str>>,
    project_id: Option<Uuid>,
    /// Its id if absent.
    name: Option<Box<str>>,
    description: Option<Box<str>>,
    kind: DirectoryKind,
    system_metadata: Option<Map<String, Value>>,
    files: Vec<DescribedFile>,
}

/// What a directory is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DirectoryKind {
    /// Documents of a user.
    #[default]
    User,
    /// The output of an index; it is deleted with the index.
    Index,
    /// Documents that may be cleaned up after a while.
    Ephemeral,
}

/// Kinds of documents, for the names of implicitly created directories.
const DOCUMENT_TYPES: &[&str] =
    &["Contracts", "Handbook", "Invoices", "Manuals", "Meeting Notes", "Policies", "Reports", "Research"];

/// How long an ephemeral directory is kept. The service's own figure is not published.
const EPHEMERAL_LIFETIME: Duration = Duration::from_hours(24);

/// How long deleted directories and their files are shown by lists with `include_deleted`. The service's own figure is
/// not published.
pub(super) const DELETED_RETENTION: Duration = Duration::from_hours(30 * 24);

impl DirectoryKind {
    /// The service's word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Index => "index",
            Self::Ephemeral => "ephemeral",
        }
    }
}

impl Directory {
    /// A directory without the fields that are optional.
    pub(crate) fn new(meta: Meta, name: Box<str>, kind: DirectoryKind) -> Self {
        Self {
            updated_at: meta.created_at,
            meta,
            name,
            description: None,
            kind,
            connector_subscription_id: None,
            system_metadata: None,
        }
    }
}

impl Resource for Directory {
    type Parent = Project;

    const KIND: Kind = Kind { name: "Directory", plural: "directories", id_prefix: Prefix::new(*b"dir-") };

    const OVERHEAD_BYTES: usize = 320;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn parent(&self) -> Key<Project> {
        self.meta.project
    }

    fn text_bytes(&self) -> usize {
        let texts = [&self.description, &self.connector_subscription_id];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        let metadata = self.system_metadata.as_ref().map_or(0, |map| fields_weight_bytes(map));
        self.name.len() + texts + metadata
    }

    fn counts(&self) -> bool {
        self.kind != DirectoryKind::Index
    }

    /// Output directories go with their index.
    fn deleted_retention(&self) -> Duration {
        if self.kind == DirectoryKind::Index { Duration::ZERO } else { DELETED_RETENTION }
    }

    fn expires_at(&self) -> Option<Timestamp> {
        (self.kind == DirectoryKind::Ephemeral).then(|| self.meta.created_at.plus(EPHEMERAL_LIFETIME))
    }

    /// The files in it are deleted with it.
    fn delete_owned(scope: &mut Scope<'_>, key: Key<Self>) {
        let files: Vec<Key<DirectoryFile>> = scope.store.collection().children(key).collect();
        for file in files {
            scope.delete(file);
        }
    }

    /// Its name derives from its id only.
    fn create_implicit(scope: &mut Scope<'_>, id: &str, _: Option<Key<Project>>) -> Result<Key<Self>, StoreError> {
        let meta = scope.new_meta(Id::parse(id))?;
        let mut stream = scope.store.seed.stream(&format!("directory {id}"), 0);
        let client: String = LastName().fake_with_rng(&mut stream);
        let documents = DOCUMENT_TYPES.choose(&mut stream).expect("the list has entries");
        scope.insert(Self::new(meta, format!("{client} {documents}").into(), DirectoryKind::User))
    }
}

impl Described for DescribedDirectory {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, String> {
        Ok(Self {
            id: fields.take("id")?,
            project_id: fields.take("project_id")?,
            name: fields.take("name")?,
            description: fields.take("description")?,
            kind: fields.take::<Option<_>>("type")?.unwrap_or_default(),
            system_metadata: fields.map("system_metadata")?,
            files: fields.list("files", DescribedFile::read)?,
        })
    }

    fn project_id(&self) -> Option<Uuid> {
        self.project_id
    }

    fn ids(&self) -> Vec<(&'static str, Id)> {
        self.id.iter().map(|id| ("id", Id::parse(id))).collect()
    }

    fn files(&mut self) -> Vec<(String, &mut DescribedFile)> {
        let files = self.files.iter_mut().enumerate();
        files.map(|(at, file)| (format!(".files[{at}]"), file)).collect()
    }

    fn create(&self, scope: &mut Scope<'_>) -> Result<(), DescriptionError> {
        let given = self.id.as_deref().map(Id::parse);
        let id = given.unwrap_or_else(|| scope.unused_id::<Directory>("described directory"));
        let name = self.name.clone().unwrap_or_else(|| id.to_string().into());
        let meta = scope.new_meta(id)?;
        let directory = scope.insert(Directory {
            description: self.description.clone(),
            system_metadata: self.system_metadata.clone().map(Box::new),
            ..Directory::new(meta, name, self.kind)
        })?;
        for file in &self.files {
            file.add_to_directory(scope, directory)?;
        }
        Ok(())
    }
}

/// About how many bytes the fields of a JSON object take.
pub(super) fn fields_weight_bytes(fields: &Map<String, Value>) -> usize {
    fields.iter().map(|(key, value)| key.len() + size_of::<Value>() + weight_bytes(value)).sum()
}

fn weight_bytes(value: &Value) -> usize {
    let contents = match value {
        Value::String(text) => text.len(),
        Value::Number(number) => number.as_str().len(),
        Value::Array(items) => items.iter().map(weight_bytes).sum(),
        Value::Object(fields) => fields_weight_bytes(fields),
        Value::Null | Value::Bool(_) => 0,
    };
    size_of::<Value>() + contents
}
