//! Environments in which something is missing: a user without rights, folders that cannot be written to, files that
//! cannot be read, an address of another machine, a program for child processes that is gone. The program works, or
//! says what to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;
use temp_dir::TempDir;

use crate::support::pdf::{Pdf, line};
use crate::support::{Client, FILES, GREP, Program, Upload, output_of, run};

/// A user id without rights, which exists on every system.
const NOBODY: &str = "65534";

/// A user who can write nowhere, in a folder of theirs that is read-only. If the tests run as root, it is another user.
struct PoorUser {
    /// Holds the program, for the user cannot read every folder.
    programs: TempDir,
    home: TempDir,
}

impl PoorUser {
    fn new() -> Self {
        let user = Self { programs: folder(0o755), home: folder(0o755) };
        // By another process: a file that this one has open for writing cannot be executed by any other.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_llamacloud-mock")).arg(user.program()).status();
        assert!(copied.expect("cp runs").success());
        user
    }

    fn program(&self) -> PathBuf {
        self.programs.path().join("llamacloud-mock")
    }

    /// The program with these arguments, in the home of the user, which is read-only from now on.
    fn command(&self, args: &[&str]) -> Command {
        fs::set_permissions(self.home.path(), Permissions::from_mode(0o555)).expect("an own folder");
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"]).arg(self.program());
            command
        } else {
            Command::new(self.program())
        };
        command.args(args).env_clear().env("HOME", self.home.path()).current_dir(self.home.path());
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end; the exit code and stderr.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let ended = output_of(&mut self.command(args));
        (ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
    }
}

impl Drop for PoorUser {
    fn drop(&mut self) {
        // So that the files in it can be removed.
        let _ = fs::set_permissions(self.home.path(), Permissions::from_mode(0o755));
    }
}

fn folder(mode: u32) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    fs::set_permissions(folder.path(), Permissions::from_mode(mode)).expect("an own folder");
    folder
}

/// The status and the error of a search that needs a child process.
fn search_in_child(client: &Client) -> (u16, String) {
    let directory = client.directory("d");
    client.upload(&directory, "a.txt", "aa bb");
    let index = client.index_over(&directory);
    let file = client.ask(crate::support::FIND, &index, json!({}))["items"][0]["file_id"].clone();
    let response = client.post(GREP, &json!({ "index_id": index, "file_id": file, "pattern": r"(\w)\1" }));
    (response.status, response.text())
}

#[test]
fn another_user_in_a_read_only_folder_runs_the_server_and_its_child_processes() {
    let user = PoorUser::new();
    let program = Program::await_ready(user.command(&["--port", "0", "--sync-duration", "0"]));
    let (status, text) = search_in_child(&Client::at(program.address));
    assert!(status == 200 && text.contains("\"aa\""), "{text}");
    assert_eq!(program.terminate().0, Some(0));
    let (code, errors) = user.run(&["exec", "--", "true"]);
    assert!(code == Some(0) && errors.contains("sent no request") && errors.lines().count() == 1, "{errors}");
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_what_to_do() {
    let user = PoorUser::new();
    for (args, flag) in [
        (&["--port", "0", "--port-file", "port"][..], "--port-file port: "),
        (&["exec", "--check-no-litter", "--check-report", "report", "--", "true"], "--check-report report: "),
    ] {
        let (code, stderr) = user.run(args);
        assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {flag}")), "{stderr}");
        assert!(stderr.contains("choose a file in a folder that this user can write to"), "{stderr}");
    }
}

#[test]
fn a_settings_file_that_cannot_be_read_is_named_with_what_to_do() {
    let user = PoorUser::new();
    let file = user.home.path().join("llamacloud-mock.toml");
    fs::write(&file, "seed = 2\n").expect("it can be written");
    fs::set_permissions(&file, Permissions::from_mode(0o000)).expect("an own file");
    let (code, stderr) = user.run(&["--port", "0"]);
    assert_eq!((code, stderr.lines().count()), (Some(64), 1), "{stderr}");
    assert!(stderr.starts_with("llamacloud-mock: llamacloud-mock.toml: ") && stderr.contains("--config"), "{stderr}");
}

#[test]
fn an_address_of_another_machine_is_named_with_what_to_do() {
    // An address for documentation, which no machine has.
    let ended = run(&["--host", "192.0.2.1", "--port", "0"], &[]);
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(
        (ended.status.code(), stderr.lines().filter(|line| line.contains("cannot listen")).count()),
        (Some(1), 1)
    );
    assert!(stderr.contains("192.0.2.1") && stderr.contains("--host that is an address of this machine"), "{stderr}");
}

/// A program at this path that fails at once.
fn write_program(path: &Path) {
    let script = format!("printf '#!/bin/sh\\nexit 1\\n' > '{0}' && chmod 755 '{0}'", path.display());
    assert!(Command::new("sh").args(["-c", &script]).status().expect("sh runs").success());
}

#[test]
fn a_program_for_child_processes_that_is_gone_fails_only_the_requests_that_need_it() {
    let folder = folder(0o755);
    let path = folder.path().join("llamacloud-mock");
    write_program(&path);
    let path_text = path.to_str().expect("a UTF-8 path");
    let program = Program::start(&["--binary", path_text, "--sync-duration", "0"], &[]);
    fs::remove_file(&path).expect("it was written");
    let client = Client::at(program.address);
    let (status, text) = search_in_child(&client);
    assert!(status == 503 && text.contains("cannot start a child process") && text.contains("--binary"), "{text}");
    let page = Pdf::of_pages(&[&line("Hello")]).bytes();
    let refused = Upload::file("file", "a.pdf", &page).text("purpose", "user_data").send(&client, FILES);
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("cannot start a child process"), "{}", refused.text());
    assert_eq!(client.stored(), (1, 1), "nothing is stored, because the fault is not that of the file");
    assert_eq!(client.get("/api/v1/indexes").status, 200);
    assert_eq!(program.terminate().0, Some(0));
}
