//! The subcommand `sweep`: its baseline, plan, outcomes, reports and exit codes. The command is a shell script, and its
//! client curl.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use temp_dir::TempDir;

use crate::support::{command, end_of, run, wait_until};

/// Defines `call METHOD PATH [BODY]`, which prints the response, and fails as curl does.
const CALL: &str = r#"
call() {
    curl -sS --fail-with-body --max-time 20 -X "$1" "$LLAMA_CLOUD_BASE_URL$2" ${3:+-d "$3"} \
        -H "Authorization: Bearer $LLAMA_CLOUD_API_KEY" -H "Content-Type: application/json"
}
create() { call POST /api/v1/beta/directories "{\"name\": \"$1\"}"; }
list() { call GET /api/v1/beta/directories; }
"#;

/// Creates a directory, and creates it again if there is no response.
const CREATES_AGAIN: &str = "create docs || create docs";

/// Creates a directory unless a list has it already; each step is tried twice.
const CREATES_ONCE: &str = r#"
has() { list > "$1" && grep -q '"docs"' "$1"; }
file=$(mktemp); trap 'rm "$file"' EXIT
list > "$file" || { sleep 0.2; list > "$file"; } || exit 1
grep -q '"docs"' "$file" && exit
create docs && exit
sleep 0.2
has "$file" || create docs
"#;

/// Runs a sweep of a script.
fn sweep(options: &[&str], script: &str) -> Output {
    let script = format!("{CALL}{script}");
    run(&[&["sweep"], options, &["--", "sh", "-c", &script]].concat(), &[])
}

/// The exit code and the JSON report of a sweep.
fn report(options: &[&str], script: &str) -> (Option<i32>, Value) {
    let ended = sweep(&[&["--format", "json"], options].concat(), script);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    let report = serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (ended.status.code(), report)
}

/// The values of these fields in each run of a report.
fn runs(report: &Value, fields: &[&str]) -> Vec<String> {
    let runs = report["runs"].as_array().expect("a list").iter();
    let field = |run: &Value, name: &&str| run[*name].as_str().unwrap_or_default().to_owned();
    runs.map(|run| fields.iter().map(|name| field(run, name)).collect::<Vec<_>>().join(" ")).collect()
}

fn stderr(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stderr).into_owned()
}

fn stdout(ended: &Output) -> String {
    String::from_utf8_lossy(&ended.stdout).into_owned()
}

#[test]
fn a_doubled_create_is_found_and_the_report_says_how_to_see_it_again() {
    let (code, report) = report(&["--faults", "reset-after", "--modes", "once"], CREATES_AGAIN);
    assert_eq!(code, Some(2), "{report}");
    let run = &report["runs"][0];
    assert_eq!(
        (&run["operation"], &run["class"], &run["call"], &run["mode"], &run["rule"], &run["struck"], &run["exit_code"]),
        (
            &json!("directories.create"),
            &json!("reset-after"),
            &json!("first"),
            &json!("once"),
            &json!("directories.create@after reset nth=1"),
            &json!(true),
            &json!(0)
        )
    );
    let detail = "after the response to directories.create was lost the program created a second directory \"docs\", and \
                  ended with success";
    assert_eq!((&run["outcome"], &run["detail"]), (&json!("wrong"), &json!(detail)));
    let baseline = &report["baseline"];
    assert_eq!(
        (&baseline["runs"], &baseline["calls"]),
        (&json!(2), &json!([{ "operation": "directories.create", "count": 1 }]))
    );
    let alarm = &report["alarms"][0];
    assert_eq!(
        (&alarm["outcome"], &alarm["operation"], &alarm["class"], &alarm["mode"], &alarm["runs"]),
        (&json!("wrong"), &json!("directories.create"), &json!("reset-after"), &json!("once"), &json!([0]))
    );
    // The line is one for a shell, and shows the same.
    let line = alarm["reproduce"].as_str().expect("a line");
    let start = "llamacloud-mock exec --clock auto --fault 'directories.create@after reset nth=1' \
                 --check-no-duplicate-writes -- sh -c '";
    assert!(line.starts_with(start), "{line}");
    let line = line.replacen("llamacloud-mock", env!("CARGO_BIN_EXE_llamacloud-mock"), 1);
    let shown = Command::new("sh").args(["-c", &line]).output().expect("a shell");
    assert_eq!(shown.status.code(), Some(2), "{}", stderr(&shown));
}

