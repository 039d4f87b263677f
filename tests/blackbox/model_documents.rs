//! A model-based test of documents: random steps on directories, files, directory files and indexes run against the
//! server and against plain lists. After every step each list is compared, with lag and with deleted resources too, and
//! the bytes that the state of the key takes are recorded: they depend on the steps alone, and are gone with the
//! resources.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use crate::support::{Client, DIRECTORIES, FILES, INDEXES, id_of, items, manual_clock_server, text_of};

/// One step of a run. A position selects a live resource, modulo their number.
#[derive(Debug, Clone)]
enum Step {
    CreateDirectory,
    DeleteDirectory(usize),
    UploadFile(u8),
    DeleteFile(usize),
    UploadInto(usize, u8),
    AddFile { directory: usize, file: usize },
    MoveEntry { entry: usize, directory: usize },
    DeleteEntry(usize),
    CreateIndex(usize),
    DeleteIndex(usize),
    Advance { millis: u64 },
}

/// The lag of lists with the query parameter `lagging`, in milliseconds.
const LAG: u64 = 5_000;
const LAG_RULE: &str = "files.list,directories.list,directories.files.list lag=5s when=query:lagging";

/// How long a deleted resource is listed, in milliseconds.
const RETENTION: u64 = 30 * 24 * 3_600_000;

/// A resource of the model. It is never removed from its list.
#[derive(Debug, Clone)]
struct Row {
    id: String,
    /// The position of its directory; 0 for those that have none.
    parent: usize,
    created_at: u64,
    deleted_at: Option<u64>,
}

/// Which rows a list shows.
#[derive(Debug, Clone, Copy)]
enum View {
    Live,
    Lagging,
    WithDeleted,
}

impl View {
    /// The query of a list.
    fn query(self) -> &'static str {
        match self {
            Self::Live => "page_size=1000",
            Self::Lagging => "page_size=1000&lagging=yes",
            Self::WithDeleted => "page_size=1000&include_deleted=true",
        }
    }

    fn shows(self, row: &Row, now: u64) -> bool {
        match self {
            Self::Live => row.deleted_at.is_none(),
            Self::Lagging => row.created_at + LAG <= now && row.deleted_at.is_none_or(|at| at + LAG > now),
            Self::WithDeleted => row.deleted_at.is_none_or(|at| at + RETENTION > now),
        }
    }
}

/// A key and the model of what it has.
struct Model {
    client: Client,
    now: u64,
    directories: Vec<Row>,
    files: Vec<Row>,
    /// The files in directories.
    entries: Vec<Row>,
    indexes: Vec<Row>,
}

/// The positions of the rows that are not deleted.
fn live(rows: &[Row]) -> Vec<usize> {
    (0..rows.len()).filter(|at| rows[*at].deleted_at.is_none()).collect()
}

/// The live row that a position selects.
fn select(rows: &[Row], at: usize) -> Option<usize> {
    let live = live(rows);
    live.get(at % live.len().max(1)).copied()
}

