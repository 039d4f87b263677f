//! The checks of `exec`: they judge what the command sent, after the command has ended and its requests are complete.

use std::fs;
use std::process::{Child, Stdio};

use temp_dir::TempDir;

use crate::support::{Client, command, end_of, wait_until};

const LIST: &str = "/api/v1/indexes";

/// A running `exec`, whose command ends when its standard input does.
struct Exec {
    child: Child,
    client: Client,
    folder: TempDir,
}

impl Exec {
    /// Starts it; the command ends with this exit code.
    fn start(args: &[&str], code: u8) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("port");
        let path = file.to_str().expect("a UTF-8 path");
        let script = format!("cat; exit {code}");
        let words = [&["exec", "--port-file", path], args, &["--", "sh", "-c", &script]].concat();
        let mut command = command(&words, &[]);
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        wait_until("the server listens", || file.exists());
        let port: u16 = fs::read_to_string(&file).expect("it exists").parse().expect("a port");
        let client = Client::at(([127, 0, 0, 1], port).into()).with_key("llx-exec");
        Self { child, client, folder }
    }

    /// Ends the command; the exit code and stderr. The standard output is that of the command.
    fn end(self) -> (Option<i32>, String) {
        let ended = end_of(self.child);
        assert_eq!(ended.stdout, b"", "the report is not in the output of the command");
        (ended.status.code(), String::from_utf8(ended.stderr).expect("UTF-8"))
    }

    fn create(&self) {
        self.client.create("dir-a");
    }
}

#[test]
fn checks_that_hold_keep_the_success_of_the_command() {
    let exec = Exec::start(&["--check-max-attempts", "1", "--check-no-litter"], 0);
    assert_eq!(exec.client.get(LIST).status, 200);
    let (code, stderr) = exec.end();
    let report =
        "passed: --check-max-attempts 1\npassed: --check-no-litter\n1 requests were sent once, 0 were retried\n";
    assert_eq!((code, stderr.as_str()), (Some(0), report));
}

#[test]
fn what_a_helper_forgets_is_judged_at_the_end_and_leaves_its_place() {
    let exec = Exec::start(&["--check-max-attempts", "1", "--check-no-litter", "--max-tenants", "1"], 0);
    exec.create();
    assert_eq!(exec.client.delete("/__admin/tenants?tenant=llx-exec").status, 204);
    assert_eq!(exec.client.with_key("llx-second").get(LIST).status, 200);
    let (code, stderr) = exec.end();
    let is_judged = stderr.contains("passed: --check-max-attempts 1\nfailed: --check-no-litter\n  t-");
    assert!(code == Some(2) && is_judged && stderr.contains("2 requests were sent once"), "{stderr}");
}

#[test]
fn a_failed_check_is_2_unless_the_command_failed() {
    for (command_code, expected) in [(0, 2), (3, 3)] {
        let exec = Exec::start(&["--check-no-litter"], command_code);
        exec.create();
        let (code, stderr) = exec.end();
        assert_eq!(code, Some(expected), "{stderr}");
        for part in ["failed: --check-no-litter\n", " index: created and not deleted: idx-", "exec: checks failed\n"] {
            assert!(stderr.contains(part), "{part}: {stderr}");
        }
    }
}

#[test]
fn what_cannot_be_judged_is_2() {
    let (code, stderr) = Exec::start(&["--check-no-duplicate-writes"], 0).end();
    assert!(
        code == Some(2) && stderr.contains("not judged: --check-no-duplicate-writes\n  nothing to judge"),
        "{stderr}"
    );
    let exec = Exec::start(&["--check-no-litter", "--check-tenant", "llx-other"], 0);
    exec.create();
    let (code, stderr) = exec.end();
    assert!(code == Some(2) && stderr.contains("not judged: --check-no-litter\n  tenant: "), "{stderr}");
}

#[test]
fn rules_that_never_struck_are_2_by_either_flag() {
    for flag in ["--strict-faults", "--check-all-rules-struck"] {
        let fault = ["--fault", "indexes.list status=503 name=late nth=2", flag];
        let (code, stderr) = {
            let exec = Exec::start(&fault, 0);
            exec.client.get(LIST);
            exec.end()
        };
        assert!(code == Some(2) && stderr.contains("never struck") && stderr.contains("late"), "{flag}: {stderr}");
        let exec = Exec::start(&fault, 0);
        assert_eq!([exec.client.get(LIST).status, exec.client.get(LIST).status], [200, 503]);
        assert_eq!(exec.end().0, Some(0), "{flag}");
    }
}

#[test]
fn checks_need_no_access_to_the_admin_api() {
    for args in [&["--admin", "off"][..], &["--admin-token", "secret"]] {
        let exec = Exec::start(&[args, &["--check-no-litter"]].concat(), 0);
        exec.create();
        let (code, stderr) = exec.end();
        assert!(code == Some(2) && stderr.contains("created and not deleted"), "{args:?}: {stderr}");
    }
}

#[test]
fn a_request_in_flight_is_complete_before_the_checks() {
    let exec = Exec::start(&["--fault", "indexes.create delay=1h", "--check-no-litter"], 0);
    let mut connection = exec.client.connect();
    let body = r#"{"source_directory_id":"dir-a"}"#;
    connection.send(exec.client.request_bytes("POST", LIST, "", Some(body)));
    exec.client.wait_for_entries(1);
    let (code, stderr) = exec.end();
    assert_eq!(connection.read_response().expect("it is complete").status, 201);
    assert!(code == Some(2) && stderr.contains("created and not deleted"), "{stderr}");
}

#[test]
fn the_report_goes_to_a_file_in_the_chosen_format() {
    let args = ["--check-no-litter", "--check-format", "junit", "--check-report", "report.xml"];
    let exec = Exec::start(&args, 0);
    exec.create();
    let report = exec.folder.path().join("report.xml");
    // The folder is removed with the struct.
    let Exec { child, folder, .. } = exec;
    let ended = end_of(child);
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "llamacloud-mock: exec: checks failed\n");
    let report = fs::read_to_string(report).expect("it is written");
    assert!(report.contains("<testcase classname=\"llamacloud-mock.check\" name=\"--check-no-litter\">"), "{report}");
    drop(folder);
}

#[test]
fn a_report_that_cannot_be_written_is_1_and_the_command_is_not_run() {
    let args = ["exec", "--check-no-litter", "--check-report", "no/such/folder/report", "--", "echo", "run"];
    let ended = crate::support::run(&args, &[]);
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(1), &b""[..]));
    assert!(stderr.starts_with("llamacloud-mock: --check-report no/such/folder/report: "), "{stderr}");
}