#[test]
fn a_program_that_looks_before_it_creates_again_survives() {
    let faults = "reset-after,reset-before,status-500,status-429,html-502,truncated";
    let (code, report) = report(&["--faults", faults, "--modes", "once", "--calls", "first"], CREATES_ONCE);
    let outcomes = runs(&report, &["operation", "class", "outcome"]);
    assert!(outcomes.iter().all(|outcome| outcome.ends_with(" survived")), "{outcomes:#?}");
    assert_eq!((code, outcomes.len(), &report["alarms"]), (Some(0), 11, &json!([])));
}

#[test]
fn outcomes_follow_from_what_is_left_and_how_the_command_ends() {
    for (faults, modes, script, expected, code) in [
        ("status-500", "once", "create docs || true", "wrong", 2),
        ("status-500", "once", "create docs", "failed", 2),
        ("status-500", "persistent", "create docs", "failed", 0),
        ("status-500", "once", "create docs && list", "failed", 2),
        ("status-429", "once", "list || list", "impatient", 2),
        // Two equal requests that the program always sends at once are no retry.
        ("status-429", "once", LISTS_TWICE, "survived", 0),
        ("status-429", "once", "list || { sleep 0.2; list; }", "survived", 0),
        ("sync-fails", "once", INDEX_AND_STATUS, "failed", 0),
        ("stale-read", "once", "create docs && call GET /api/v1/indexes", "not_struck", 0),
    ] {
        let (ended, report) = report(&["--faults", faults, "--modes", modes, "--calls", "first"], script);
        assert_eq!(
            (&report["runs"][0]["outcome"], ended),
            (&json!(expected), Some(code)),
            "{faults} {script}: {report}"
        );
    }
    let leak =
        "id=$(create docs | grep -o 'dir-[0-9a-f-]*' | head -1) && list && call DELETE /api/v1/beta/directories/$id";
    let (code, report) = report(&["--faults", "status-500", "--only", "directories.list", "--modes", "once"], leak);
    let detail = "after directories.list got status 500 the program failed with exit code 22, and left directory \"docs\" \
                  behind: curl: (22) The requested URL returned error: 500";
    assert_eq!(
        (&report["runs"][0]["outcome"], &report["runs"][0]["detail"], code),
        (&json!("litter"), &json!(detail), Some(2))
    );
}

/// Lists twice at once, and succeeds if the second list does.
const LISTS_TWICE: &str = r#"
url="$LLAMA_CLOUD_BASE_URL/api/v1/indexes"
curl -sS --fail "$url" "$url" -H "Authorization: Bearer $LLAMA_CLOUD_API_KEY"
"#;

/// Creates an index, and fails if its sync does.
const INDEX_AND_STATUS: &str = r#"
id=$(call POST /api/v1/indexes '{"source_directory_id": "dir-a"}' | grep -o 'idx-[0-9a-f-]*' | head -1)
for _ in 1 2 3; do
    call GET "/api/v1/indexes/$id" | grep -q '"status":"ready"' && exit
done
exit 1
"#;

#[test]
fn a_call_that_a_class_cannot_strike_is_not_in_its_plan() {
    let script = r#"
list > /dev/null; create a; create b
token=$(call GET '/api/v1/beta/directories?page_size=1' | sed 's/.*"next_page_token":"\([^"]*\)".*/\1/')
call GET "/api/v1/beta/directories?page_size=1&page_token=$token"
list
"#;
    let ended = sweep(&["--faults", "stale-read,expired-page", "--modes", "once", "--dry-run"], script);
    let text = stdout(&ended);
    let rules: Vec<&str> = text.lines().filter_map(|line| line.split_once(": ")).map(|(_, rule)| rule).collect();
    let expected = ["lag=1h nth=2", "lag=1h nth=3", "lag=1h nth=4", "page=expired-token nth=3"];
    assert_eq!(rules, expected.map(|rule| format!("directories.list {rule}")), "{text}");
}

