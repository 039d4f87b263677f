//! A key of the model test: makes each step's call to the server and to the model, and compares the answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::model::{Name, Project, Size, Source, Step, Token, Which};
use crate::model_store::{Directory, Expand, Ids, Index, Rules, Store, Wish};
use crate::model_sync::Life;
use crate::support::{Client, Session};

type Checked = Result<(), TestCaseError>;

/// Projects that calls can name besides the default one.
const PROJECTS: [&str; 2] = ["0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01", "7c1f9a52-3e8f-4f6b-8f57-61f0c6b4d402"];

/// One key: its session, its store, and the tokens that its lists handed out.
#[derive(Debug)]
pub(crate) struct Caller {
    session: Session,
    store: Store,
    tokens: Vec<Handed>,
}

/// A token, and what it goes on with.
#[derive(Debug, Clone)]
struct Handed {
    token: String,
    below: usize,
    source: Option<String>,
    project: Project,
}

impl Caller {
    /// A key that nobody has used yet.
    pub(crate) fn new(server: &MockServer, rules: Rules) -> Self {
        static KEYS: AtomicUsize = AtomicUsize::new(0);
        let key = format!("llx-model-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        let session = Session::of(Client::of(server).with_key(&key));
        Self { session, store: Store::new(rules, &PROJECTS), tokens: Vec::new() }
    }

    /// Takes a step on both sides.
    pub(crate) fn take(&mut self, step: &Step, other: &Self) -> Checked {
        self.store.advance(0);
        match step {
            Step::Create { source, name, described, project } => {
                let wish = self.wish(*source, *name, *project);
                self.create(Wish { description: described.then(|| "What for".to_owned()), ..wish }, *project)
            }
            Step::CreateDirectory { name, kind, project } => self.create_directory(*name, kind, *project),
            Step::GetDirectory { which, project } => self.get_directory(*which, *project),
            Step::Get { which, expand, project } => {
                let id = self.id(*which, other);
                self.get(&id, *expand, *project)
            }
            Step::List { token, size, source, project } => {
                let source = source.map(|source| self.source_id(source));
                self.list((*token, other), *size, (source, *project))
            }
            Step::Delete { which, project } => {
                let id = self.id(*which, other);
                self.delete(&id, *project)
            }
            Step::Sync { which, project } => {
                let id = self.id(*which, other);
                self.sync(&id, *project)
            }
            Step::Cancel { which, project } => {
                let id = self.id(*which, other);
                self.cancel(&id, *project)
            }
            Step::Advance { millis } => self.advance(*millis),
        }
    }

    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let answer = self.session.call(method, path, body);
        (answer.status, if answer.body.is_empty() { Value::Null } else { answer.json() })
    }

    fn create(&mut self, wish: Wish, project: Project) -> Checked {
        let body = json!({
            "source_directory_id": wish.source, "name": wish.name, "description": wish.description,
        });
        let (status, shown) = self.call("POST", &path("/api/v1/indexes", project, &[]), Some(&body));
        if let Some(refusal) = self.store.refusal(&wish) {
            prop_assert_eq!(status, refusal, "{}", shown);
            return Ok(());
        }
        prop_assert_eq!(status, 201, "{}", shown);
        let source = self.store.source(&wish);
        // What was made up is learned from the answer once.
        let learned = shown["name"].as_str().unwrap_or_default().to_owned();
        if wish.name.is_none() {
            self.store.directories[source].name.get_or_insert(learned);
        }
        let directory = &self.store.directories[source];
        let name = wish.name.or_else(|| directory.name.clone()).expect("was learned if it was not known");
        let course = Life::course(&name, &self.store.rules).expect("else it was refused");
        let now = self.store.now;
        let index = Index {
            ids: self.new_ids(&shown)?,
            project: directory.project,
            source: directory.id.clone(),
            name,
            description: wish.description,
            created_at: now,
            life: Life::begin(course, now),
            deleted: false,
        };
        self.learn_project(index.project, &shown);
        self.store.indexes.push(index);
        prop_assert_eq!(&shown, &self.store.show_index(self.store.indexes.len() - 1, Expand::Nothing));
        Ok(())
    }

    /// The ids of something new: in their forms, and nobody else's.
    fn new_ids(&self, shown: &Value) -> Result<Ids, TestCaseError> {
        let text = |field: &str| shown[field].as_str().unwrap_or_default().to_owned();
        let ids = Ids {
            id: text("id"),
            output: text("output_directory_id"),
            sync_config: text("sync_config_id"),
            export: text("export_config_id"),
        };
        let all = [&ids.id, &ids.output, &ids.sync_config, &ids.export];
        for (id, prefix) in all.iter().zip(["idx-", "dir-", "cfg-", "cfg-"]) {
            prop_assert!(id.starts_with(prefix) && id.len() == 40, "{} is no id of its kind", id);
            let known = |ids: &Ids| [&ids.id, &ids.output, &ids.sync_config, &ids.export].contains(id);
            prop_assert!(!self.store.indexes.iter().any(|index| known(&index.ids)), "{} is there already", id);
        }
        prop_assert_ne!(&ids.sync_config, &ids.export);
        Ok(ids)
    }

