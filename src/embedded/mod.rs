//! Runs the server inside another Rust program, usually a test. It reads neither the environment nor a settings file,
//! so that a test has the same settings on every machine. The one exception is `LLAMACLOUD_MOCK_BINARY`, which says
//! where the command-line program is on this machine.

mod error;
mod requests;
mod tenant;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

pub use self::error::Error;
pub use self::requests::{ReceivedRequest, RequestFilter};
pub use self::tenant::TenantHandle;
use crate::config::flags::BINARY;
use crate::config::{self, RawSettings, Takes, find_flag, flag_named};
use crate::instance::Instance;
pub use crate::journal::{
    DuplicateWrite, FaultNote, FaultOutcome, Outcome, RetryAttempt, RetryChain, RetryReport, Spacing,
};
use crate::server::Server;

/// Time limit for tasks to end when the server is dropped.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A running server. Dropping it stops the server and closes its connections, including those with a request in flight.
/// [`MockServer::stop`] does the same, and says whether the server had failed before.
#[derive(Debug)]
pub struct MockServer {
    address: SocketAddr,
    instance: Arc<Instance>,
    stop: Option<oneshot::Sender<()>>,
    /// Ends with the reason why the server had stopped by itself, if it had.
    thread: Option<JoinHandle<Option<String>>>,
}

/// The settings of a server that has not been started.
#[derive(Debug, Clone)]
pub struct Builder {
    flags: Vec<(String, Vec<String>)>,
}

impl MockServer {
    /// Starts a server with default settings on a free port of the loopback interface, without logging.
    ///
    /// Errors: no port can be bound.
    pub fn start() -> Result<Self, Error> {
        Self::builder().start()
    }

    /// A builder for a server with other settings.
    pub fn builder() -> Builder {
        Builder { flags: Vec::new() }.set("port", "0").set("log-level", "off")
    }

    /// The URL for clients on this machine: `http://127.0.0.1:` and the port, unless `host` was set to a certain
    /// address.
    pub fn url(&self) -> String {
        format!("http://{}", SocketAddr::new(config::reachable(self.address.ip()), self.address.port()))
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server and closes its connections, including those with a request in flight.
    ///
    /// Errors: the server had stopped by itself, because its port could not be bound again after `POST
    /// /__admin/listener {"refuse": …}`. The log has it too, unless the setting `log-level` is `off`, its default
    /// here.
    pub fn stop(mut self) -> Result<(), Error> {
        self.end().map_or(Ok(()), |reason| Err(Error::Stopped(reason)))
    }

    /// Stops the server; returns the reason why it had stopped by itself.
    fn end(&mut self) -> Option<String> {
        drop(self.stop.take());
        self.thread.take()?.join().unwrap_or_else(|_| Some(PANICKED.to_owned()))
    }

    /// The fault rules that have never struck, each as `name: rule`. `--strict-faults` checks the same in the program.
    pub fn faults_never_struck(&self) -> Vec<String> {
        self.instance.tenants.rules_never_struck()
    }
}

/// What is wrong with a setting that only the program has.
const FOR_PROGRAM: &str = "has no effect on an embedded server; it is for the command-line program";

/// The reason why a server has stopped whose thread has panicked.
const PANICKED: &str = "the thread of the server panicked";

impl Builder {
    /// Sets the flag `--name` to `value`: `"true"` for a switch. A repeatable flag gets one more value.
    ///
    /// [`Builder::start`] checks name and value.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        let repeatable = flag_named(name).is_some_and(|flag| matches!(flag.takes, Takes::Many(_)));
        match self.flags.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) if repeatable => values.push(value.to_owned()),
            Some((_, values)) => *values = vec![value.to_owned()],
            None => self.flags.push((name.to_owned(), vec![value.to_owned()])),
        }
        self
    }

    /// Starts the server; it listens when this returns.
    ///
    /// Errors: a setting is unknown or invalid, or the port cannot be bound. The settings `config`, `exit-with-stdin`,
    /// `port-file` and `strict-faults` are errors too, because they have an effect only in the command-line program;
    /// instead of the last, use [`MockServer::faults_never_struck`].
    ///
    /// Work that could take long runs in child processes of the command-line program, which the setting `binary` names,
    /// or else the environment variable `LLAMACLOUD_MOCK_BINARY`. Without both, PDF and office files get a stand-in
    /// text, with one warning in the log, and some searches are refused: `grep` with look-around, references to groups,
    /// possessive repetitions, patterns that can match an empty text, or in texts over 256 KiB.
    pub fn start(self) -> Result<MockServer, Error> {
        let instance = Arc::new(instance(self.flags).map_err(Error::Setting)?);
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = sync_channel(1);
        // The runtime lives in this thread alone: a test may itself run in a runtime, where no other can be waited for.
        let thread = std::thread::spawn({
            let instance = Arc::clone(&instance);
            move || serve(instance, &bound, stopped)
        });
        let address = address.recv().map_err(|_| Error::Stopped(PANICKED.to_owned()))?.map_err(Error::Listen)?;
        Ok(MockServer { address, instance, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        // There is nobody to report a failure to.
        let _ = self.end();
    }
}

/// The instance with these settings, each with its values; the environment names the binary if they do not.
fn instance(settings: Vec<(String, Vec<String>)>) -> Result<Instance, String> {
    let mut flags = Vec::new();
    for (name, values) in settings {
        match find_flag(&name) {
            Ok(flag) if flag.is_for_program => return Err(format!("{name}: {FOR_PROGRAM}")),
            Ok(flag) => flags.push((flag, values)),
            Err(problem) => return Err(format!("{name}: {problem}")),
        }
    }
    if let Some(binary) = std::env::var_os(BINARY.variable()).filter(|binary| !binary.is_empty())
        && flags.iter().all(|(flag, _)| **flag != BINARY)
    {
        let path = binary.into_string().map_err(|_| format!("{}: is not UTF-8", BINARY.variable()))?;
        flags.push((&BINARY, vec![path]));
    }
    let raw = RawSettings::with_defaults(&flags);
    let settings = config::read(&raw)?;
    config::check_combinations(&settings, &raw)?;
    Instance::new(settings, raw)
}

/// Binds the port, sends its address or an error, and runs the server until it is stopped or fails; returns the reason
/// of a failure.
fn serve(
    instance: Arc<Instance>,
    bound: &SyncSender<io::Result<SocketAddr>>,
    stopped: oneshot::Receiver<()>,
) -> Option<String> {
    let started: io::Result<_> = (|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let server = runtime.block_on(Server::bind(instance))?;
        Ok((runtime, server))
    })();
    let (runtime, server) = match started {
        Ok(started) => started,
        Err(error) => {
            // Whoever starts the server waits for this.
            let _ = bound.send(Err(error));
            return None;
        }
    };
    let _ = bound.send(Ok(server.local_addr()));
    let failure = runtime.block_on(serve_until_stopped(server, stopped));
    // Closes the listener and the connections.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    failure
}

/// Runs a server until it is stopped or fails; returns the reason of a failure.
async fn serve_until_stopped(server: Server, stopped: oneshot::Receiver<()>) -> Option<String> {
    let mut failure = None;
    let serving = async {
        let (result, draining) = server.listen(std::future::pending()).await;
        // Set before the wait for open requests, which `stopped` may end.
        failure = result.err().map(|error| error.to_string());
        draining.finish().await;
    };
    tokio::select! {
        () = serving => {}
        _ = stopped => {}
    }
    failure
}
