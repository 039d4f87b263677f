//! The subcommand `exec`: the command gets the server, the streams and the signals, and its exit code is that of
//! `exec`.

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::support::{Terminal, command, end_of, next_line, output_of, run, wait_for_exit};

/// The warning that most of these scripts cause, which send nothing.
const NO_REQUEST: &str = "llamacloud-mock: warning: the command sent no request to the server; does its client use \
                          LLAMA_CLOUD_BASE_URL?\n";

/// The exit code, stdout and stderr of `exec` with this script, without that warning.
fn exec(args: &[&str], script: &str, environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let ended = run(&[&["exec"], args, &["--", "sh", "-c", script]].concat(), environment);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8").replace(NO_REQUEST, "");
    (ended.status.code(), text(ended.stdout), text(ended.stderr))
}

#[test]
fn the_command_gets_the_url_and_a_key_and_nothing_is_added_to_its_output() {
    let script = "echo $LLAMA_CLOUD_BASE_URL $LLAMA_CLOUD_API_KEY; echo error >&2";
    let (code, stdout, stderr) = exec(&[], script, &[]);
    let (url, key) = stdout.trim_end().split_once(' ').expect("two words");
    let port = url.strip_prefix("http://127.0.0.1:").expect("a URL").parse::<u16>();
    assert_eq!((code, port.is_ok(), key, stderr.as_str()), (Some(0), true, "llx-exec", "error\n"), "{stdout}");
    let (_, stdout, _) = exec(&["--api-key", "llx-a", "--api-key", "llx-b"], "echo $LLAMA_CLOUD_API_KEY", &[]);
    assert_eq!(stdout, "llx-a\n");
    let (_, stdout, stderr) = exec(&["--log-level", "info", "--seed", "7"], "echo $LLAMA_CLOUD_BASE_URL", &[]);
    assert_eq!(stderr, format!("ready url={} seed=7\n", stdout.trim_end()));
}

#[test]
fn a_proxy_is_not_used_for_the_server() {
    let script = "echo $NO_PROXY $no_proxy";
    let proxy = ("HTTP_PROXY", "http://127.0.0.1:1");
    for (environment, expected) in [
        (&[proxy, ("NO_PROXY", "a.test")][..], "a.test,127.0.0.1,localhost a.test,127.0.0.1,localhost\n"),
        (&[("NO_PROXY", "*"), ("no_proxy", "localhost")], "* localhost,127.0.0.1\n"),
    ] {
        let mut command = command(&["exec", "--", "sh", "-c", script], &[]);
        command.env_remove("NO_PROXY").env_remove("no_proxy").envs(environment.iter().copied());
        let stdout = output_of(&mut command).stdout;
        assert_eq!(String::from_utf8_lossy(&stdout), expected);
    }
}

#[test]
fn the_command_has_the_standard_input() {
    let mut command = command(&["exec", "--", "cat"], &[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("a pipe").write_all(b"text").expect("cat reads");
    let ended = end_of(child);
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(0), &b"text"[..]));
}

#[test]
fn the_exit_code_is_that_of_the_command() {
    for (script, expected) in
        [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    {
        assert_eq!(exec(&[], script, &[]), (Some(expected), String::new(), String::new()), "{script}");
    }
    let folder = env!("CARGO_TARGET_TMPDIR");
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    for (name, expected, message) in [
        ("no-such-command", 127, "exec: no-such-command: command not found"),
        ("./no/such/command", 127, "exec: ./no/such/command: command not found"),
        (folder, 126, "cannot be executed"),
        (text, 126, "cannot be executed"),
    ] {
        let ended = run(&["exec", "--check-no-litter", "--", name], &[]);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!((ended.status.code(), stderr.lines().count()), (Some(expected), 1), "{name}: {stderr}");
        assert!(stderr.contains(message), "{name}: {stderr}");
    }
}

#[test]
fn a_port_in_use_is_69_and_the_command_is_not_run() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("a bound socket").port().to_string();
    let (code, stdout, stderr) = exec(&["--port", &port], "echo run", &[]);
    assert_eq!((code, stdout.as_str()), (Some(69), ""));
    assert!(stderr.contains(&format!("port {port}")) && stderr.contains("--port 0"), "{stderr}");
}

