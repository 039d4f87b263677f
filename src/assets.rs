//! The files that are embedded in the binary: schemas and scenarios.

/// Name and content of files in a folder, embedded at compile time.
macro_rules! files {
    ($folder:literal, $extension:literal, $($name:literal)*) => {
        &[$(($name, include_str!(concat!("../", $folder, "/", $name, $extension)))),*]
    };
}

/// Name and text of each JSON Schema.
pub(crate) const SCHEMAS: &[(&str, &str)] = files!(
    "schemas",
    ".json",
    "accepted"
    "directories.create.params"
    "directories.create.request"
    "directories.delete.params"
    "directories.files.add.params"
    "directories.files.add.request"
    "directories.files.bulk_delete.params"
    "directories.files.bulk_delete.request"
    "directories.files.delete.params"
    "directories.files.get.params"
    "directories.files.list.params"
    "directories.files.update.params"
    "directories.files.update.request"
    "directories.files.upload.params"
    "directories.files.upload.request"
    "directories.get.params"
    "directories.list.params"
    "directories.update.params"
    "directories.update.request"
    "directory"
    "directory_file"
    "directory_file_page"
    "directory_page"
    "file"
    "file_page"
    "file_text"
    "files.content.params"
    "files.create.params"
    "files.create.request"
    "files.delete.params"
    "files.download.params"
    "files.list.params"
    "files.query.params"
    "files.query.request"
    "files.retrieve.params"
    "found_file_page"
    "grep_match_page"
    "index"
    "index_page"
    "indexes.cancel_sync.params"
    "indexes.create.params"
    "indexes.create.request"
    "indexes.delete.params"
    "indexes.get.params"
    "indexes.list.params"
    "indexes.sync.params"
    "presigned_url"
    "project"
    "project_list"
    "project_page"
    "projects.get.params"
    "projects.list.params"
    "refusal"
    "retrieval.find.params"
    "retrieval.find.request"
    "retrieval.grep.params"
    "retrieval.grep.request"
    "retrieval.read.params"
    "retrieval.read.request"
    "retrieval.retrieve.params"
    "retrieval.retrieve.request"
    "retrieval_results"
    "shared"
    "v2_projects.get.params"
    "v2_projects.list.params"
    "violations"
);

/// Name and text of each scenario, sorted by name.
pub(crate) const SCENARIOS: &[(&str, &str)] = files!(
    "fixtures/scenarios",
    ".toml",
    "brownout"
    "cancel-409-storm"
    "contract-drift"
    "expired-key"
    "flaky"
    "html-502"
    "lost-create"
    "outage"
    "pages-broken"
    "rate-limited"
    "retry-after-hour"
    "slow"
    "stale-reads"
    "sync-fails"
    "sync-stuck"
    "truncated-json"
);
