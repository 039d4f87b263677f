//! The resources of a tenant as the admin API shows them: a list for each type.

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::store::{self, Key, Resource, Store};

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

/// Every resource of a type that is not deleted, oldest first.
fn views<T: AdminView>(store: &mut Store, now: Timestamp) -> Value {
    let keys = store.keys::<T>().into_iter();
    let view = |key| {
        store.get_mut::<T>(key).advance_to(now);
        T::view(store, key)
    };
    keys.map(view).collect()
}