#[test]
fn invalid_arguments_are_usage_errors() {
    for (args, expected) in [
        (&["exec"][..], "arguments are missing: <COMMAND>"),
        (&["exec", "--"], "arguments are missing: <COMMAND>"),
        (&["exec", "true"], "true: is not an argument here; the command comes after --"),
        (
            &["exec", "--max-attempts", "3", "--", "true"],
            "--max-attempts: is not a flag here; did you mean --check-max-attempts?",
        ),
        (&["exec", "--check-tenant", "k", "--", "true"], "--check-tenant: has no effect without a check"),
        (&["exec", "--check-format", "json", "--", "true"], "--check-format: has no effect without a check"),
        (&["exec", "--check-report", "f", "--", "true"], "--check-report: has no effect without a check"),
        (&["exec", "--exit-with-stdin", "--", "true"], "--exit-with-stdin: is a flag of the server, without effect"),
        (&["--exit-with-stdin", "exec", "--", "true"], "--exit-with-stdin: has no effect on exec"),
        (&["exec", "--page-size", "x", "--", "true"], "--page-size: \"x\" is not a number"),
        (&["exec", "--fault", "indexes.crate status=500", "--", "true"], "--fault \"indexes.crate status=500\": "),
    ] {
        let ended = run(args, &[]);
        let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(64), "{args:?}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {expected}")), "{args:?}: {stderr}");
    }
}

#[test]
fn help_shows_its_own_defaults() {
    let help = String::from_utf8(run(&["exec", "--help"], &[]).stdout).expect("UTF-8");
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in
        ["0 picks a free one [default: 0]", "one line per request [default: warn]", "NO_PROXY, no_proxy", "126, 127"]
    {
        assert!(words.contains(part), "{part:?} is not in {help}");
    }
}

/// A script that names the signals that it gets, and exits on SIGTERM. Its first line says that it is ready.
const NAMES_SIGNALS: &str = "trap 'echo int' INT; trap 'echo hup' HUP; trap 'echo usr1' USR1; trap 'echo term; exit 7' TERM; \
                             echo ready; while :; do read -r line || :; done < \"$FIFO\"";

/// `exec` with that script.
struct Signalled {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    _folder: temp_dir::TempDir,
}

impl Signalled {
    /// Starts it through the words of `wrapper`, and the script through those of `command`, with this standard input.
    fn start(wrapper: &[&str], command: &[&str], stdin: Stdio) -> Self {
        let folder = temp_dir::TempDir::new().expect("a temporary folder");
        // A read from it blocks until a signal comes, because nothing is ever written to it.
        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let program = env!("CARGO_BIN_EXE_llamacloud-mock");
        let script = NAMES_SIGNALS.replace("< \"$FIFO\"", "<> \"$FIFO\"");
        let words = [wrapper, &[program, "exec", "--"], command, &["sh", "-c", &script]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("FIFO", &fifo).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut started = Self { child, lines, _folder: folder };
        started.expect_line("ready");
        started
    }

    fn expect_line(&mut self, expected: &str) {
        assert_eq!(next_line(&mut self.lines).trim_end(), expected);
    }

    /// Sends a signal to `exec` alone.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Sends SIGTERM; the exit code and the rest of the output.
    fn terminate(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("UTF-8");
        (wait_for_exit(&mut self.child).code(), rest)
    }
}

impl Drop for Signalled {
    fn drop(&mut self) {
        // Not SIGKILL, which would leave the script behind.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            let _ = self.child.wait();
        }
    }
}

#[test]
fn signals_are_forwarded_and_the_command_decides_when_it_ends() {
    let mut signalled = Signalled::start(&["setsid"], &[], Stdio::null());
    for (signal, line) in [("INT", "int"), ("HUP", "hup"), ("USR1", "usr1"), ("INT", "int")] {
        signalled.signal(signal);
        signalled.expect_line(line);
    }
    assert_eq!(signalled.terminate(), (Some(7), "term\n".to_owned()));
}

#[test]
fn a_signal_of_the_terminal_reaches_the_command_once() {
    let mut terminal = Terminal::open();
    let mut signalled = Signalled::start(&["setsid", "--ctty"], &[], terminal.program_side());
    terminal.send("\u{3}");
    signalled.expect_line("int");
    assert_eq!(signalled.terminate(), (Some(7), "term\n".to_owned()));
}

#[test]
fn a_signal_of_the_terminal_is_not_forwarded() {
    let mut terminal = Terminal::open();
    // In a session of its own the command gets no signal of the terminal, only what is forwarded.
    let mut signalled = Signalled::start(&["setsid", "--ctty"], &["setsid"], terminal.program_side());
    terminal.send("\u{3}");
    terminal.wait_for("^C");
    signalled.signal("USR1");
    signalled.expect_line("usr1");
    assert_eq!(signalled.terminate(), (Some(7), "term\n".to_owned()));
}
