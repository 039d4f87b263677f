//! Retries, judged.

use super::read;
use crate::call::Call;
use crate::emulator::Emulator;
use crate::journal::{Entry, Retries};
use crate::problem::Problem;
use crate::reply::Reply;

pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Reply, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    for tenant in read::tenants(emulator, read::query(call, "tenant").as_deref())? {
        entries.extend(tenant.lock().journal.entries());
    }
    Ok(Reply::json(200, &Retries::of(entries.iter())))
}
