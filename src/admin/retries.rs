//! Retries, judged.

use super::{House, read};
use crate::call::Call;
use crate::journal::{Entry, Retries};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) fn show(house: House<'_>, call: &Call) -> Result<Reply, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut dropped = 0;
    for tenant in read::tenants(house, read::query(call, "tenant").as_deref())? {
        let journal = &tenant.lock().journal;
        entries.extend(journal.entries());
        dropped += journal.dropped();
    }
    Ok(Reply::json(200, &Retries { dropped, ..Retries::of(entries.iter()) }))
}