#[test]
fn a_content_that_differs_between_the_runs_without_a_fault_is_named() {
    let script = "call POST /api/v1/beta/directories \"{\\\"name\\\": \\\"a\\\", \\\"description\\\": \\\"$$\\\"}\"";
    let ended = sweep(&[], script);
    let expected = "without a fault its second run left directory \"a\" with another content (description)";
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains(expected), "{}", stderr(&ended));
}

#[test]
fn a_run_over_the_timeout_is_hung_and_ended_with_all_its_children() {
    let folder = TempDir::new().expect("a temporary folder");
    let pids = folder.path().join("pids");
    let script = format!("list && exit; sleep 1000 & echo $! >> {0}; echo $$ >> {0}; wait", pids.display());
    let (code, report) = report(&["--faults", "status-500", "--modes", "once", "--timeout", "10s"], &script);
    assert_eq!(
        (code, &report["runs"][0]["outcome"], &report["runs"][0]["exit_code"]),
        (Some(2), &json!("hung"), &Value::Null)
    );
    let pids = fs::read_to_string(pids).expect("the script has run");
    assert_eq!(pids.lines().count(), 2);
    wait_until("both processes have ended", || pids.lines().all(has_ended));
}

/// Whether a process is gone, or waits for its parent only.
fn has_ended(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_none_or(|(_, fields)| fields.starts_with(['Z', 'X']))
}

#[test]
fn a_request_that_hangs_is_closed_after_a_real_time() {
    let script = "curl -sS \"$LLAMA_CLOUD_BASE_URL/api/v1/indexes\" -H \"Authorization: Bearer llx-a\" || exit 7";
    let (code, report) = report(&["--faults", "hang", "--hang", "50ms", "--modes", "once"], script);
    let run = &report["runs"][0];
    assert_eq!(
        (code, &run["outcome"], &run["exit_code"], &run["rule"]),
        (Some(2), &json!("failed"), &json!(7), &json!("indexes.list hang nth=1"))
    );
}

#[test]
fn the_plan_has_each_call_once_in_the_order_of_the_classes() {
    let script = "create a && list && list && list && list && list";
    let options = ["--faults", "status-500,reset-before", "--dry-run"];
    let ended = sweep(&options, script);
    let (text, code) = (stdout(&ended), ended.status.code());
    let (last, lines) = text.trim_end().rsplit_once('\n').map(|(rest, last)| (last, rest)).expect("lines");
    let runs: Vec<&str> = lines.lines().filter(|line| !line.starts_with("the command takes")).collect();
    assert_eq!(
        (code, runs),
        (
            Some(0),
            vec![
                "directories.create reset-before first once: directories.create reset nth=1",
                "directories.create reset-before first persistent: directories.create reset skip=0",
                "directories.list reset-before first once: directories.list reset nth=1",
                "directories.list reset-before middle once: directories.list reset nth=3",
                "directories.list reset-before last once: directories.list reset nth=5",
                "directories.list reset-before first persistent: directories.list reset skip=0",
                "directories.create status-500 first once: directories.create status=500 nth=1",
                "directories.create status-500 first persistent: directories.create status=500 skip=0",
                "directories.list status-500 first once: directories.list status=500 nth=1",
                "directories.list status-500 middle once: directories.list status=500 nth=3",
                "directories.list status-500 last once: directories.list status=500 nth=5",
                "directories.list status-500 first persistent: directories.list status=500 skip=0",
            ]
        )
    );
    assert!(last.starts_with("12 runs, about ") && last.contains("; 12 left out"), "{last}");
    let less =
        sweep(&[&options[..], &["--max-runs", "2", "--only", "directories.list", "--calls", "last"]].concat(), script);
    let text = stdout(&less);
    assert!(
        text.contains("directories.list reset nth=5\n") && text.contains("directories.list reset skip=4\n"),
        "{text}"
    );
    assert!(text.contains("2 runs, "), "{text}");
}

