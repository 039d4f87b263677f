//! Says which recorded requests a rule would have struck, without adding it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::faults;
use crate::error::ApiError;
use crate::fault::Preview;
use crate::instance::Instance;
use crate::request::Request;
use crate::response::Response;

#[derive(Serialize, Default)]
struct PreviewView {
    /// The numbers of the requests, tenant by tenant.
    would_strike: Vec<u64>,
    /// The same numbers by the label of their tenant.
    tenants: BTreeMap<Arc<str>, Vec<u64>>,
    /// The number of requests of which the journal does not hold what the rule depends on.
    undecided: usize,
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let (rule, scope) = faults::given_for_existing(instance, request)?;
    let mut view = PreviewView::default();
    for tenant in scope.tenants(instance) {
        let entries = tenant.lock().journal.entries();
        let Preview { would_strike, undecided } = rule.clone().preview(&entries, &instance.targets, &tenant.seed);
        view.undecided += undecided;
        view.would_strike.extend(&would_strike);
        if !would_strike.is_empty() {
            view.tenants.insert(Arc::clone(&tenant.label), would_strike);
        }
    }
    Ok(Response::json(200, &view))
}
