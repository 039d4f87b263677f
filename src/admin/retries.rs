//! Retries, judged.

use super::{House, read};
use crate::call::Call;
use crate::journal::{Entry, Retries};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    for tenant in read::tenants(house, read::query(call, "tenant").as_deref())? {
        entries.extend(tenant.lock().journal.entries());
    }
    Ok(Reply::json(200, &Retries::of(entries.iter())))
}
