//! The folder of `--parse-results`: `NAME.md` holds the text that replaces what reading an uploaded file `NAME` gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The ending of a file that holds the text of another.
const ENDING: &str = ".md";

/// The texts in a folder by the name of the file that they stand for. Files without the ending are ignored.
///
/// Errors: the folder or a file cannot be read, a file is not UTF-8, or no file has the ending.
pub(super) fn read(folder: &str) -> Result<BTreeMap<String, Box<str>>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{folder}: {error}"))?;
    let mut texts = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{folder}: {error}"))?.path();
        if let Some(name) = name_of(&path) {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            texts.insert(name.to_owned(), text.into());
        }
    }
    if texts.is_empty() {
        return Err(format!("{folder}: no file is called NAME{ENDING}, so the setting has no effect"));
    }
    Ok(texts)
}

fn name_of(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    (!name.is_empty() && path.is_file()).then_some(name)
}
