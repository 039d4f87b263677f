//! The files that are embedded in the binary: schemas, scenarios and the page, by folder; and files of the user's that
//! a world names.

mod folder;

pub(crate) use folder::{FileError, Folder, open_file};

use include_dir::{Dir, include_dir};

static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");
static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/scenarios");
static PAGE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/admin/page");

/// Name and text of each JSON Schema.
pub(crate) fn schemas() -> impl Iterator<Item = (&'static str, &'static str)> {
    named_texts(&SCHEMAS)
}

/// Name and text of each scenario, sorted by name.
pub(crate) fn scenarios() -> impl Iterator<Item = (&'static str, &'static str)> {
    named_texts(&SCENARIOS)
}

/// A file of the page in the browser.
pub(crate) fn page_file(name: &str) -> &'static [u8] {
    PAGE.get_file(name).expect("the files of the page are embedded").contents()
}

/// The files of a folder by name without the extension; the macro sorts them.
fn named_texts(folder: &'static Dir<'_>) -> impl Iterator<Item = (&'static str, &'static str)> {
    folder.files().filter_map(|file| Some((file.path().file_stem()?.to_str()?, file.contents_utf8()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_folders_is_embedded() {
        for (folder, embedded) in [("schemas", &SCHEMAS), ("fixtures/scenarios", &SCENARIOS), ("src/admin/page", &PAGE)]
        {
            let embedded: BTreeSet<_> = embedded.files().map(|file| file.path().as_os_str().to_owned()).collect();
            let files = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).read_dir().expect("the folder exists");
            let files: BTreeSet<_> = files.map(|file| file.expect("it can be read").file_name()).collect();
            assert_eq!(embedded, files, "cargo embeds a new file of {folder} when it next compiles the library");
        }
    }
}
