//! The server inside another Rust program, usually a test: started on a free port, asked for its URL, dropped. It looks
//! at neither the environment nor a file, so that a test gets what it asked for wherever it runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::config::{self, RawSettings};
use crate::config::{FLAGS, Takes};
use crate::emulator::Emulator;
use crate::server::Server;
use crate::suggest;

/// How long what runs on the server may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running server. It ends when this is dropped; requests that are under way then are cut.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    emulator: Arc<Emulator>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// A server that is still to be started, and its settings.
#[derive(Debug, Clone)]
pub struct Builder {
    typed: Vec<(String, Vec<String>)>,
}

impl MockServer {
    /// Starts a server with default settings on a free port of the loopback interface, without a log.
    ///
    /// Fails when no port can be had.
    pub fn start() -> Result<Self, String> {
        Self::builder().start()
    }

    /// A server to be started with settings of its own.
    pub fn builder() -> Builder {
        Builder { typed: Vec::new() }.set("port", "0").set("log-level", "off")
    }

    /// Where clients find it: `http://127.0.0.1:` and the port.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// The rules of faults that have never struck, as `name: rule`; what `--strict-faults` asks of the program.
    pub fn faults_never_struck(&self) -> Vec<String> {
        self.emulator.tenants().rules_never_struck()
    }
}

/// Settings that the program sees to itself.
const OF_THE_PROGRAM: &[&str] = &["config", "port-file", "strict-faults"];

impl Builder {
    /// Gives the setting of the flag `--name` a value: `"true"` for one that takes none, one more for one that is
    /// repeatable. What names no flag is refused by [`Builder::start`].
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        let repeatable = FLAGS.iter().any(|flag| flag.name == name && matches!(flag.takes, Takes::Many(_)));
        match self.typed.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if repeatable => values.push(value.to_owned()),
            Some((_, values)) => *values = vec![value.to_owned()],
            None => self.typed.push((name.to_owned(), vec![value.to_owned()])),
        }
        self
    }

    /// Starts the server; it listens when this returns.
    ///
    /// Fails when a setting is wrong, and says which, or when its port cannot be had. `config`, `port-file` and
    /// `strict-faults` are the program's alone: here no settings file is read, no port written down, and no exit code says
    /// which rules never struck ([`MockServer::faults_never_struck`] does).
    pub fn start(self) -> Result<MockServer, String> {
        if let Some((name, _)) = self.typed.iter().find(|(name, _)| OF_THE_PROGRAM.contains(&name.as_str())) {
            return Err(format!("--{name} is for the program; a server inside another one does nothing with it"));
        }
        let typed = self.typed.into_iter().map(flag_of).collect::<Result<Vec<_>, _>>()?;
        let told = RawSettings::alone(&typed);
        let emulator = Arc::new(Emulator::new(config::read(&told)?, told)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let server = runtime.block_on(Server::bind(Arc::clone(&emulator))).map_err(|error| error.to_string())?;
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server.run(std::future::pending()) => {}
                    // RawSetting to stop, or its owner is gone.
                    _ = stopped => {}
                }
            });
            // Once this is dropped, nothing listens any more.
            runtime.shutdown_timeout(PATIENCE);
        });
        Ok(MockServer { address, emulator, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A server whose thread panicked is as gone as any.
            let _ = thread.join();
        }
    }
}

fn flag_of((name, values): (String, Vec<String>)) -> Result<(&'static str, Vec<String>), String> {
    if let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) {
        return Ok((flag.name, values));
    }
    let near = suggest::nearest(&name, FLAGS.iter().map(|flag| flag.name));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("{name} is not a setting{hint}"))
}
