//! The filter of lists of directory files, also of those in the output directory of an index.

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::schema::Time;
use crate::store::{DirectoryFile, Id};

/// The filter of a list of the files of a directory.
#[derive(Deserialize)]
pub(super) struct DirectoryFileFilter {
    pub(super) directory_id: String,
    pub(super) expand: Option<Vec<String>>,
    display_name: Option<String>,
    display_name_contains: Option<String>,
    unique_id: Option<String>,
    file_id: Option<String>,
    #[serde(default)]
    pub(super) include_deleted: bool,
    updated_at_on_or_after: Option<Time>,
    updated_at_on_or_before: Option<Time>,
}

/// The values of a file that a filter compares.
pub(super) struct FileFacts<'a> {
    pub(super) display_name: &'a str,
    pub(super) unique_id: &'a str,
    pub(super) file_id: &'a Id,
    pub(super) updated_at: Timestamp,
}

impl DirectoryFileFilter {
    pub(super) fn accepts(&self, file: &FileFacts<'_>) -> bool {
        let contains = |part: &str| file.display_name.to_lowercase().contains(&part.to_lowercase());
        self.display_name.as_deref().is_none_or(|name| file.display_name == name)
            && self.display_name_contains.as_deref().is_none_or(contains)
            && self.unique_id.as_deref().is_none_or(|id| file.unique_id == id)
            && self.file_id.as_deref().is_none_or(|id| Id::parse(id) == *file.file_id)
            && self.updated_at_on_or_after.is_none_or(|Time(at)| file.updated_at >= at)
            && self.updated_at_on_or_before.is_none_or(|Time(at)| file.updated_at <= at)
    }
}

impl<'a> FileFacts<'a> {
    pub(super) fn of(file: &'a DirectoryFile) -> Self {
        Self {
            display_name: &file.display_name,
            unique_id: &file.unique_id,
            file_id: &file.file_id,
            updated_at: file.updated_at,
        }
    }
}
