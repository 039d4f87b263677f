//! The list of resources. Each type stands here once; lookup by type, counts, purges, expiries and the admin state
//! follow from it.

use super::collection::{AnyCollection, Collection};
use super::{Resource, Scope};

/// Passes the list of resources to a macro: the name of each collection, and the type of its resources.
macro_rules! resources {
    ($macro:ident) => {
        $macro! {
            projects: Project,
            directories: Directory,
            files: File,
            directory_files: DirectoryFile,
            indexes: Index,
            configurations: Configuration,
            chat_sessions: ChatSession,
        }
    };
}
pub(crate) use resources;

/// A type of resource that has a collection.
pub(crate) trait HasCollection: Sized {
    /// The collection of its type.
    fn collection(all: &Collections) -> &Collection<Self>
    where
        Self: Resource;

    /// The collection of its type, to change it.
    fn collection_mut(all: &mut Collections) -> &mut Collection<Self>
    where
        Self: Resource;
}

macro_rules! collections {
    ($($name:ident: $resource:ident,)*) => {
        /// The resources of a tenant.
        #[derive(Debug, Default)]
        pub(crate) struct Collections {
            $($name: Collection<super::$resource>,)*
        }

        $(impl HasCollection for super::$resource {
            fn collection(all: &Collections) -> &Collection<Self> {
                &all.$name
            }

            fn collection_mut(all: &mut Collections) -> &mut Collection<Self> {
                &mut all.$name
            }
        })*

        impl Collections {
            /// Each collection.
            pub(super) fn iter(&self) -> impl Iterator<Item = &dyn AnyCollection> {
                [$(&self.$name as &dyn AnyCollection),*].into_iter()
            }

            /// Each collection, to change it.
            pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut dyn AnyCollection> {
                [$(&mut self.$name as &mut dyn AnyCollection),*].into_iter()
            }

            /// Deletes the resources of a scope whose time is over.
            pub(super) fn expire(scope: &mut Scope<'_>) {
                $(scope.expire::<super::$resource>();)*
            }
        }
    };
}
resources!(collections);
