//! `healthcheck`: asks the server of the same settings whether it is well. Needs no other program, so that it works in an
//! image made from scratch.

use crate::cli::client;
use crate::config::Settings;

/// Well, or why not.
pub fn run(settings: &Settings) -> Result<(), String> {
    let answer = client::get(settings, "/health")?;
    if answer.status == 200 { Ok(()) } else { Err(format!("{}/health is not well: {}", answer.from, answer.status)) }
}
