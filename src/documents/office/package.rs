//! The parts of an office file: entries of a ZIP archive, inflated within limits whatever sizes the archive states.

use std::collections::BTreeMap;

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use super::xml::{self, Attributes, Visitor};
use crate::documents::decode;

/// Maximum number of entries of an archive.
const MAX_ENTRIES: usize = 10_000;

/// Maximum number of bytes that all parts that are read inflate to.
const MAX_INFLATED_BYTES: usize = 64 << 20;

/// The first bytes of a file that holds an office file encrypted with a password, or an office file of before 2007.
const OLE_STORAGE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// An office file.
pub(super) struct Package<'a> {
    archive: ZipSliceArchive<&'a [u8]>,
    entries: BTreeMap<String, (ZipArchiveEntryWayfinder, CompressionMethod)>,
    /// How many bytes may still be inflated.
    room: usize,
}

impl<'a> Package<'a> {
    /// Opens a file.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        if bytes.starts_with(OLE_STORAGE) {
            return Err("the file is encrypted with a password, or in the format of before 2007".to_owned());
        }
        let archive = ZipArchive::from_slice(bytes)
            .map_err(|_| "the file is no office file, or its end is missing: it is no ZIP archive".to_owned())?;
        let mut entries = BTreeMap::new();
        let mut records = archive.entries();
        while let Some(record) = records.next_entry().map_err(|error| format!("the archive is damaged: {error}"))? {
            if entries.len() == MAX_ENTRIES {
                return Err(format!("the archive has more than {MAX_ENTRIES} entries, the limit"));
            }
            if record.flags().is_encrypted() {
                return Err("the archive is encrypted".to_owned());
            }
            let name = String::from_utf8_lossy(record.file_path().as_bytes()).replace('\\', "/");
            // The first entry of a name counts.
            entries.entry(name).or_insert((record.wayfinder(), record.compression_method()));
        }
        Ok(Self { archive, entries, room: MAX_INFLATED_BYTES })
    }

    /// The text of a part; `None` if there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some((wayfinder, method)) = self.entries.get(name).copied() else { return Ok(None) };
        let damaged = |problem: &str| format!("{name} in the file is damaged: {problem}");
        let entry = self.archive.get_entry(wayfinder).map_err(|error| damaged(&error.to_string()))?;
        let bytes = match method {
            CompressionMethod::STORE => entry.data().to_vec(),
            CompressionMethod::DEFLATE => {
                decompress_to_vec_with_limit(entry.data(), self.room).map_err(|error| match error.status {
                    TINFLStatus::HasMoreOutput => too_much(),
                    _ => damaged("it cannot be inflated"),
                })?
            }
            _ => return Err(damaged("it is compressed in a way that office files do not use")),
        };
        self.room = self.room.checked_sub(bytes.len()).ok_or_else(too_much)?;
        let text = decode::decode(&bytes.into()).map_err(|problem| damaged(&problem.to_string()))?;
        Ok(Some(text.to_string()))
    }

    /// A part that has to be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, String> {
        self.part(name)?.ok_or_else(|| format!("the file has no part {name}"))
    }

    /// The targets of the relationships of a part, by id.
    pub(super) fn relationships(&mut self, part: &str) -> Result<BTreeMap<String, String>, String> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let Some(content) = self.part(&format!("{folder}/_rels/{file}.rels"))? else { return Ok(BTreeMap::new()) };
        let mut relationships = Relationships { folder, targets: BTreeMap::new() };
        xml::read(&content, &mut relationships)?;
        Ok(relationships.targets)
    }
}

fn too_much() -> String {
    format!("the parts of the file inflate to more than {} MiB, the limit", MAX_INFLATED_BYTES >> 20)
}

struct Relationships<'a> {
    folder: &'a str,
    targets: BTreeMap<String, String>,
}

impl Visitor for Relationships<'_> {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        if name == "Relationship"
            && let (Some(id), Some(target)) = (attributes.value("Id"), attributes.value("Target"))
        {
            self.targets.insert(id, part_name(self.folder, &target));
        }
        Ok(())
    }
}

/// The name of the part that a relationship of a part in `folder` names.
fn part_name(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut segments: Vec<&str> = folder.split('/').collect();
    for segment in target.split('/') {
        match segment {
            "." => {}
            ".." => _ = segments.pop(),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_relative_to_the_folder_of_the_part() {
        for (target, name) in [
            ("slides/slide1.xml", "ppt/slides/slide1.xml"),
            ("./a.xml", "ppt/a.xml"),
            ("../a.xml", "a.xml"),
            ("/xl/a.xml", "xl/a.xml"),
            ("../../../a.xml", "a.xml"),
        ] {
            assert_eq!(part_name("ppt", target), name);
        }
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        for bytes in [&b""[..], b"PK\x03\x04", b"some text", &[0; 100]] {
            let error = Package::open(bytes).err().expect("is no archive");
            assert!(error.contains("no ZIP archive"), "{error}");
        }
        let error = Package::open(OLE_STORAGE).err().expect("is no archive");
        assert!(error.contains("password"), "{error}");
    }
}