#[test]
fn a_command_that_fails_or_differs_without_a_fault_is_1() {
    let folder = TempDir::new().expect("a temporary folder");
    let once = format!("list && {{ test -e {0} || {{ touch {0}; list; }}; }}", folder.path().join("a").display());
    let leaves = format!(
        "create docs && {{ test -e {0} || {{ touch {0}; exit; }}; create docs; }}",
        folder.path().join("b").display()
    );
    for (script, expected) in [
        (
            "echo reason >&2; exit 3",
            "the command fails without a fault, with exit code 3; its output ends with:\nreason\n",
        ),
        ("true", "the command sent no request to the server"),
        (
            &once,
            "the command is unstable: without a fault it calls directories.list another number of times: 2, then 1",
        ),
        (
            &leaves,
            "the command is unstable: without a fault it calls directories.create another number of times: 1, then 2",
        ),
        ("list && sleep 1000", "without a fault the command does not end within 4s"),
    ] {
        let ended = sweep(&["--timeout", "4s"], script);
        let stderr = stderr(&ended);
        assert_eq!((ended.status.code(), stdout(&ended).as_str()), (Some(1), ""), "{script}: {stderr}");
        assert!(stderr.starts_with("llamacloud-mock: sweep: ") && stderr.contains(expected), "{script}: {stderr}");
    }
    let missing = run(&["sweep", "--", "no-such-command"], &[]);
    assert_eq!(missing.status.code(), Some(127), "{}", stderr(&missing));
}

#[test]
fn names_may_be_others_in_every_run() {
    let (code, report) =
        report(&["--faults", "reset-after,status-500", "--modes", "once"], "create run-$$ || create run-$$");
    assert_eq!(runs(&report, &["class", "outcome"]), ["reset-after wrong", "status-500 survived"]);
    assert_eq!(code, Some(2));
}

#[test]
fn a_second_sweep_has_the_same_outcomes() {
    let options = ["--faults", "reset-after,status-500,truncated,stale-read"];
    let outcomes = || runs(&report(&options, CREATES_ONCE).1, &["rule", "outcome", "detail"]);
    let first = outcomes();
    assert!(first.len() >= 8, "{first:#?}");
    assert_eq!(first, outcomes());
}

#[test]
fn known_alarms_are_accepted_new_ones_fail_and_gone_ones_are_named() {
    let folder = TempDir::new().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (known, text) = (file("known.json"), file("known.txt"));
    let options = ["--faults", "reset-after,status-500", "--modes", "once"];
    let ended = sweep(&[&options[..], &["--format", "json", "--report", &known]].concat(), CREATES_AGAIN);
    assert_eq!((ended.status.code(), stdout(&ended).as_str()), (Some(2), ""));
    fs::write(
        &text,
        "# known\nwrong directories.create reset-after once # soon\nfailed directories.create status-500 once\n",
    )
    .expect("the folder can be written");
    for (file, gone) in [(&known, ""), (&text, "gone: failed directories.create status-500 once\n")] {
        let ended = sweep(&[&options[..], &["--accept", file]].concat(), CREATES_AGAIN);
        let stdout = stdout(&ended);
        let expected = format!("accepted: wrong directories.create reset-after once\n{gone}0 alarms in 2 runs: ");
        assert!(ended.status.code() == Some(0) && stdout.starts_with(&expected), "{stdout}");
    }
    let ended = sweep(&[&options[..], &["--accept", &text]].concat(), "create docs");
    let stdout = stdout(&ended);
    assert_eq!(ended.status.code(), Some(2), "{stdout}");
    assert!(stdout.contains("failed directories.create reset-after once: after the response"), "{stdout}");
    fs::write(&text, "wrong directories.craete reset-after once").expect("the folder can be written");
    let ended = sweep(&["--accept", &text], CREATES_AGAIN);
    let expected =
        "llamacloud-mock: --accept: directories.craete: is not an operation; did you mean directories.create?";
    assert!(ended.status.code() == Some(64) && stderr(&ended).starts_with(expected), "{}", stderr(&ended));
}

