//! A folder of the user's, from which files are read that another file names. Nothing outside it is read.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use crate::suggest;

/// A folder.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Its path without links.
    root: PathBuf,
}

/// The reason why a file is not read.
#[derive(Debug)]
pub(crate) enum FileError {
    /// It is outside the folder, or a link leads there.
    Outside,
    /// There is none of this name; the most similar name in its folder.
    Missing(Option<String>),
    /// It is a folder, a device or the like.
    NotRegular,
    /// It has more bytes than this limit.
    TooLarge(usize),
    /// The system refuses to read it.
    Unreadable(io::Error),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("is outside the folder of this file; only files below that are read"),
            Self::Missing(None) => f.write_str("there is no such file"),
            Self::Missing(Some(near)) => write!(f, "there is no such file; did you mean {near}?"),
            Self::NotRegular => f.write_str("is no regular file"),
            Self::TooLarge(limit) => write!(f, "has more than {limit} bytes"),
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound { Self::Missing(None) } else { Self::Unreadable(error) }
    }
}

impl Folder {
    /// The folder that contains `file`.
    pub(crate) fn containing(file: &Path) -> Result<Self, FileError> {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(Self { root: folder.unwrap_or(Path::new(".")).canonicalize()? })
    }

    /// The bytes of the file at `path` below the folder, at most `max_bytes`.
    pub(crate) fn read(&self, path: &str, max_bytes: usize) -> Result<Vec<u8>, FileError> {
        let named = Path::new(path);
        if !named.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(FileError::Outside);
        }
        let file = self.root.join(named).canonicalize().map_err(|error| match FileError::from(error) {
            FileError::Missing(_) => FileError::Missing(self.nearest(named)),
            error => error,
        })?;
        if !file.starts_with(&self.root) {
            return Err(FileError::Outside);
        }
        // Opening a pipe could wait without end.
        if !file.metadata()?.is_file() {
            return Err(FileError::NotRegular);
        }
        read_file(&file, max_bytes)
    }

    /// The name beside a missing file that is most similar to its own.
    fn nearest(&self, path: &Path) -> Option<String> {
        let folder = self.root.join(path.parent()?).canonicalize().ok().filter(|folder| folder.starts_with(&self.root));
        let names = folder?.read_dir().ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let names: Vec<String> = names.collect();
        let near = suggest::nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str))?;
        Some(path.with_file_name(near).display().to_string())
    }
}

/// A file of at most `max_bytes`, to read it piece by piece. What is no file, such as a pipe, ends there.
pub(crate) fn open_file(file: &Path, max_bytes: usize) -> Result<impl io::BufRead + use<>, FileError> {
    let file = File::open(file)?;
    let is_too_large = file.metadata()?.len() > max_bytes as u64;
    if is_too_large { Err(FileError::TooLarge(max_bytes)) } else { Ok(BufReader::new(file.take(max_bytes as u64))) }
}

/// The bytes of a file, at most `max_bytes`.
fn read_file(file: &Path, max_bytes: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    File::open(file)?.take(max_bytes as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max_bytes { Err(FileError::TooLarge(max_bytes)) } else { Ok(bytes) }
}