impl Model {
    fn new(server: &MockServer) -> Self {
        static KEYS: AtomicUsize = AtomicUsize::new(0);
        let key = format!("llx-documents-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        let client = Client::of(server).with_key(&key);
        client.add_rule(LAG_RULE);
        Self::empty(client)
    }

    fn empty(client: Client) -> Self {
        let none = Vec::new;
        Self { client, now: 0, directories: none(), files: none(), entries: none(), indexes: none() }
    }

    /// The bytes that the state of the key takes.
    fn used_bytes(&self) -> u64 {
        self.client.state()["used_bytes"].as_u64().expect("the state shows them")
    }

    /// Forgets everything but the rule; the same key with an empty model.
    fn reset(self) -> Self {
        let parts = json!({ "tenant": self.client.key(), "parts": ["state", "clock"] });
        assert_eq!(self.client.post("/__admin/reset", &parts).status, 204);
        Self::empty(self.client)
    }

    /// Applies a step to the server and to the model; a step that finds no resource does nothing.
    fn apply(&mut self, step: &Step) -> Option<()> {
        match *step {
            Step::CreateDirectory => self.create_directory(),
            Step::UploadFile(number) => {
                let file = self.client.upload_file(&name(number), content(number));
                self.files.push(self.row(id_of(&file), 0));
            }
            Step::UploadInto(directory, number) => {
                let parent = select(&self.directories, directory)?;
                let entry = self.client.upload(&self.directories[parent].id, &name(number), content(number));
                self.files.push(self.row(text_of(&entry, "file_id"), 0));
                self.entries.push(self.row(id_of(&entry), parent));
            }
            Step::AddFile { directory, file } => {
                let (parent, file) = (select(&self.directories, directory)?, select(&self.files, file)?);
                let entry = self.client.post(&self.files_of(parent), &json!({ "file_id": self.files[file].id }));
                assert_eq!(entry.status, 201, "{}", entry.text());
                self.entries.push(self.row(id_of(&entry.json()), parent));
            }
            Step::MoveEntry { entry, directory } => {
                let (entry, parent) = (select(&self.entries, entry)?, select(&self.directories, directory)?);
                let target = json!({ "target_directory_id": self.directories[parent].id });
                let moved = self.client.patch(&self.path_of(entry), &target);
                assert_eq!(moved.status, 200, "{}", moved.text());
                self.entries[entry].parent = parent;
            }
            Step::CreateIndex(directory) => {
                let parent = select(&self.directories, directory)?;
                let index = self.client.index_over(&self.directories[parent].id);
                self.indexes.push(self.row(index, parent));
            }
            Step::DeleteDirectory(at) => self.delete_directory(select(&self.directories, at)?),
            Step::DeleteFile(at) => {
                let at = select(&self.files, at)?;
                self.delete(&format!("{FILES}/{}", self.files[at].id));
                self.files[at].deleted_at = Some(self.now);
            }
            Step::DeleteEntry(at) => {
                let at = select(&self.entries, at)?;
                self.delete(&self.path_of(at));
                self.entries[at].deleted_at = Some(self.now);
            }
            Step::DeleteIndex(at) => {
                let at = select(&self.indexes, at)?;
                self.delete(&format!("{INDEXES}/{}", self.indexes[at].id));
                self.indexes[at].deleted_at = Some(self.now);
            }
            Step::Advance { millis } => self.advance(millis),
        }
        Some(())
    }

    fn row(&self, id: String, parent: usize) -> Row {
        Row { id, parent, created_at: self.now, deleted_at: None }
    }

    fn files_of(&self, directory: usize) -> String {
        format!("{DIRECTORIES}/{}/files", self.directories[directory].id)
    }

    fn path_of(&self, entry: usize) -> String {
        format!("{}/{}", self.files_of(self.entries[entry].parent), self.entries[entry].id)
    }

    fn create_directory(&mut self) {
        let id = self.client.directory("documents");
        self.directories.push(self.row(id, 0));
    }

    /// A directory is deleted with its files.
    fn delete_directory(&mut self, at: usize) {
        self.delete(&format!("{DIRECTORIES}/{}", self.directories[at].id));
        self.directories[at].deleted_at = Some(self.now);
        for entry in self.entries.iter_mut().filter(|entry| entry.parent == at && entry.deleted_at.is_none()) {
            entry.deleted_at = Some(self.now);
        }
    }

    /// Deletes a resource, which then is not found.
    fn delete(&self, path: &str) {
        assert_eq!([self.client.delete(path).status, self.client.delete(path).status], [204, 404], "{path}");
        assert_eq!(self.client.get(path).status, 404, "{path}");
    }

    fn advance(&mut self, millis: u64) {
        self.now += millis;
        let by = json!({ "tenant": self.client.key(), "by": format!("{millis}ms") });
        assert_eq!(self.client.post("/__admin/clock/advance", &by).status, 200);
    }

    /// Deletes everything, and lets the time pass in which it is listed as deleted.
    fn delete_all(&mut self) {
        while self.apply(&Step::DeleteIndex(0)).is_some() {}
        while self.apply(&Step::DeleteDirectory(0)).is_some() {}
        while self.apply(&Step::DeleteFile(0)).is_some() {}
        self.advance(RETENTION);
        self.check();
    }

    /// Compares every list with the model.
    fn check(&self) {
        for view in [View::Live, View::Lagging, View::WithDeleted] {
            if !matches!(view, View::WithDeleted) {
                self.compare(FILES, &self.files, view);
            }
            self.compare(DIRECTORIES, &self.directories, view);
            for directory in live(&self.directories) {
                if view.shows(&self.directories[directory], self.now) {
                    let entries = self.entries.iter().filter(|entry| entry.parent == directory).cloned();
                    self.compare(&self.files_of(directory), &entries.collect::<Vec<_>>(), view);
                }
            }
        }
    }

    /// Compares one list with its rows. The output directories of indexes are listed too, and are not compared.
    fn compare(&self, path: &str, rows: &[Row], view: View) {
        let mut listed = items(&self.client.show(&format!("{path}?{}", view.query())), "id");
        if path == DIRECTORIES {
            listed.retain(|id| rows.iter().any(|row| row.id == *id));
        }
        let expected = rows.iter().rev().filter(|row| view.shows(row, self.now)).map(|row| &row.id);
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{path} {view:?}");
    }

    /// Runs the steps; the bytes after each of them.
    fn run(&mut self, steps: &[Step]) -> Vec<u64> {
        let apply = |step| {
            self.apply(step);
            self.check();
            self.used_bytes()
        };
        steps.iter().map(apply).collect()
    }
}

fn name(number: u8) -> String {
    format!("{number}.md")
}

/// A text that grows with its number.
fn content(number: u8) -> String {
    format!("# Part {number}\n\n") + &"Penguins live in the south. ".repeat(usize::from(number) * 20)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::CreateDirectory),
        1 => (0..4usize).prop_map(Step::DeleteDirectory),
        2 => (0..4u8).prop_map(Step::UploadFile),
        2 => (0..4usize).prop_map(Step::DeleteFile),
        4 => (0..4usize, 0..4u8).prop_map(|(directory, number)| Step::UploadInto(directory, number)),
        2 => (0..4usize, 0..4usize).prop_map(|(directory, file)| Step::AddFile { directory, file }),
        2 => (0..4usize, 0..4usize).prop_map(|(entry, directory)| Step::MoveEntry { entry, directory }),
        2 => (0..4usize).prop_map(Step::DeleteEntry),
        2 => (0..4usize).prop_map(Step::CreateIndex),
        1 => (0..4usize).prop_map(Step::DeleteIndex),
        4 => prop::sample::select(&[1_000, 4_000, 5_000, RETENTION - 5_000, RETENTION][..])
            .prop_map(|millis| Step::Advance { millis }),
    ]
}

static SERVER: LazyLock<MockServer> = LazyLock::new(|| manual_clock_server(&[("sync-duration", "0")]));

proptest! {
    #![proptest_config(Config { cases: 40, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_steps_match_the_model_and_leave_no_bytes(steps in prop::collection::vec(step(), 1..25)) {
        let mut model = Model::new(&SERVER);
        let empty = model.used_bytes();
        let used = model.run(&steps);
        model.delete_all();
        prop_assert_eq!(model.used_bytes(), empty, "everything is deleted");
        let mut model = model.reset();
        prop_assert_eq!(model.run(&steps), used, "the same steps take the same bytes");
        let model = model.reset();
        prop_assert_eq!(model.used_bytes(), empty, "everything is forgotten");
    }
}
