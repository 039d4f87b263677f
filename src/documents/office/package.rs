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
    /// By [`normal_name`].
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
            let name = normal_name(&String::from_utf8_lossy(record.file_path().as_bytes()));
            // The first entry of a name counts.
            entries.entry(name).or_insert((record.wayfinder(), record.compression_method()));
        }
        Ok(Self { archive, entries, room: MAX_INFLATED_BYTES })
    }

    /// The text of a part; `None` if there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some((wayfinder, method)) = self.entries.get(&normal_name(name)).copied() else { return Ok(None) };
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

    /// The name of the part with which reading begins, which is this one in most files.
    pub(super) fn main_part(&mut self, usual: &str) -> Result<String, String> {
        Ok(self.relationships("")?.of_kind("officeDocument", usual).to_owned())
    }

    /// The relationships of a part; those of the whole file, if the name is empty.
    pub(super) fn relationships(&mut self, part: &str) -> Result<Relationships, String> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let mut relationships = Relationships { folder: folder.to_owned(), ..Relationships::default() };
        if let Some(content) = self.part(&format!("{folder}/_rels/{file}.rels"))? {
            xml::read(&content, &mut relationships)?;
        }
        Ok(relationships)
    }
}

/// The name by which a part is found: writers differ in case, in slashes, and in one at the beginning.
fn normal_name(name: &str) -> String {
    name.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

fn too_much() -> String {
    format!("the parts of the file inflate to more than {} MiB, the limit", MAX_INFLATED_BYTES >> 20)
}

/// The parts to which a part refers.
#[derive(Default)]
pub(super) struct Relationships {
    folder: String,
    by_id: BTreeMap<String, String>,
    /// The first of each kind.
    by_kind: BTreeMap<String, String>,
}

impl Relationships {
    /// The part of the relationship with this id.
    pub(super) fn target(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// The part of this kind, or the usual one if no relationship has this kind.
    pub(super) fn of_kind<'r>(&'r self, kind: &str, usual: &'r str) -> &'r str {
        self.by_kind.get(kind).map_or(usual, String::as_str)
    }
}

impl Visitor for Relationships {
    fn open(&mut self, name: &str, attributes: &Attributes<'_>) -> Result<(), String> {
        if name == "Relationship"
            && let (Some(id), Some(target)) = (attributes.value("Id"), attributes.value("Target"))
        {
            let part = part_name(&self.folder, &target);
            // Types differ in all but their end between the two variants of the format.
            let kind = attributes.value("Type").and_then(|kind| Some(kind.rsplit_once('/')?.1.to_owned()));
            if let Some(kind) = kind {
                self.by_kind.entry(kind).or_insert_with(|| part.clone());
            }
            self.by_id.insert(id, part);
        }
        Ok(())
    }
}

/// The name of the part that a relationship of a part in `folder` names.
fn part_name(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
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
            ("slides\\a.xml", "ppt/slides/a.xml"),
        ] {
            assert_eq!(part_name("ppt", target), name);
        }
        assert_eq!(part_name("", "word/a.xml"), "word/a.xml");
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