#[test]
fn the_reports_for_people_and_for_ci_have_the_worst_first() {
    let options = ["--faults", "reset-after,status-500", "--modes", "once"];
    let script = "create a || create a; list";
    let text = stdout(&sweep(&options, script));
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(" once: ")).collect();
    assert!(lines[0].starts_with("wrong directories.create reset-after once: after the response to"), "{text}");
    assert!(lines[1].starts_with("failed directories.list status-500 once: after directories.list got"), "{text}");
    assert!(text.contains("2 alarms in 3 runs: 1 wrong, 1 failed, 1 survived\n"), "{text}");
    let costs = text.lines().last().expect("a line");
    assert!(costs.contains("; a run without a fault takes ") && costs.contains(" s, with a fault once "), "{costs}");
    assert!(!costs.contains("persistent"), "{costs}");
    let xml = stdout(&sweep(&[&options[..], &["--format", "junit"]].concat(), script));
    assert!(xml.contains("<testsuite name=\"llamacloud-mock sweep\" tests=\"3\" failures=\"2\""), "{xml}");
    assert!(xml.contains("name=\"directories.create reset-after first once\""), "{xml}");
    assert!(xml.contains("<failure type=\"wrong\" message=\"after the response to directories.create"), "{xml}");
}

#[test]
fn what_can_have_no_effect_is_refused() {
    for (options, expected) in [
        (&["--faults", "reset-afer"][..], "--faults: \"reset-afer\" is not one of reset-after, hang, "),
        (&["--modes", "twice"], "--modes: \"twice\" is not one of once, persistent"),
        (&["--jobs", "0"], "--jobs: \"0\""),
        (&["--hang", "1s", "--faults", "slow"], "--hang: has no effect without the class hang in --faults"),
        (&["--hang", "1m"], "--hang: is not shorter than --timeout"),
        (&["--timeout", "0"], "--timeout: \"0\": is zero"),
        (&["--dry-run", "--report", "f"], "--report: has no effect beside --dry-run"),
        (&["--clock", "real"], "--clock: is a flag of the server, without effect on this subcommand"),
        (&["--fault", "* close"], "--fault: is a flag of the server"),
        (&["--only", "directories.lst"], "--only directories.lst: is not an operation; did you mean directories.list?"),
        (&["--only", "indexes.*"], "--only indexes.*: the command does not call this; it calls directories.list"),
        (
            &["--faults", "reset-after,sync-fails"],
            "--faults: none of these can strike what the command calls: directories.list",
        ),
        (&["--accept", "no-such-file"], "--accept no-such-file: "),
    ] {
        let ended = sweep(options, "list");
        let stderr = stderr(&ended);
        assert_eq!(ended.status.code(), Some(64), "{options:?}: {stderr}");
        assert!(stderr.starts_with(&format!("llamacloud-mock: {expected}")), "{options:?}: {stderr}");
    }
    let ended = run(&["sweep", "--", "true"], &[("LLAMACLOUD_MOCK_FAULT", "* close")]);
    let expected = "LLAMACLOUD_MOCK_FAULT (in the environment): has no effect on sweep";
    assert!(ended.status.code() == Some(64) && stderr(&ended).contains(expected), "{}", stderr(&ended));
    assert_eq!(run(&["sweep"], &[]).status.code(), Some(64));
}

