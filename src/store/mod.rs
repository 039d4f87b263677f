//! One tenant's resources: by id, in order of creation, a page at a time. It knows neither HTTP nor faults; what a fault
//! does to state arrives as plain [`Conditions`].

mod conditions;
mod directory;
mod index;
mod ledger;
mod paging;
mod policy;
mod request;
mod resources;
pub mod state_faults;
pub mod sync;
mod uuid_hasher;
mod weight;

pub use conditions::{Conditions, PageFault, Vanish};
pub use directory::{Directory, DirectoryKind};
pub use index::{Index, Options, Product, Word};
pub use ledger::Ledger;
pub use paging::{Page, PageRequest};
pub use policy::Policy;
pub use request::HandlerRequest;
pub use resources::{Made, Store};