    /// The id of the default project is seen first on what is made in it.
    fn learn_project(&mut self, project: usize, shown: &Value) {
        let learned = shown["project_id"].as_str().unwrap_or_default().to_owned();
        self.store.projects[project].get_or_insert(learned);
    }

    fn create_directory(&mut self, name: Name, kind: &'static str, project: Project) -> Checked {
        let Name::RawRequest(name) = name else { return Ok(()) };
        let body = json!({ "name": name, "type": kind });
        let (status, shown) = self.call("POST", &path("/api/v1/beta/directories", project, &[]), Some(&body));
        prop_assert_eq!(status, if name.is_empty() { 422 } else { 201 }, "{}", shown);
        if status != 201 {
            return Ok(());
        }
        let id = shown["id"].as_str().unwrap_or_default().to_owned();
        prop_assert!(self.store.directory(&id, None).is_none(), "{} is there already", id);
        let project = project.position().unwrap_or(0);
        self.learn_project(project, &shown);
        let created_at = self.store.now;
        self.store.directories.push(Directory { id, project, name: Some(name.to_owned()), kind, created_at });
        prop_assert_eq!(&shown, &self.store.show_directory(self.store.directories.len() - 1));
        Ok(())
    }

    fn get_directory(&mut self, which: Source, project: Project) -> Checked {
        let id = self.source_id(which);
        let (status, shown) = self.call("GET", &path(&format!("/api/v1/beta/directories/{id}"), project, &[]), None);
        if let Some(at) = self.store.directory(&id, project.position()) {
            prop_assert_eq!(status, 200, "{}", shown);
            let learned = shown["name"].as_str().unwrap_or_default().to_owned();
            self.store.directories[at].name.get_or_insert(learned);
            prop_assert_eq!(&shown, &self.store.show_directory(at));
        } else if let Some(index) = self.store.maker_of(&id, project.position()) {
            prop_assert_eq!((status, &shown["type"]), (200, &json!("index")), "{}", shown);
            prop_assert_eq!(&shown["project_id"], &json!(self.store.projects[index.project]));
        } else {
            prop_assert_eq!((status, shown), (404, json!({ "detail": "Directory not found" })));
        }
        Ok(())
    }

    fn get(&mut self, id: &str, expand: Expand, project: Project) -> Checked {
        let more: &[(&str, &str)] = match expand {
            Expand::Progress => &[("expand", "sync_in_progress")],
            Expand::Nothing => &[],
        };
        let answer = self.call("GET", &path(&format!("/api/v1/indexes/{id}"), project, more), None);
        let at = self.store.index(id, project.position());
        prop_assert_eq!(answer, at.map_or((404, not_found()), |at| (200, self.store.show_index(at, expand))));
        Ok(())
    }

    fn list(
        &mut self,
        (token, other): (Token, &Self),
        size: Size,
        (source, project): (Option<String>, Project),
    ) -> Checked {
        let Some(handed) = self.handed(token, other, (source, project)) else { return Ok(()) };
        let mut query = vec![("page_token", handed.token.as_str())];
        query.extend(handed.source.as_deref().map(|source| ("source_directory_id", source)));
        let written = if let Size::Of(size) = size { Some(size.to_string()) } else { None };
        query.extend(written.as_deref().map(|size| ("page_size", size)));
        let (status, shown) = self.call("GET", &path("/api/v1/indexes", handed.project, &query), None);
        let most = match size {
            Size::Default => self.store.rules.page_size,
            Size::Of(size) => usize::try_from(size).unwrap_or(0).min(1000),
        };
        let refused = most == 0 || matches!(token, Token::Foreign(_) | Token::Invented);
        prop_assert_eq!(status, if refused { 422 } else { 200 }, "{}", shown);
        if refused {
            return Ok(());
        }
        let filter = (handed.project.position().unwrap_or(0), handed.source.as_deref());
        let page = self.store.page(filter, most, Some(handed.below));
        let items: Vec<Value> = page.positions.iter().map(|at| self.store.show_index(*at, Expand::Nothing)).collect();
        prop_assert_eq!(&shown["items"], &Value::from(items));
        prop_assert_eq!(&shown["total_size"], &Value::Null);
        match (shown["next_page_token"].as_str(), page.next_below) {
            (None, None) => prop_assert!(shown["next_page_token"].is_null()),
            (Some(token), Some(below)) => self.tokens.push(Handed { token: token.to_owned(), below, ..handed }),
            (token, below) => prop_assert!(false, "token {:?} where the next page is below {:?}", token, below),
        }
        Ok(())
    }

