//! The child process that searches: what it limits, and what hostile patterns do to it. The tests speak its protocol
//! themselves, as the server does.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::support::end_of;

/// What a search gave.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// The matches, in bytes.
    Matches(Vec<[u64; 2]>),
    /// The number that says why there is no result: 1 for the size of the pattern, 2 for the effort, 3 for the matches.
    Failure(u8),
    /// The message of an error.
    Error(String),
    /// The process ended without a response, at the limit on processor time.
    OutOfTime,
}

/// The processor time in seconds that the tests allow, less than the program itself does.
const CPU_SECONDS: &str = "1";

fn run(request: &[u8]) -> Output {
    let mut child = Command::new("/bin/sh")
        .args(["-c", "ulimit -t $1 && exec $0 internal-worker grep"])
        .args([env!("CARGO_BIN_EXE_llamacloud-mock"), CPU_SECONDS])
        .env("MIMALLOC_ARENA_RESERVE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    thread::scope(|scope| {
        // A process that refuses the request may end before it has read it.
        scope.spawn(move || stdin.write_all(request));
        end_of(child)
    })
}

fn request(fields: &[&[u8]]) -> Vec<u8> {
    let number = |number: usize| (number as u64).to_le_bytes();
    let mut request = format!("llamacloud-mock {} worker 1\n", env!("CARGO_PKG_VERSION")).into_bytes();
    request.extend(number(fields.len()));
    request.extend(fields.iter().flat_map(|field| number(field.len())));
    request.extend(fields.concat());
    request
}

fn search(pattern: &str, text: &str) -> Found {
    let output = run(&request(&[pattern.as_bytes(), &1_000_u64.to_le_bytes(), text.as_bytes()]));
    response(&output)
}

fn response(output: &Output) -> Found {
    if output.stdout.is_empty() {
        assert_killed(output);
        return Found::OutOfTime;
    }
    let (head, body) = output.stdout.split_at(9);
    let length = u64::from_le_bytes(head[1..].try_into().expect("eight bytes"));
    assert_eq!(u64::try_from(body.len()).expect("a length"), length, "one whole frame and nothing else");
    match (head[0], body) {
        (1, message) => Found::Error(String::from_utf8(message.to_vec()).expect("UTF-8")),
        (0, [0, matches @ ..]) => {
            let numbers: Vec<u64> = matches.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
            Found::Matches(numbers.as_chunks::<2>().0.to_vec())
        }
        (0, [failure]) => Found::Failure(*failure),
        _ => panic!("{output:?}"),
    }
}

/// Asserts that a signal of the limit on processor time ended the process: the first, or the second a moment later.
fn assert_killed(output: &Output) {
    use std::os::unix::process::ExitStatusExt as _;

    assert!(matches!(output.status.signal(), Some(SIGXCPU | SIGKILL)), "{output:?}");
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

#[test]
fn it_answers_with_the_matches() {
    assert_eq!(search("(?<=a)b+", "abba b ab"), Found::Matches(vec![[1, 3], [8, 9]]));
    assert_eq!(search("x*", "é"), Found::Matches(vec![[0, 0], [2, 2]]));
    assert_eq!(search("a", &"a".repeat(1_000)), Found::Matches((0..1_000).map(|at| [at, at + 1]).collect()));
    let first_thousand = Found::Matches((0..1_000).map(|at| [at, at + 1]).collect());
    assert_eq!(search("a", &"a".repeat(1_001)), first_thousand, "the request asks for a thousand");
}

#[test]
fn a_pattern_that_python_refuses_is_an_error() {
    assert_eq!(search("(", ""), Found::Error("missing ), unterminated subpattern at position 0".to_owned()));
}

/// Each of these takes minutes in Python, or in one of the engines, and would stall a thread that cannot be ended.
#[test]
fn every_hostile_pattern_ends() {
    let line = "a".repeat(1 << 20);
    let expected: &[(&str, &str, &[Found])] = &[
        ("(?=(a+))\\1b", &line, &[Found::OutOfTime]),
        ("(?=a*?(a*)a*b)\\1", &line[..16 << 10], &[Found::OutOfTime]),
        ("(?!b)a*b", &line, &[Found::OutOfTime]),
        ("(?=.*b)a", &line, &[Found::OutOfTime]),
        ("(a{1,100}){1,100}b", &line, &[Found::OutOfTime]),
        ("a.*b|a", &line, &[Found::OutOfTime, Found::Failure(3)]),
        ("(a*)*\\1b", &line, &[Found::Failure(2)]),
        ("(a+)+b", &line, &[Found::Matches(Vec::new())]),
        ("(a+)+$", &line, &[Found::Matches(vec![[0, 1 << 20]])]),
        ("(\\w{1,1000}){1,50}", &line, &[Found::Failure(1)]),
        ("(?:(?:(?:a?){1000}){1000}){1000}b", &line, &[Found::Failure(1)]),
        ("(?:){4000000000}(?:a{0}){4000000000}b", "b", &[Found::Matches(vec![[0, 1]])]),
    ];
    // Two at a time, as the server runs them.
    for pair in expected.chunks(2) {
        thread::scope(|scope| {
            for (pattern, text, possible) in pair {
                scope.spawn(move || {
                    let found = search(pattern, text);
                    assert!(possible.contains(&found), "{pattern}: {found:?}");
                });
            }
        });
    }
}

#[test]
fn a_request_that_is_cut_or_of_another_version_is_an_error() {
    let whole = request(&[b"a", &9_u64.to_le_bytes(), b"a"]);
    let error = |request: &[u8]| match response(&run(request)) {
        Found::Error(message) => message,
        other => panic!("{other:?}"),
    };
    for cut in [0, 10, 40, whole.len() - 1] {
        assert!(error(&whole[..cut]).starts_with("no request"), "{cut}");
    }
    let other = String::from_utf8_lossy(&whole).replacen("mock ", "mock 9", 1).into_bytes();
    assert!(error(&other).contains("another version"));
    assert!(error(&request(&[b"a"])).contains("fields"));
    assert!(error(&request(&[b"a", &9_u64.to_le_bytes(), b"\xff"])).contains("utf-8"));
    // The length of a field that no memory holds.
    let mut huge = whole[..whole.len() - 10 - 8].to_vec();
    huge.extend((1_u64 << 40).to_le_bytes());
    assert!(error(&huge).starts_with("no request"));
}

/// A text that fits into the memory of the server, but not into that of the child.
#[test]
#[cfg(target_os = "linux")]
fn memory_is_limited() {
    let text = vec![b'a'; 300 << 20];
    let output = run(&request(&[b"a", &9_u64.to_le_bytes(), &text]));
    assert_eq!(response(&output), Found::Error("no request: out of memory".to_owned()));
}

#[test]
fn an_embedded_server_refuses_a_program_that_does_not_exist() {
    let started =
        llamacloud_mock::embedded::MockServer::builder().set("binary", "/nonexistent/llamacloud-mock").start();
    let error = started.expect_err("there is no such program").to_string();
    assert!(error.contains("binary") && error.contains("not a file"), "{error}");
}

#[test]
fn it_is_hidden_and_knows_its_kinds() {
    let help = crate::support::run(&["--help"], &[]);
    assert!(!String::from_utf8_lossy(&help.stdout).contains("internal-worker"));
    assert_eq!(crate::support::run(&["internal-worker", "other"], &[]).status.code(), Some(64));
}
