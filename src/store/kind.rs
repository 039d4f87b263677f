//! The kinds of resources that the API has. This file has only their names; each kind is defined in a file of its own.

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Project,
    Directory,
    DirectoryFile,
    File,
    Index,
    Chunk,
    Attachment,
    Configuration,
    ChatSession,
}

impl Kind {
    /// The name at the beginning of a sentence, such as `Index`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Project => "Project",
            Self::Directory => "Directory",
            Self::DirectoryFile => "Directory file",
            Self::File => "File",
            Self::Index => "Index",
            Self::Chunk => "Chunk",
            Self::Attachment => "Attachment",
            Self::Configuration => "Configuration",
            Self::ChatSession => "Session",
        }
    }

    /// The plural inside a sentence, such as `indexes`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Project => "projects",
            Self::Directory => "directories",
            Self::DirectoryFile => "directory files",
            Self::File => "files",
            Self::Index => "indexes",
            Self::Chunk => "chunks",
            Self::Attachment => "attachments",
            Self::Configuration => "configurations",
            Self::ChatSession => "sessions",
        }
    }
}
