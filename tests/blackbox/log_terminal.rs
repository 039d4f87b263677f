//! The log on a terminal: short coloured lines.

use crate::support::{Client, Program, wait_for_exit};

/// The columns of a terminal by default.
const COLUMNS: usize = 80;

/// The text without the escape sequences of colours.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + part.split_once('m').expect("a colour").1)
}

/// The lines that are logged on a terminal for requests with these paths, of which the first rule strikes some.
fn logged(paths: &[String], environment: &[(&str, &str)]) -> Vec<String> {
    let fault = format!("indexes.get status=503 name={}", "a-long-name".repeat(5));
    let (mut program, terminal) = Program::start_on_terminal(&["--fault", &fault], environment);
    let client = Client::at(program.address);
    for path in paths {
        client.try_send("GET", path, "", None).expect("a response");
    }
    program.signal("TERM");
    assert_eq!(wait_for_exit(program.child()).code(), Some(0));
    terminal.read().lines().map(str::to_owned).collect()
}

#[test]
fn a_line_fits_the_terminal_and_says_what_matters() {
    let paths = [
        "/api/v1/indexes".to_owned(),
        format!("/api/v1/indexes?page_size=x&page_token={}", "t".repeat(200)),
        "/api/v1/indexes/idx-1".to_owned(),
        format!("/api/v1/beta/directories/{}/files", "d".repeat(100)),
        format!("/nowhere/{}", "é".repeat(100)),
        format!("/nowhere/{}", "\u{5b57}".repeat(100)),
        format!("/nowhere/{}", "%0a".repeat(100)),
        "/api/v1/beta/directories/dir-0123456789/files/dfl-0123456789".to_owned(),
    ];
    let lines: Vec<String> = logged(&paths, &[]).iter().map(|line| without_colours(line)).collect();
    let requests: Vec<&String> = lines.iter().filter(|line| !line.contains(" warning: ")).collect();
    assert_eq!(requests.len(), paths.len(), "{lines:?}");
    for (line, expected) in requests.iter().zip([
        "200 indexes.list GET /api/v1/indexes ",
        "422 indexes.list GET /api/v1/",
        "503 indexes.get GET /api",
        "404 directories.files.",
        "404 GET /nowhere/",
        "404 GET /nowhere/",
        "404 GET /nowhere/%0a",
        "404 directories.files.get GET /api/",
    ]) {
        assert!(line.get(9..).is_some_and(|rest| rest.starts_with(expected)), "{expected:?}: {line}");
        assert!(line.contains("us"), "its duration is missing: {line}");
        assert!(columns(line) <= COLUMNS, "{} columns: {line}", columns(line));
    }
    assert!(requests[1].contains("query.page_size: int_parsing"), "{}", requests[1]);
    assert!(requests[2].contains("fault=a-long-name"), "{}", requests[2]);
    // How much of the path there is room for depends on the number of digits of the duration.
    assert!(["/… ", "/beta… "].iter().any(|end| requests[7].contains(end)), "cut between words: {}", requests[7]);
}

/// The columns of a line, if Chinese characters take two.
fn columns(line: &str) -> usize {
    line.chars().map(|character| if character >= '\u{2e80}' { 2 } else { 1 }).sum()
}

#[test]
fn a_line_is_coloured_unless_no_color_is_set() {
    let paths = ["/api/v1/indexes".to_owned(), "/nowhere".to_owned(), "/api/v1/indexes/idx-1".to_owned()];
    for (value, colours) in
        [("", ["\x1b[32m200\x1b[0m", "\x1b[33m404\x1b[0m", "\x1b[33m503\x1b[0m"]), ("1", ["200", "404", "503"])]
    {
        let lines = logged(&paths, &[("NO_COLOR", value)]);
        let statuses: Vec<&str> = lines.iter().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(statuses, colours, "{lines:?}");
    }
}
