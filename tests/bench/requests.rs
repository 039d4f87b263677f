//! Compares requests to the emulator with requests to a bare server of the same response size: rate, CPU time, and ratios.

use std::process::Command;
use std::time::Duration;

use crate::load::{HttpResponse, KeepAlive, Load, request, run_load, send};
use crate::report::{self, Target, float, median};
use crate::server::{PROGRAM, Server, bare_command};

/// The number of turns of each server; the median counts.
const ROUNDS: usize = 7;

/// The approximate length of a turn.
const TURN: Duration = Duration::from_millis(400);

/// Requests that warm up both servers and determine how many requests fill a turn.
const WARM_UP: u64 = 2000;

/// Limits that a minute of create requests does not reach; everything else has its default.
const LARGE_LIMITS: &[&str] = &["--max-items", "10000000", "--max-state-bytes", "16GiB"];

/// The create request of the service's reference documentation.
pub(crate) const CREATE_BODY: &str = r#"{"source_directory_id":"dir-0000","name":"Contracts","description":"All of them","products":[{"product_type":"parse","product_config_id":"cfg-11111111-2222-4333-8444-555555555555"}],"sync_frequency":"manual"}"#;

const CREATE_LINE: &str = "POST /api/v1/indexes";

/// The result of one turn.
struct Turn {
    requests_per_second: f64,
    cpu_micros_per_request: f64,
}

pub(crate) fn create() {
    let emulator = Server::emulator(LARGE_LIMITS);
    compare("a valid create", &emulator, (&request(CREATE_LINE, "key", CREATE_BODY), 1.5));
}

pub(crate) fn get() {
    let emulator = Server::emulator(&[]);
    let id = id_in(&send(emulator.address(), &request(CREATE_LINE, "key", CREATE_BODY)));
    compare("a get", &emulator, (&request(&format!("GET /api/v1/indexes/{id}"), "key", ""), 1.2));
}

pub(crate) fn list() {
    let emulator = Server::emulator(&[]);
    let create = [request(CREATE_LINE, "key", CREATE_BODY)];
    run_load(emulator.address(), Load { requests: &create, connections: 1, keep: KeepAlive::Yes }, 200);
    compare("a page of fifty", &emulator, (&request("GET /api/v1/indexes", "key", ""), f64::INFINITY));
}

/// The user-space instructions of a request, counted with valgrind, and their ratio to those of the bare server.
pub(crate) fn instructions() {
    report::part("instructions of a request (valgrind)");
    let counts = |command: &str| -> Option<Vec<f64>> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/instructions");
        let output = Command::new(script).arg(command).output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.lines().map(|line| line.split(' ').nth(1)?.parse().ok()).collect()
    };
    // The length of the response to a create.
    let bare = bare_command(201, 560, "{port}").join(" ");
    let (Some(own), Some(bare)) = (counts(PROGRAM), counts(&bare)) else {
        println!("  not counted: tests/bench/instructions does not run here");
        return;
    };
    for (kind, (own, bare)) in ["a create", "a get"].iter().zip(own.iter().zip(bare)) {
        report::figure(format!("{kind}: bare"), bare, "");
        report::figure(format!("{kind}: emulator"), *own, "");
        report::figure(format!("{kind}: emulator to bare"), own / bare, "x");
    }
}

/// The id of the created index.
pub(crate) fn id_in(response: &HttpResponse) -> String {
    let text = String::from_utf8_lossy(&response.body);
    let id = text.strip_prefix(r#"{"id":""#).and_then(|rest| rest.split('"').next());
    id.expect("a create response starts with the id").to_owned()
}

fn compare(label: &str, emulator: &Server, (request, maximum): (&Vec<u8>, f64)) {
    let response = send(emulator.address(), request);
    let bare = Server::bare(response.status, response.body.len());
    report::part(format!("{label}, against a bare server ({} bytes each)", response.body.len()));
    for (connections, keep) in
        [(1, KeepAlive::Yes), (32, KeepAlive::Yes), (128, KeepAlive::Yes), (32, KeepAlive::OneRequest)]
    {
        let load = Load { requests: std::slice::from_ref(request), connections, keep };
        let title = match keep {
            KeepAlive::Yes => format!("{connections} connections"),
            KeepAlive::OneRequest => "one connection per request".to_owned(),
        };
        // The targets apply to 32 kept connections.
        let target = (connections == 32 && keep == KeepAlive::Yes && maximum.is_finite())
            .then_some(Target { maximum, unit: "x" });
        take_turns(&title, (&bare, emulator), (load, target));
    }
}

fn take_turns(title: &str, servers: (&Server, &Server), (load, target): (Load<'_>, Option<Target>)) {
    let count = requests_per_turn(servers.1, load).min(requests_per_turn(servers.0, load));
    let rounds: Vec<(Turn, Turn)> =
        (0..ROUNDS).map(|_| (turn(servers.0, load, count), turn(servers.1, load, count))).collect();
    let median_of = |figure: &dyn Fn(&(Turn, Turn)) -> f64| median(rounds.iter().map(figure).collect());
    report::figure(format!("{title}: bare, rate"), median_of(&|(bare, _)| bare.requests_per_second), "/s");
    report::figure(format!("{title}: emulator, rate"), median_of(&|(_, own)| own.requests_per_second), "/s");
    report::figure(
        format!("{title}: bare, CPU per request"),
        median_of(&|(bare, _)| bare.cpu_micros_per_request),
        "us",
    );
    report::figure(
        format!("{title}: emulator, CPU per request"),
        median_of(&|(_, own)| own.cpu_micros_per_request),
        "us",
    );
    let ratio = median_of(&|(bare, own)| own.cpu_micros_per_request / bare.cpu_micros_per_request);
    let label = format!("{title}: CPU, emulator to bare");
    match target {
        Some(target) => report::figure_with_target(label, ratio, target),
        None => report::figure(label, ratio, "x"),
    }
}

/// The number of requests that fill a turn of a server.
pub(crate) fn requests_per_turn(server: &Server, load: Load<'_>) -> u64 {
    let took = run_load(server.address(), load, WARM_UP);
    let turns = TURN.as_secs_f64() / took.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of requests")]
    let count = (float(WARM_UP) * turns) as u64;
    count.max(WARM_UP)
}

fn turn(server: &Server, load: Load<'_>, count: u64) -> Turn {
    let before = server.cpu_time();
    let took = run_load(server.address(), load, count);
    let cpu = server.cpu_time().saturating_sub(before);
    Turn {
        requests_per_second: float(count) / took.as_secs_f64(),
        cpu_micros_per_request: cpu.as_secs_f64() * 1e6 / float(count),
    }
}

/// The CPU time per request in microseconds, for each of two servers or loads that take turns, and the median difference
/// of the second from the first.
pub(crate) fn compare_cpu(first: (&Server, Load<'_>), second: (&Server, Load<'_>)) -> (f64, f64, f64) {
    let count = requests_per_turn(first.0, first.1).min(requests_per_turn(second.0, second.1));
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| {
            (
                turn(first.0, first.1, count).cpu_micros_per_request,
                turn(second.0, second.1, count).cpu_micros_per_request,
            )
        })
        .collect();
    let median_of = |figure: fn(&(f64, f64)) -> f64| median(rounds.iter().map(figure).collect());
    (median_of(|round| round.0), median_of(|round| round.1), median_of(|round| round.1 - round.0))
}
