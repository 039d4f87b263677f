//! The store without HTTP: keys, pages of a list that changes, lag, soft deletes, quotas, undo, and the count of its
//! bytes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::directory::DELETED_RETENTION;
use super::state_faults::{AppliedFaults, Lag, StateFault};
use super::sync::SyncState;
use super::*;
use crate::config::{self, RawSettings};
use crate::documents;

const MINUTE: Duration = Duration::from_mins(1);

fn store(flags: &[(&'static str, &str)]) -> Store {
    let settings = config::read(&RawSettings::from_flags(flags)).expect("the settings are valid");
    let budget = StateBudget::new(settings.max_state_bytes);
    Store::new(Arc::new(Policy::new(&settings)), Seed::new(0, "t-test"), budget)
}

fn scope(store: &mut Store, now: Timestamp) -> Scope<'_> {
    Scope::new(store, now, None, StateFaults::default())
}

fn add_directory(scope: &mut Scope<'_>, name: &str) -> Result<Key<Directory>, StoreError> {
    let meta = scope.new_meta(Id::parse(name))?;
    scope.insert(Directory::new(meta, name.into(), DirectoryKind::User))
}

fn names(scope: &Scope<'_>, page: &Page<Key<Directory>>) -> Vec<String> {
    page.items.iter().map(|key| scope.store.get(*key).name.to_string()).collect()
}

/// A page of directories of the default project.
fn page(scope: &mut Scope<'_>, size: usize, token: Option<&str>) -> Result<Page<Key<Directory>>, StoreError> {
    let project = scope.existing_project();
    scope.page(project, PageRequest { list: "directories", size, token }, false, |_: &Directory| true)
}

#[test]
fn a_key_stays_with_its_resource_and_is_not_given_twice() {
    let mut store = store(&[]);
    let mut scope = scope(&mut store, Timestamp::default());
    let first = add_directory(&mut scope, "first").expect("there is room");
    let second = add_directory(&mut scope, "second").expect("there is room");
    scope.undo_from(second);
    let third = add_directory(&mut scope, "third").expect("there is room");
    assert!(first < second && second < third);
    assert_eq!((&*scope.store.get(first).name, &*scope.store.get(third).name), ("first", "third"));
    assert_eq!(scope.store.keys(), [first, third]);
    assert_eq!(scope.find::<Directory>("second"), None);
}

#[test]
fn pages_neither_repeat_nor_lose_what_stays_while_the_list_changes() {
    let mut store = store(&[]);
    let mut scope = scope(&mut store, Timestamp::default());
    for name in ["a", "b", "c", "d", "e"] {
        add_directory(&mut scope, name).expect("there is room");
    }
    let first = page(&mut scope, 2, None).expect("the first page needs no token");
    assert_eq!(names(&scope, &first), ["e", "d"]);
    scope.delete(first.items[1]);
    add_directory(&mut scope, "f").expect("there is room");
    let second = page(&mut scope, 2, first.next_token.as_deref()).expect("the token is its own");
    assert_eq!(names(&scope, &second), ["c", "b"]);
    let last = page(&mut scope, 2, second.next_token.as_deref()).expect("the token is its own");
    assert_eq!((names(&scope, &last), last.next_token), (vec!["a".to_owned()], None));
    for token in ["", "0", &"0".repeat(32)] {
        assert_eq!(page(&mut scope, 2, Some(token)), Err(StoreError::InvalidCursor));
    }
    let other_list = PageRequest { list: "files", size: 2, token: first.next_token.as_deref() };
    assert_eq!(scope.page_of(other_list, std::iter::empty::<(Cursor, ())>()), Err(StoreError::InvalidCursor));
}

#[test]
fn sorted_pages_go_on_after_the_same_text() {
    let mut store = store(&[]);
    let mut scope = scope(&mut store, Timestamp::default());
    for (id, name) in [("1", "b"), ("2", "a"), ("3", "a"), ("4", "c")] {
        let key = add_directory(&mut scope, id).expect("there is room");
        scope.store.change(key, |directory| directory.name = name.into());
    }
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let request = PageRequest { list: "by name", size: 1, token: token.as_deref() };
        let project = scope.existing_project();
        let page = scope.page_sorted(
            project,
            request,
            |_: &Directory| true,
            |key, directory| Cursor::by_text(directory.name.clone(), key),
        );
        let page = page.expect("the token is its own");
        seen.extend(page.items.iter().map(|key| scope.store.get(*key).meta.id.to_string()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["2", "3", "1", "4"]);
}

#[test]
fn a_lagging_read_sees_the_state_of_some_time_ago() {
    let mut store = store(&[]);
    store.set_tombstone_retention(MINUTE);
    let start = Timestamp::default().plus(MINUTE);
    let created = add_directory(&mut scope(&mut store, start), "late").expect("there is room");
    let sees = |store: &mut Store, now: Timestamp| {
        let faults = StateFaults { lag: Some(Lag::of(MINUTE)), ..StateFaults::default() };
        let mut scope = Scope::new(store, now, None, faults);
        let found = scope.find::<Directory>("late");
        (found.is_some(), scope.into_effects().applied.missing())
    };
    assert_eq!(sees(&mut store, start), (false, Some(start)));
    assert_eq!(sees(&mut store, start.plus(MINUTE)), (true, None), "a lag that nobody could see is not applied");
    scope(&mut store, start.plus(MINUTE)).delete(created);
    assert_eq!(scope(&mut store, start.plus(MINUTE)).find::<Directory>("late"), None);
    assert_eq!(sees(&mut store, start.plus(MINUTE)), (true, Some(start.plus(MINUTE))));
    assert_eq!(sees(&mut store, start.plus(2 * MINUTE)), (false, None));
}

#[test]
fn a_deleted_directory_is_listed_on_request_until_its_retention_ends() {
    let mut store = store(&[]);
    let start = Timestamp::default();
    let key = add_directory(&mut scope(&mut store, start), "gone").expect("there is room");
    scope(&mut store, start).delete(key);
    let listed = |store: &mut Store, now: Timestamp, deleted: bool| {
        let mut scope = scope(store, now);
        let project = scope.existing_project();
        let request = PageRequest { list: "directories", size: 10, token: None };
        scope.page(project, request, deleted, |_: &Directory| true).expect("it needs no token").items.len()
    };
    assert_eq!(store.collection().deleted_at(key), Some(start));
    assert_eq!((listed(&mut store, start, false), listed(&mut store, start, true)), (0, 1));
    assert_eq!(listed(&mut store, start.plus(DELETED_RETENTION), true), 0);
    assert_eq!(store.used_bytes(), 0);
}

#[test]
fn a_quota_and_the_limit_count_live_resources() {
    let mut store = store(&[("max-items", "2")]);
    let faults = StateFaults { quota: Some(1), ..StateFaults::default() };
    let mut scope = Scope::new(&mut store, Timestamp::default(), None, faults);
    assert_eq!(scope.check_quota::<Directory>(), Ok(()));
    let first = add_directory(&mut scope, "1").expect("there is room");
    let kind = Directory::KIND;
    assert_eq!(scope.check_quota::<Directory>(), Err(StoreError::QuotaExceeded { kind, limit: 1 }));
    assert_eq!(scope.check_quota::<File>(), Ok(()));
    add_directory(&mut scope, "2").expect("there is room");
    assert_eq!(add_directory(&mut scope, "3"), Err(StoreError::TooMany { kind, limit: 2 }));
    scope.delete(first);
    add_directory(&mut scope, "3").expect("a deleted directory does not count");
    let mut expected = AppliedFaults::default();
    expected.add(StateFault::Quota);
    assert_eq!(scope.into_effects().applied, expected);
}

#[test]
fn a_request_sees_the_resources_of_the_project_that_it_names() {
    let mut store = store(&[]);
    let (now, project) = (Timestamp::default(), Uuid::from_u128(1));
    let mut other = Scope::new(&mut store, now, Some(project), StateFaults::default());
    assert_eq!(other.existing_project(), None);
    let key = add_directory(&mut other, "theirs").expect("there is room");
    assert_eq!(other.find("theirs"), Some(key));
    assert_eq!(scope(&mut store, now).find("theirs"), Some(key));
    let mut third = Scope::new(&mut store, now, Some(Uuid::from_u128(2)), StateFaults::default());
    assert_eq!(third.find::<Directory>("theirs"), None);
}

/// A change of the store. Numbers choose among the resources that there are.
#[derive(Debug, Clone)]
enum StoreChange {
    Create(u8),
    Name(String),
    Upload(usize, String),
    Index(usize),
    Move(usize, usize, String),
    Delete(u8, usize),
    Advance(Duration),
    Retain(Duration),
    Reset,
}

fn change() -> impl Strategy<Value = StoreChange> {
    let duration = || prop::sample::select(vec![Duration::ZERO, MINUTE, DELETED_RETENTION]);
    prop_oneof![
        3 => any::<u8>().prop_map(StoreChange::Create),
        2 => "[a-c]{1,9}".prop_map(StoreChange::Name),
        4 => (any::<usize>(), "[a-z ]{0,40}").prop_map(|(at, text)| StoreChange::Upload(at, text)),
        2 => any::<usize>().prop_map(StoreChange::Index),
        2 => (any::<usize>(), any::<usize>(), "[a-z]{0,20}").prop_map(|(at, to, name)| StoreChange::Move(at, to, name)),
        4 => (0..4_u8, any::<usize>()).prop_map(|(kind, at)| StoreChange::Delete(kind, at)),
        2 => duration().prop_map(StoreChange::Advance),
        1 => duration().prop_map(StoreChange::Retain),
        1 => Just(StoreChange::Reset),
    ]
}

/// The resource at this position, counted around, of those that `filter` accepts.
fn pick<T: Resource>(store: &Store, at: usize, filter: impl Fn(&T) -> bool) -> Option<Key<T>> {
    let keys: Vec<Key<T>> = store.keys().into_iter().filter(|key| filter(store.get(*key))).collect();
    (!keys.is_empty()).then(|| keys[at % keys.len()])
}

fn is_of_user(directory: &Directory) -> bool {
    directory.kind == DirectoryKind::User
}

fn delete<T: Resource>(scope: &mut Scope<'_>, key: Option<Key<T>>) {
    if let Some(key) = key {
        scope.delete(key);
    }
}

fn upload(scope: &mut Scope<'_>, directory: Key<Directory>, text: &str) -> Result<Key<DirectoryFile>, StoreError> {
    let bytes = Bytes::from(text.to_owned());
    let document = documents::read_as(documents::Format::Plain, &bytes);
    let source = BlobSource { name: "a.txt".into(), content_type: None, bytes };
    let blob = Blob::new(source, document, &scope.store.budget)?;
    let (name, details, directory_of_file) = ("a.txt".into(), String::new(), Some(directory));
    let new =
        NewFile { id: None, name, external_file_id: None, purpose: None, blob, directory: directory_of_file, details };
    let file = File::add(scope, new)?;
    let added = DirectoryFile::add(scope, directory, file, NewDirectoryFile::default());
    added.inspect_err(|_| scope.undo_from(file))
}

fn add_index(scope: &mut Scope<'_>, source: Key<Directory>) -> Result<Key<Index>, StoreError> {
    let sync = SyncState::begin(Arc::clone(&scope.store.policy.script), scope.now);
    let (id, export_config_id, name) = (None, None, "index".into());
    let new = NewIndex { id, export_config_id, source, name, description: None, options: None, sync };
    let stream = scope.store.next_stream::<Index>();
    let key = Index::add(scope, new, stream)?;
    scope.count_created(key);
    Ok(key)
}

/// Makes a change as far as the limits allow it.
fn apply(scope: &mut Scope<'_>, change: StoreChange) -> Result<(), StoreError> {
    match change {
        StoreChange::Create(number) => add_directory(scope, &format!("directory {number}")).map(drop)?,
        StoreChange::Name(id) => {
            let key = scope.resolve::<DirectoryFile>(&id)?;
            scope.resolve::<Index>(&id)?;
            scope.store.get_mut(key).advance_to(scope.now);
        }
        StoreChange::Upload(at, text) => {
            let directory = pick(scope.store, at, is_of_user);
            directory.map_or(Ok(()), |directory| upload(scope, directory, &text).map(drop))?;
        }
        StoreChange::Index(at) => {
            let source = pick(scope.store, at, is_of_user);
            source.map_or(Ok(()), |source| add_index(scope, source).map(drop))?;
        }
        StoreChange::Move(at, to, name) => {
            let (file, target) = (pick(scope.store, at, |_| true), pick(scope.store, to, is_of_user));
            if let (Some(file), Some(target)) = (file, target) {
                let metadata = Map::from_iter([(name.clone(), Value::from(name.clone()))]);
                scope.store.change(file, |file: &mut DirectoryFile| {
                    (file.directory, file.display_name, file.metadata) =
                        (target, name.into(), Some(Arc::new(metadata)));
                });
            }
        }
        StoreChange::Delete(kind, at) => match kind {
            0 => delete(scope, pick::<Index>(scope.store, at, |_| true)),
            1 => delete(scope, pick::<DirectoryFile>(scope.store, at, |_| true)),
            2 => delete(scope, pick::<File>(scope.store, at, |_| true)),
            _ => delete(scope, pick(scope.store, at, is_of_user)),
        },
        StoreChange::Advance(_) | StoreChange::Retain(_) | StoreChange::Reset => {}
    }
    Ok(())
}

/// The sum of the weights of all resources, deleted ones included, without the default project.
fn weight_bytes(store: &Store) -> usize {
    fn of<T: Resource>(store: &Store, first: Key<T>) -> usize {
        let collection = store.collection::<T>();
        collection.keys_from(first).map(|key| collection.get(key).weight_bytes()).sum()
    }
    macro_rules! sum {
        ($($name:ident: $resource:ident,)*) => {
            |store: &Store| 0 $(+ of::<$resource>(store, Key::MIN))*
        };
    }
    let sum = resources!(sum);
    sum(store) - store.get(Project::DEFAULT).weight_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_count_of_bytes_never_drifts(changes in prop::collection::vec(change(), 0..60)) {
        let limits = [("max-items", "8"), ("max-state-bytes", "64KiB"), ("contract", "true")];
        let mut store = store(&limits);
        let mut now = Timestamp::default();
        for change in changes {
            match change {
                StoreChange::Advance(duration) => now = now.plus(duration),
                StoreChange::Retain(retention) => store.set_tombstone_retention(retention),
                StoreChange::Reset => store.reset(),
                _ => {}
            }
            // A change that the limits refuse is counted as well.
            let _ = apply(&mut scope(&mut store, now), change);
            prop_assert_eq!(store.allocation.bytes, weight_bytes(&store));
            prop_assert!(store.used_bytes() >= store.allocation.bytes);
        }
        for (kind, number) in [Index::KIND, DirectoryFile::KIND, File::KIND, Directory::KIND].into_iter().zip(0..) {
            while store.live(kind) > 0 {
                apply(&mut scope(&mut store, now), StoreChange::Delete(number, 0)).expect("a delete is not refused");
            }
        }
        store.advance_to(now.plus(2 * DELETED_RETENTION));
        prop_assert_eq!(store.used_bytes(), 0);
    }
}
