//! A tenant of the model test: applies each step to the server and to the model, and compares the responses.

use std::sync::atomic::{AtomicUsize, Ordering};

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::model::{DirectoryRef, IndexRef, Name, Project, Size, Step, Token};
use crate::model_store::{Directory, Expand, Ids, Index, NewIndex, Rules, Store};
use crate::model_sync::SyncModel;
use crate::support::{Client, Session};

type Checked = Result<(), TestCaseError>;

/// Projects that requests can name besides the default one.
const PROJECTS: [&str; 2] = ["0b6a1d8e-52f5-4d43-9c0a-2d9c8a1f1a01", "7c1f9a52-3e8f-4f6b-8f57-61f0c6b4d402"];

/// One tenant: its session, its model, and the page tokens that its lists returned.
#[derive(Debug)]
pub(crate) struct ModelTenant {
    session: Session,
    store: Store,
    tokens: Vec<IssuedToken>,
}

/// A page token, and the list that it continues.
#[derive(Debug, Clone)]
struct IssuedToken {
    token: String,
    below: usize,
    source: Option<String>,
    project: Project,
}

impl ModelTenant {
    /// A tenant with a new key.
    pub(crate) fn new(server: &MockServer, rules: Rules) -> Self {
        static KEYS: AtomicUsize = AtomicUsize::new(0);
        let key = format!("llx-model-{}", KEYS.fetch_add(1, Ordering::Relaxed));
        let session = Session::of(Client::of(server).with_key(&key));
        Self { session, store: Store::new(rules, &PROJECTS), tokens: Vec::new() }
    }

    /// Applies a step to the server and to the model.
    pub(crate) fn apply(&mut self, step: &Step, other: &Self) -> Checked {
        self.store.advance(0);
        match step {
            Step::Create { source, name, described, project } => {
                let new_index = self.new_index(*source, *name, *project);
                self.create(NewIndex { description: described.then(|| "What for".to_owned()), ..new_index }, *project)
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

    fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let response = self.session.send(method, path, body);
        (response.status, if response.body.is_empty() { Value::Null } else { response.json() })
    }

    fn create(&mut self, new_index: NewIndex, project: Project) -> Checked {
        let body = json!({
            "source_directory_id": new_index.source, "name": new_index.name, "description": new_index.description,
        });
        let (status, shown) = self.send("POST", &path("/api/v1/indexes", project, &[]), Some(&body));
        if let Some(rejection) = self.store.rejection(&new_index) {
            prop_assert_eq!(status, rejection, "{}", shown);
            return Ok(());
        }
        prop_assert_eq!(status, 201, "{}", shown);
        let source = self.store.source(&new_index);
        // The generated name is learned from the first response that shows it.
        let learned = shown["name"].as_str().unwrap_or_default().to_owned();
        if new_index.name.is_none() {
            self.store.directories[source].name.get_or_insert(learned);
        }
        let directory = &self.store.directories[source];
        let name = new_index.name.or_else(|| directory.name.clone()).expect("it was just learned");
        let course = SyncModel::course(&name, &self.store.rules).expect("an unknown magic name is rejected");
        let now = self.store.now;
        let index = Index {
            ids: self.new_ids(&shown)?,
            project: directory.project,
            source: directory.id.clone(),
            name,
            description: new_index.description,
            created_at: now,
            syncs: SyncModel::start(course, now),
            deleted: false,
        };
        self.learn_project_id(index.project, &shown);
        self.store.indexes.push(index);
        prop_assert_eq!(&shown, &self.store.show_index(self.store.indexes.len() - 1, Expand::Nothing));
        Ok(())
    }

    /// The ids of a new index: in the right format, and unique.
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
            prop_assert!(id.starts_with(prefix) && id.len() == 40, "{} does not have the format of its kind", id);
            let known = |ids: &Ids| [&ids.id, &ids.output, &ids.sync_config, &ids.export].contains(id);
            prop_assert!(!self.store.indexes.iter().any(|index| known(&index.ids)), "{} exists already", id);
        }
        prop_assert_ne!(&ids.sync_config, &ids.export);
        Ok(ids)
    }

    /// The id of the default project is learned from the first resource in it.
    fn learn_project_id(&mut self, project: usize, shown: &Value) {
        let learned = shown["project_id"].as_str().unwrap_or_default().to_owned();
        self.store.projects[project].get_or_insert(learned);
    }

