//! The subcommand `healthcheck`: checks that the running server is healthy. It needs no other program, so that it works in
//! a container image without any.

use crate::cli::client;
use crate::config::Settings;

/// Checks the server of these settings.
///
/// Errors: it does not respond, or not with status 200.
pub(crate) fn run(settings: &Settings) -> Result<(), String> {
    let response = client::get(settings, "/health")?;
    match response.status {
        200 => Ok(()),
        status => Err(format!("{}/health: status {status}", response.base_url)),
    }
}
