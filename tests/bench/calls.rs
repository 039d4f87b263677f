//! Calls held against a bare server that reads the same and answers as much: rates, processor time, and their ratios.

use std::time::Duration;

use crate::drive::{Answer, Keep, Load, call, drive, request};
use crate::report::{self, Aim, float, median};
use crate::server::Server;

/// How often each server has its turn; the middle one counts.
const ROUNDS: usize = 7;

/// How long a turn takes, about.
const TURN: Duration = Duration::from_millis(400);

/// Calls by which the length of a turn is found, and both servers are warmed.
const WARM_UP: u64 = 2000;

/// Limits that a minute of creates does not reach; everything else is as it is by default.
const ROOM: &[&str] = &["--max-items", "10000000", "--max-state-bytes", "16GiB"];

/// The create that the service's own reference shows.
pub(crate) const CREATE_BODY: &str = r#"{"source_directory_id":"dir-0000","name":"Contracts","description":"All of them","products":[{"product_type":"parse","product_config_id":"cfg-11111111-2222-4333-8444-555555555555"}],"sync_frequency":"manual"}"#;

const LINE_OF_CREATE: &str = "POST /api/v1/indexes";

/// A turn of one server.
struct Turn {
    calls_a_second: f64,
    cpu_micros_a_call: f64,
}

pub(crate) fn create() {
    let emulator = Server::emulator(ROOM);
    compare("a valid create", &emulator, (&request(LINE_OF_CREATE, "key", CREATE_BODY), 1.5));
}

pub(crate) fn get() {
    let emulator = Server::emulator(&[]);
    let id = id_in(&call(emulator.address(), &request(LINE_OF_CREATE, "key", CREATE_BODY)));
    compare("a get", &emulator, (&request(&format!("GET /api/v1/indexes/{id}"), "key", ""), 1.2));
}

pub(crate) fn list() {
    let emulator = Server::emulator(&[]);
    let create = [request(LINE_OF_CREATE, "key", CREATE_BODY)];
    drive(emulator.address(), Load { requests: &create, connections: 1, keep: Keep::Alive }, 200);
    compare("a page of fifty", &emulator, (&request("GET /api/v1/indexes", "key", ""), f64::INFINITY));
}

/// The id of what was made.
pub(crate) fn id_in(answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let id = text.strip_prefix(r#"{"id":""#).and_then(|rest| rest.split('"').next());
    id.expect("an answer to a create begins with its id").to_owned()
}

fn compare(what: &str, emulator: &Server, (request, most): (&Vec<u8>, f64)) {
    let answer = call(emulator.address(), request);
    let bare = Server::bare(answer.status, answer.body.len());
    report::part(format!("{what}, against a bare server ({} bytes each)", answer.body.len()));
    for (connections, keep) in [(1, Keep::Alive), (32, Keep::Alive), (128, Keep::Alive), (32, Keep::ForOneCall)] {
        let load = Load { requests: std::slice::from_ref(request), connections, keep };
        let title = match keep {
            Keep::Alive => format!("{connections} connections"),
            Keep::ForOneCall => "a connection a call".to_owned(),
        };
        // The aims are for 32 connections that stay.
        let aim = (connections == 32 && keep == Keep::Alive && most.is_finite()).then_some(Aim { most, unit: "x" });
        take_turns(&title, (&bare, emulator), (load, aim));
    }
}

fn take_turns(title: &str, servers: (&Server, &Server), (load, aim): (Load<'_>, Option<Aim>)) {
    let calls = calls_in_a_turn(servers.1, load).min(calls_in_a_turn(servers.0, load));
    let rounds: Vec<(Turn, Turn)> =
        (0..ROUNDS).map(|_| (turn(servers.0, load, calls), turn(servers.1, load, calls))).collect();
    let middle = |figure: &dyn Fn(&(Turn, Turn)) -> f64| median(rounds.iter().map(figure).collect());
    report::figure(format!("{title}: bare, rate"), middle(&|(bare, _)| bare.calls_a_second), "/s");
    report::figure(format!("{title}: emulator, rate"), middle(&|(_, own)| own.calls_a_second), "/s");
    report::figure(format!("{title}: bare, CPU a call"), middle(&|(bare, _)| bare.cpu_micros_a_call), "us");
    report::figure(format!("{title}: emulator, CPU a call"), middle(&|(_, own)| own.cpu_micros_a_call), "us");
    let ratio = middle(&|(bare, own)| own.cpu_micros_a_call / bare.cpu_micros_a_call);
    let what = format!("{title}: CPU, emulator to bare");
    match aim {
        Some(aim) => report::aimed(what, ratio, aim),
        None => report::figure(what, ratio, "x"),
    }
}

/// How many calls a server answers in a turn.
pub(crate) fn calls_in_a_turn(server: &Server, load: Load<'_>) -> u64 {
    let took = drive(server.address(), load, WARM_UP);
    let turns = TURN.as_secs_f64() / took.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number of calls")]
    let calls = (float(WARM_UP) * turns) as u64;
    calls.max(WARM_UP)
}

fn turn(server: &Server, load: Load<'_>, calls: u64) -> Turn {
    let before = server.cpu_time();
    let took = drive(server.address(), load, calls);
    let cpu = server.cpu_time().saturating_sub(before);
    Turn {
        calls_a_second: float(calls) / took.as_secs_f64(),
        cpu_micros_a_call: cpu.as_secs_f64() * 1e6 / float(calls),
    }
}

/// The processor time of a call in microseconds, for each of two servers or loads that take turns, and the middle
/// difference of the second from the first.
pub(crate) fn side_by_side(first: (&Server, Load<'_>), second: (&Server, Load<'_>)) -> (f64, f64, f64) {
    let calls = calls_in_a_turn(first.0, first.1).min(calls_in_a_turn(second.0, second.1));
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| (turn(first.0, first.1, calls).cpu_micros_a_call, turn(second.0, second.1, calls).cpu_micros_a_call))
        .collect();
    let middle = |figure: fn(&(f64, f64)) -> f64| median(rounds.iter().map(figure).collect());
    (middle(|round| round.0), middle(|round| round.1), middle(|round| round.1 - round.0))
}
