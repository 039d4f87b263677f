//! One run of the command, with a server of its own, and what was seen of it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::command::{self, EndedCommand};
use super::recording::{Recorder, Recording};
use super::state::FinalState;
use crate::cli::exec;
use crate::cli::exit::ExitError;
use crate::clock::Mode;
use crate::config::{LogLevel, RawSettings, Settings};
use crate::instance::Instance;
use crate::server::Server;

/// What all runs have in common.
#[derive(Debug)]
pub(super) struct RunSetup {
    pub(super) settings: Settings,
    pub(super) raw: RawSettings,
    pub(super) command: Vec<OsString>,
    pub(super) environment: Vec<(String, String)>,
    /// The time after which a run is ended.
    pub(super) timeout: Duration,
    /// Whether the sweep is stopped.
    pub(super) stop: watch::Receiver<bool>,
}

/// What was seen of a run.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) command: EndedCommand,
    /// Whether its fault struck a request.
    pub(super) has_struck: bool,
    pub(super) recording: Recording,
    pub(super) state: FinalState,
}

impl RunSetup {
    /// A new instance with this rule.
    pub(super) fn instance(&self, rule: Option<&str>) -> Result<Instance, ExitError> {
        let settings = Settings {
            port: 0,
            port_file: None,
            clock: Mode::Auto,
            log_level: LogLevel::Off,
            faults: rule.map(str::to_owned).into_iter().collect(),
            ..self.settings.clone()
        };
        Instance::of_program(settings, self.raw.clone()).map_err(ExitError::usage)
    }

    /// Runs the command with a server that has this rule.
    ///
    /// Errors: the command cannot be started, or the server has no port.
    pub(super) async fn run(&self, rule: Option<&str>) -> Result<Observation, ExitError> {
        let instance = Arc::new(self.instance(rule)?);
        // Helpers for test frameworks forget the keys of their tests, and what those have left is to be judged.
        instance.keep_forgotten();
        let recorder = Recorder::start(&instance);
        let server = Server::bind(Arc::clone(&instance)).await.map_err(ExitError::failure)?;
        let variables = self.variables(&instance, server.local_addr());
        let (end, ended) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async { _ = ended.await }));
        let command = command::run(&self.command, &variables, self.timeout, self.stop.clone()).await;
        drop(end);
        serving.await.map_err(ExitError::failure)?.map_err(ExitError::failure)?;
        let recording = recorder.finish().await;
        let has_struck = instance.tenants.strikes_by_rule().values().any(|strikes| *strikes > 0);
        Ok(Observation { command: command?, has_struck, recording, state: FinalState::of(&instance) })
    }

    fn variables(&self, instance: &Instance, address: SocketAddr) -> Vec<(&'static str, String)> {
        exec::variables(instance, address, &self.environment)
    }
}
