//! The resources of a tenant as the admin API shows them: a list for each type.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::store::{self, Id, Key, Resource, Store};

/// A resource that the admin API shows.
pub(super) trait AdminView: Resource {
    /// How it is shown.
    fn view(store: &Store, key: Key<Self>) -> Value;
}

/// How the resources of a type are shown.
type Views = fn(&mut Store, Timestamp) -> Value;

macro_rules! views {
    ($($name:ident: $resource:ident,)*) => {
        [$((stringify!($name), views::<store::$resource> as Views)),*]
    };
}

/// A time at which a resource changes without a request.
#[derive(Debug, Serialize)]
pub(crate) struct UpcomingChange {
    pub(crate) at: Timestamp,
    /// The name of its type.
    pub(crate) kind: &'static str,
    pub(crate) id: Id,
}

/// The times at which the resources of a type change.
type Changes = fn(&Store, Timestamp, &'static str) -> Vec<UpcomingChange>;

macro_rules! changes {
    ($($name:ident: $resource:ident,)*) => {
        [$((stringify!($name), changes::<store::$resource> as Changes)),*]
    };
}

macro_rules! names {
    ($($name:ident: $resource:ident,)*) => {
        &[$(stringify!($name)),*]
    };
}

/// The names of the types.
pub(crate) const STATE_KINDS: &[&str] = store::resources!(names);

/// The resources of a tenant at `now`, by type.
pub(crate) fn state_of(store: &mut Store, now: Timestamp) -> Map<String, Value> {
    store.advance_to(now);
    store::resources!(views).iter().map(|(name, views)| ((*name).to_owned(), views(store, now))).collect()
}

/// When the resources of a tenant change after `now` without a request, as far as that is known.
pub(crate) fn upcoming_changes(store: &Store, now: Timestamp) -> Vec<UpcomingChange> {
    store::resources!(changes).iter().flat_map(|(kind, changes)| changes(store, now, kind)).collect()
}

fn changes<T: Resource>(store: &Store, now: Timestamp, kind: &'static str) -> Vec<UpcomingChange> {
    let mut changes = Vec::new();
    for key in store.keys::<T>() {
        let resource = store.get::<T>(key);
        let id = &resource.meta().id;
        let mut later = resource.upcoming();
        later.retain(|at| *at > now);
        later.dedup();
        changes.extend(later.into_iter().map(|at| UpcomingChange { at, kind, id: id.clone() }));
    }
    changes
}

/// Every resource of a type that is not deleted, oldest first.
fn views<T: AdminView>(store: &mut Store, now: Timestamp) -> Value {
    let keys = store.keys::<T>().into_iter();
    let view = |key| {
        store.get_mut::<T>(key).advance_to(now);
        T::view(store, key)
    };
    keys.map(view).collect()
}