    fn create_directory(&mut self, name: Name, kind: &'static str, project: Project) -> Checked {
        let Name::Text(name) = name else { return Ok(()) };
        let body = json!({ "name": name, "type": kind });
        let (status, shown) = self.send("POST", &path("/api/v1/beta/directories", project, &[]), Some(&body));
        prop_assert_eq!(status, if name.is_empty() { 422 } else { 201 }, "{}", shown);
        if status != 201 {
            return Ok(());
        }
        let id = shown["id"].as_str().unwrap_or_default().to_owned();
        prop_assert!(self.store.directory(&id, None).is_none(), "{} exists already", id);
        let project = project.position().unwrap_or(0);
        self.learn_project_id(project, &shown);
        let created_at = self.store.now;
        self.store.directories.push(Directory { id, project, name: Some(name.to_owned()), kind, created_at });
        prop_assert_eq!(&shown, &self.store.show_directory(self.store.directories.len() - 1));
        Ok(())
    }

    fn get_directory(&mut self, which: DirectoryRef, project: Project) -> Checked {
        let id = self.source_id(which);
        let (status, shown) = self.send("GET", &path(&format!("/api/v1/beta/directories/{id}"), project, &[]), None);
        if let Some(at) = self.store.directory(&id, project.position()) {
            prop_assert_eq!(status, 200, "{}", shown);
            let learned = shown["name"].as_str().unwrap_or_default().to_owned();
            self.store.directories[at].name.get_or_insert(learned);
            prop_assert_eq!(&shown, &self.store.show_directory(at));
        } else if let Some(index) = self.store.index_with_output(&id, project.position()) {
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
        let response = self.send("GET", &path(&format!("/api/v1/indexes/{id}"), project, more), None);
        let at = self.store.index(id, project.position());
        prop_assert_eq!(response, at.map_or((404, not_found()), |at| (200, self.store.show_index(at, expand))));
        Ok(())
    }

    fn list(
        &mut self,
        (token, other): (Token, &Self),
        size: Size,
        (source, project): (Option<String>, Project),
    ) -> Checked {
        let Some(issued_token) = self.issued_token(token, other, (source, project)) else { return Ok(()) };
        let mut query = vec![("page_token", issued_token.token.as_str())];
        query.extend(issued_token.source.as_deref().map(|source| ("source_directory_id", source)));
        let written = if let Size::Of(size) = size { Some(size.to_string()) } else { None };
        query.extend(written.as_deref().map(|size| ("page_size", size)));
        let (status, shown) = self.send("GET", &path("/api/v1/indexes", issued_token.project, &query), None);
        let most = match size {
            Size::Default => self.store.rules.page_size,
            Size::Of(size) => usize::try_from(size).unwrap_or(0).min(1000),
        };
        let refused = most == 0 || matches!(token, Token::OtherTenant(_) | Token::Invalid);
        prop_assert_eq!(status, if refused { 422 } else { 200 }, "{}", shown);
        if refused {
            return Ok(());
        }
        let filter = (issued_token.project.position().unwrap_or(0), issued_token.source.as_deref());
        let page = self.store.page(filter, most, Some(issued_token.below));
        let items: Vec<Value> = page.positions.iter().map(|at| self.store.show_index(*at, Expand::Nothing)).collect();
        prop_assert_eq!(&shown["items"], &Value::from(items));
        prop_assert_eq!(&shown["total_size"], &Value::Null);
        match (shown["next_page_token"].as_str(), page.next_below) {
            (None, None) => prop_assert!(shown["next_page_token"].is_null()),
            (Some(token), Some(below)) => {
                self.tokens.push(IssuedToken { token: token.to_owned(), below, ..issued_token });
            }
            (token, below) => prop_assert!(false, "token {:?} where the next page is below {:?}", token, below),
        }
        Ok(())
    }

    /// The token for a list request and its filters; `None` if no list has returned one yet.
    fn issued_token(
        &self,
        token: Token,
        other: &Self,
        (source, project): (Option<String>, Project),
    ) -> Option<IssuedToken> {
        let token_with_filters = |token: &str, below| IssuedToken { token: token.to_owned(), below, source, project };
        match token {
            Token::None => Some(token_with_filters("", self.store.indexes.len())),
            Token::Invalid => Some(token_with_filters("0123456789abcdef0123456789abcdef", 0)),
            Token::Issued(at) => self.tokens.get(at % self.tokens.len().max(1)).cloned(),
            Token::OtherTenant(at) => other.tokens.get(at % other.tokens.len().max(1)).cloned(),
        }
    }

    fn delete(&mut self, id: &str, project: Project) -> Checked {
        let response = self.send("DELETE", &path(&format!("/api/v1/indexes/{id}"), project, &[]), None);
        let at = self.store.index(id, project.position());
        prop_assert_eq!(response, if at.is_some() { (204, Value::Null) } else { (404, not_found()) });
        if let Some(at) = at {
            self.store.indexes[at].deleted = true;
        }
        Ok(())
    }

    fn sync(&mut self, id: &str, project: Project) -> Checked {
        let (status, shown) = self.send("POST", &path(&format!("/api/v1/indexes/{id}/sync"), project, &[]), None);
        let (now, rules) = (self.store.now, self.store.rules);
        let Some(at) = self.store.index(id, project.position()) else {
            prop_assert_eq!((status, shown), (404, not_found()));
            return Ok(());
        };
        let index = &mut self.store.indexes[at];
        let expected = if index.syncs.is_running() { rules.conflict } else { 202 };
        if !index.syncs.is_running() {
            index.syncs.sync(SyncModel::course(&index.name, &rules).expect("an unknown magic name is rejected"), now);
        }
        prop_assert_eq!(status, expected, "{}", shown);
        prop_assert!(if status == 202 { shown.is_null() } else { shown["detail"].is_string() }, "{}", shown);
        Ok(())
    }

    fn cancel(&mut self, id: &str, project: Project) -> Checked {
        let (status, shown) =
            self.send("POST", &path(&format!("/api/v1/indexes/{id}/sync/cancel"), project, &[]), None);
        let now = self.store.now;
        let Some(at) = self.store.index(id, project.position()) else {
            prop_assert_eq!((status, shown), (404, not_found()));
            return Ok(());
        };
        let syncs = &mut self.store.indexes[at].syncs;
        prop_assert_eq!(status, if syncs.is_running() { 202 } else { 409 }, "{}", shown);
        if syncs.is_running() {
            syncs.cancel(now);
        }
        Ok(())
    }

    fn advance(&mut self, millis: u64) -> Checked {
        let body = json!({ "tenant": self.session.key(), "by": format!("{millis}ms") });
        let (status, shown) = self.send("POST", "/__admin/clock/advance", Some(&body));
        self.store.advance(millis);
        let now = crate::model_store::timestamp(self.store.now);
        prop_assert_eq!((status, &shown["now"]), (200, &json!(now)));
        Ok(())
    }

    fn new_index(&self, source: DirectoryRef, name: Name, project: Project) -> NewIndex {
        let name = if let Name::Text(name) = name { Some(name.to_owned()) } else { None };
        NewIndex { source: self.source_id(source), name, description: None, project: project.position() }
    }

    fn source_id(&self, source: DirectoryRef) -> String {
        let made = &self.store.directories;
        let indexes = &self.store.indexes;
        let id = match source {
            DirectoryRef::NeverCreated(number) => Some(format!("dir-{number}")),
            DirectoryRef::Created(at) => made.get(at % made.len().max(1)).map(|directory| directory.id.clone()),
            DirectoryRef::OutputOf(at) => indexes.get(at % indexes.len().max(1)).map(|index| index.ids.output.clone()),
        };
        id.unwrap_or_else(|| "dir-unknown".to_owned())
    }

    fn id(&self, which: IndexRef, other: &Self) -> String {
        let of = |store: &Store, at: usize, id: fn(&Ids) -> &String| {
            store.indexes.get(at % store.indexes.len().max(1)).map(|index| id(&index.ids).clone())
        };
        let id = match which {
            IndexRef::ById(at) => of(&self.store, at, |ids| &ids.id),
            IndexRef::ByExportId(at) => of(&self.store, at, |ids| &ids.export),
            IndexRef::OtherTenant(at) => of(&other.store, at, |ids| &ids.id),
            IndexRef::Unknown => None,
        };
        id.unwrap_or_else(|| "idx-unknown".to_owned())
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