#[test]
fn a_report_says_that_no_fault_can_strike_what_is_called() {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, options, script, code) in [
        ("only", &["--only", "indexes.*"][..], "list", 64),
        ("faults", &["--faults", "reset-after"], "list", 64),
        ("calls", &[], "true", 1),
        ("typing-error", &["--only", "directories.lst"], "list", 64),
        ("failure", &[], "exit 3", 1),
    ] {
        let path = folder.path().join(name).display().to_string();
        let ended = sweep(&[options, &["--format", "json", "--report", &path]].concat(), script);
        assert_eq!(ended.status.code(), Some(code), "{name}: {}", stderr(&ended));
        let report = fs::read_to_string(&path).expect("it was created");
        if ["typing-error", "failure"].contains(&name) {
            assert_eq!(report, "", "{name}");
        } else {
            let report: Value = serde_json::from_str(&report).expect("JSON");
            assert_eq!((&report["runs"], &report["alarms"]), (&json!([]), &json!([])), "{name}");
        }
    }
}

/// A sweep in the background, whose second run with a fault does not end.
fn endless(folder: &TempDir) -> Child {
    let waits = folder.path().join("waits");
    let script = format!("{CALL}list || true; create docs || {{ echo $$ > {}; sleep 1000; }}", waits.display());
    let options = ["--faults", "status-500", "--modes", "once", "--jobs", "1"];
    let mut command = command(&[&["sweep"], &options[..], &["--", "sh", "-c", &script]].concat(), &[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    wait_until("the run waits", || fs::read_to_string(&waits).is_ok_and(|pid| pid.ends_with('\n')));
    child
}

#[test]
fn a_signal_ends_the_sweep_soon_and_what_is_known_is_reported() {
    let folder = TempDir::new().expect("a temporary folder");
    let child = endless(&folder);
    let pid = fs::read_to_string(folder.path().join("waits")).expect("it is there");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let ended = end_of(child);
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    let stdout = stdout(&ended);
    assert!(stdout.contains("0 alarms in 1 run: 1 survived\n"), "{stdout}");
    assert!(stdout.contains("1 planned run did not take place: the sweep was stopped\n"), "{stdout}");
    assert!(stderr(&ended).ends_with("llamacloud-mock: sweep: stopped by a signal after 1 of 2 runs\n"));
    wait_until("the command has ended", || has_ended(pid.trim()));
}

#[test]
fn a_pipe_gets_a_line_a_run() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut child = endless(&folder);
    let mut line = String::new();
    let mut progress = BufReader::new(child.stderr.take().expect("a pipe"));
    progress.read_line(&mut line).expect("UTF-8");
    assert!(line.starts_with("[1/2] directories.list status-500 first once: survived ("), "{line}");
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let mut rest = String::new();
    progress.read_to_string(&mut rest).expect("UTF-8");
    assert_eq!(end_of(child).status.code(), Some(1), "{rest}");
}

#[test]
fn the_command_gets_the_variables_of_exec_and_no_standard_input() {
    let script = "test \"$LLAMACLOUD_MOCK_URL\" = \"$LLAMA_CLOUD_BASE_URL\" && test -z \"$(cat)\" && \
                  test \"$LLAMA_CLOUD_API_KEY\" = llx-exec && case $NO_PROXY in *127.0.0.1*) list;; *) exit 1;; esac";
    let (_, report) = report(&["--faults", "reset-before", "--modes", "once"], script);
    assert_eq!(runs(&report, &["outcome"]), ["failed"]);
}

#[test]
fn keys_of_the_tests_themselves_are_struck_and_compared_and_a_reset_hides_nothing_of_the_calls() {
    let script = r#"
        for key in a b; do
            LLAMA_CLOUD_API_KEY=llx-$key
            list || list || exit 1
            curl -sS "$LLAMACLOUD_MOCK_URL/__admin/reset" -H "Content-Type: application/json" \
                -d "{\"tenant\": \"llx-$key\"}"
        done"#;
    let (code, report) = report(&["--faults", "status-500", "--modes", "once"], script);
    assert_eq!(report["baseline"]["calls"], json!([{ "operation": "directories.list", "count": 2 }]));
    assert_eq!(
        (runs(&report, &["rule", "outcome"]), code),
        (vec!["directories.list status=500 nth=1 survived".to_owned()], Some(0))
    );
}
