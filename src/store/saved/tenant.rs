//! A saved tenant and its tables.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::content::ContentReader;
use super::restoration::{Restorer, restore, restore_counters, restore_directory};
use super::saver::{SavedRow, directories, files_without_directory, rows};
use crate::clock::SavedClock;
use crate::schema::read_value;
use crate::seed::Seed;
use crate::store::{
    Blob, ChatSession, Configuration, DirectoryFile, FieldReader, File, Index, Policy, Project, Resource as _, Store,
    TenantBudget,
};

/// A saved tenant, without its journal and its rules.
#[derive(Debug)]
pub(crate) struct SavedTenant {
    pub(crate) label: Box<str>,
    /// The name that the admin API gave it.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) clock: SavedClock,
    counters: Value,
    /// The rows of each table.
    tables: Vec<Vec<Value>>,
}

/// A saved tenant whose contents are read. Tenants can start with it again and again.
#[derive(Debug)]
pub(crate) struct TenantSource {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) clock: SavedClock,
    counters: Value,
    /// The rows of each table as JSON, smaller than values. The contents of files are replaced by their numbers.
    tables: Vec<Vec<Box<str>>>,
    contents: Vec<Arc<Blob>>,
}

/// A table of a tenant.
pub(super) struct SavedTable {
    pub(super) name: &'static str,
    /// Its rows in a store.
    pub(super) rows: fn(&Store) -> Vec<SavedRow<'_>>,
    /// Restores a row.
    restore: fn(&mut Restorer<'_>, &mut FieldReader<'_>) -> Result<(), String>,
    /// Where in a row files with contents are, in the order in which these are saved.
    files: &'static [&'static [&'static str]],
}

/// All tables; what others refer to comes first.
pub(super) const TABLES: &[SavedTable] = &[
    SavedTable { name: "projects", rows: rows::<Project>, restore: restore::<Project>, files: &[] },
    SavedTable { name: "directories", rows: directories, restore: restore_directory, files: &[&["files"]] },
    SavedTable {
        name: "directory_files",
        rows: files_without_directory,
        restore: restore::<DirectoryFile>,
        files: &[&[]],
    },
    SavedTable { name: "files", rows: rows::<File>, restore: restore::<File>, files: &[&[]] },
    SavedTable { name: "configurations", rows: rows::<Configuration>, restore: restore::<Configuration>, files: &[] },
    SavedTable {
        name: "indexes",
        rows: rows::<Index>,
        restore: restore::<Index>,
        files: &[
            &["sync", "selected", "files"],
            &["sync", "partial", "files"],
            &["sync", "content", "earlier", "files"],
        ],
    },
    SavedTable { name: "sessions", rows: rows::<ChatSession>, restore: restore::<ChatSession>, files: &[] },
];

/// What is done with the fields of a file.
type FileFn<'a> = dyn FnMut(&mut Map<String, Value>) -> Result<(), String> + 'a;

impl SavedTenant {
    /// The tenant that is saved in a document.
    pub(crate) fn read(mut saved: Value) -> Result<Self, String> {
        let (label, name, clock) = FieldReader::read(&saved, |fields| {
            fields.value("counters").ok_or(".counters: is missing")?;
            for table in TABLES {
                if fields.value(table.name).is_some_and(|rows| !rows.is_array()) {
                    return Err(format!(".{}: is no list", table.name));
                }
            }
            Ok((fields.take("label")?, fields.take("name")?, fields.take("clock")?))
        })?;
        let mut take = |name| saved.get_mut(name).map(Value::take);
        let rows = |table: &SavedTable| match take(table.name) {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        let tables = TABLES.iter().map(rows).collect();
        Ok(Self { label, name, clock, counters: take("counters").unwrap_or_default(), tables })
    }

    /// Reads the contents of its files.
    pub(crate) fn read_contents(self, reader: &mut ContentReader<'_>) -> Result<TenantSource, String> {
        let Self { name, clock, counters, tables, .. } = self;
        let mut contents = Vec::new();
        let mut read = |file: &mut Map<String, Value>| {
            let content = reader.take(file)?;
            file.insert("content".to_owned(), contents.len().into());
            contents.push(content);
            Ok(())
        };
        let mut read_tables = Vec::new();
        for (table, rows) in TABLES.iter().zip(tables) {
            let mut texts = Vec::with_capacity(rows.len());
            for (at, mut row) in rows.into_iter().enumerate() {
                for path in table.files {
                    let is_read = for_each_file(&mut row, path, &mut read);
                    is_read.map_err(|problem| format!(".{}[{at}]{problem}", table.name))?;
                }
                texts.push(row.to_string().into());
            }
            read_tables.push(texts);
        }
        Ok(TenantSource { name, clock, counters, tables: read_tables, contents })
    }
}

impl TenantSource {
    /// A store with its resources.
    pub(crate) fn restore(&self, policy: Arc<Policy>, seed: Seed, budget: Arc<TenantBudget>) -> Result<Store, String> {
        let mut store = Store::without_resources(policy, seed, budget);
        let mut restorer = Restorer { store: &mut store, contents: &self.contents };
        for (table, rows) in TABLES.iter().zip(&self.tables) {
            for (at, row) in rows.iter().enumerate() {
                let row = read_value(row.as_bytes()).expect("it was a value");
                FieldReader::read(&row, |fields| (table.restore)(&mut restorer, fields))
                    .map_err(|problem| format!(".{}[{at}]{problem}", table.name))?;
            }
        }
        if !store.collection::<Project>().contains(Project::DEFAULT) {
            return Err(".projects: the default project is missing".to_owned());
        }
        // No store counts its default project: a tenant without resources takes nothing.
        store.allocation.shrink(store.get(Project::DEFAULT).weight_bytes());
        FieldReader::read(&self.counters, |counters| restore_counters(counters, &mut store))
            .map_err(|problem| format!(".counters{problem}"))?;
        Ok(store)
    }
}

/// Passes each file at a path below `value` on. What has another form is refused when it is restored.
fn for_each_file(value: &mut Value, path: &[&str], read: &mut FileFn<'_>) -> Result<(), String> {
    match (value, path) {
        (Value::Array(items), _) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(at, item)| for_each_file(item, path, read).map_err(|problem| format!("[{at}]{problem}"))),
        (Value::Object(file), []) => read(file),
        (Value::Object(fields), [name, rest @ ..]) => match fields.get_mut(*name) {
            Some(value) => for_each_file(value, rest, read).map_err(|problem| format!(".{name}{problem}")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
