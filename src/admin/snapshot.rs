//! Saves tenants as a snapshot, and replaces them by those of one.

use std::io;
use std::sync::Arc;

use super::read;
use crate::error::ApiError;
use crate::instance::{Instance, SnapshotError, write_snapshot};
use crate::request::Request;
use crate::response::{BodyWriter, Response};
use crate::tenant::Tenant;

/// The snapshot of tenants of a server with this seed.
struct SnapshotWriter {
    seed: u64,
    tenants: Vec<Arc<Tenant>>,
}

impl BodyWriter for SnapshotWriter {
    fn write(&self, writer: &mut dyn io::Write) -> io::Result<()> {
        write_snapshot(self.seed, &self.tenants, writer)
    }
}

pub(super) fn show(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    let tenants = read::tenants(instance, read::query(request, "tenant").as_deref())?;
    Ok(Response::written(SnapshotWriter { seed: instance.settings.seed, tenants }))
}

pub(super) fn put(instance: &Instance, request: &Request) -> Result<Response, ApiError> {
    instance.restore(&request.body).map_err(|error| match error {
        SnapshotError::Unreadable(problem) => ApiError::text(422, problem),
        SnapshotError::NoPlace(error) => ApiError::text(403, error.to_string()),
    })?;
    Ok(Response::empty(204))
}