    /// The token to list with, and what goes with it; `None` when no list has handed one out yet.
    fn handed(&self, token: Token, other: &Self, (source, project): (Option<String>, Project)) -> Option<Handed> {
        let made_up = |token: &str, below| Handed { token: token.to_owned(), below, source, project };
        match token {
            Token::None => Some(made_up("", self.store.indexes.len())),
            Token::Invented => Some(made_up("0123456789abcdef0123456789abcdef", 0)),
            Token::Handed(at) => self.tokens.get(at % self.tokens.len().max(1)).cloned(),
            Token::Foreign(at) => other.tokens.get(at % other.tokens.len().max(1)).cloned(),
        }
    }

    fn delete(&mut self, id: &str, project: Project) -> Checked {
        let answer = self.call("DELETE", &path(&format!("/api/v1/indexes/{id}"), project, &[]), None);
        let at = self.store.index(id, project.position());
        prop_assert_eq!(answer, if at.is_some() { (204, Value::Null) } else { (404, not_found()) });
        if let Some(at) = at {
            self.store.indexes[at].deleted = true;
        }
        Ok(())
    }

    fn sync(&mut self, id: &str, project: Project) -> Checked {
        let (status, shown) = self.call("POST", &path(&format!("/api/v1/indexes/{id}/sync"), project, &[]), None);
        let (now, rules) = (self.store.now, self.store.rules);
        let Some(at) = self.store.index(id, project.position()) else {
            prop_assert_eq!((status, shown), (404, not_found()));
            return Ok(());
        };
        let index = &mut self.store.indexes[at];
        let expected = if index.life.runs() { rules.conflict } else { 202 };
        if !index.life.runs() {
            index.life.sync(Life::course(&index.name, &rules).expect("else it was never made"), now);
        }
        prop_assert_eq!(status, expected, "{}", shown);
        prop_assert!(if status == 202 { shown.is_null() } else { shown["detail"].is_string() }, "{}", shown);
        Ok(())
    }

    fn cancel(&mut self, id: &str, project: Project) -> Checked {
        let (status, shown) =
            self.call("POST", &path(&format!("/api/v1/indexes/{id}/sync/cancel"), project, &[]), None);
        let now = self.store.now;
        let Some(at) = self.store.index(id, project.position()) else {
            prop_assert_eq!((status, shown), (404, not_found()));
            return Ok(());
        };
        let life = &mut self.store.indexes[at].life;
        prop_assert_eq!(status, if life.runs() { 202 } else { 409 }, "{}", shown);
        if life.runs() {
            life.cancel(now);
        }
        Ok(())
    }

    fn advance(&mut self, millis: u64) -> Checked {
        let body = json!({ "tenant": self.session.key(), "by": format!("{millis}ms") });
        let (status, shown) = self.call("POST", "/__admin/clock/advance", Some(&body));
        self.store.advance(millis);
        let now = crate::model_store::stamp(self.store.now);
        prop_assert_eq!((status, &shown["now"]), (200, &json!(now)));
        Ok(())
    }

    fn wish(&self, source: Source, name: Name, project: Project) -> Wish {
        let name = if let Name::RawRequest(name) = name { Some(name.to_owned()) } else { None };
        Wish { source: self.source_id(source), name, description: None, project: project.position() }
    }

    fn source_id(&self, source: Source) -> String {
        let made = &self.store.directories;
        let indexes = &self.store.indexes;
        let id = match source {
            Source::Mentioned(number) => Some(format!("dir-{number}")),
            Source::Made(at) => made.get(at % made.len().max(1)).map(|directory| directory.id.clone()),
            Source::OutputOf(at) => indexes.get(at % indexes.len().max(1)).map(|index| index.ids.output.clone()),
        };
        id.unwrap_or_else(|| "dir-nobody".to_owned())
    }

    fn id(&self, which: Which, other: &Self) -> String {
        let of = |store: &Store, at: usize, id: fn(&Ids) -> &String| {
            store.indexes.get(at % store.indexes.len().max(1)).map(|index| id(&index.ids).clone())
        };
        let id = match which {
            Which::ById(at) => of(&self.store, at, |ids| &ids.id),
            Which::ByExportId(at) => of(&self.store, at, |ids| &ids.export),
            Which::Foreign(at) => of(&other.store, at, |ids| &ids.id),
            Which::Unknown => None,
        };
        id.unwrap_or_else(|| "idx-nobody".to_owned())
    }
}

impl Project {
    fn position(self) -> Option<usize> {
        if let Self::Named(position) = self { Some(position) } else { None }
    }
}

fn path(base: &str, project: Project, query: &[(&str, &str)]) -> String {
    let mut written = form_urlencoded::Serializer::new(format!("{base}?"));
    written.extend_pairs(project.position().map(|position| ("project_id", PROJECTS[position - 1])));
    written.extend_pairs(query);
    written.finish()
}

fn not_found() -> Value {
    json!({ "detail": "Index not found" })
}
