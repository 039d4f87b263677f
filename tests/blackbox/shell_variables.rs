//! The subcommand `env`: it prints what a shell exports, only for a healthy server, and quotes every value.

use std::process::{Command, Output};

use crate::support::{Program, command, output_of, run, with_other_server};

/// The output of `env` for a server, without the proxy variables of this environment.
fn env(program: &Program, args: &[&str], environment: &[(&str, &str)]) -> Output {
    let port = program.address.port().to_string();
    let mut command = command(&[&["env"], args].concat(), &[("LLAMACLOUD_MOCK_PORT", &port)]);
    command.env_remove("NO_PROXY").env_remove("no_proxy").envs(environment.iter().copied());
    output_of(&mut command)
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn it_prints_the_url_a_key_and_the_exceptions_from_proxies_for_each_shell() {
    let program = Program::start(&[], &[]);
    let url = format!("http://{}", program.address);
    let expected = |lines: [&str; 4]| lines.map(|line| format!("{}\n", line.replace("URL", &url))).concat();
    let sh = expected([
        "export LLAMA_CLOUD_BASE_'URL'",
        "export LLAMA_CLOUD_API_KEY='llx-env'",
        "export NO_PROXY='127.0.0.1,localhost'",
        "export no_proxy='127.0.0.1,localhost'",
    ])
    .replace("BASE_'", "BASE_URL='");
    for args in [&[][..], &["--shell", "sh"], &["--shell", "bash"], &["--shell", "zsh"], &["--url", &format!("{url}/")]]
    {
        assert_eq!(stdout(&env(&program, args, &[])), sh, "{args:?}");
    }
    let fish = sh.replace("export ", "set -gx ").replace('=', " ");
    assert_eq!(stdout(&env(&program, &["--shell", "fish"], &[])), fish);
    let powershell = sh.replace("export ", "$env:").replace('=', " = ");
    assert_eq!(stdout(&env(&program, &["--shell", "powershell"], &[])), powershell);
}

#[test]
fn a_shell_reads_every_value_back() {
    let program = Program::start(&[], &[]);
    let value = "it's,$(exit 9)`exit 9`\"\\\\'\\,!x;é\u{2019}\n#y";
    let environment = [("NO_PROXY", value), ("LLAMACLOUD_MOCK_API_KEY", "llx-a\nllx-b")];
    let lines = stdout(&env(&program, &[], &environment));
    let script = format!("{lines}printf '%s\\n' \"$LLAMA_CLOUD_BASE_URL\" \"$LLAMA_CLOUD_API_KEY\" \"$no_proxy\"");
    let read_back = Command::new("sh").args(["-c", &script]).env_clear().output().expect("sh runs");
    let expected = format!("http://{}\nllx-a\n{value},127.0.0.1,localhost\n", program.address);
    assert_eq!(String::from_utf8_lossy(&read_back.stdout), expected);
    // Once more in that environment changes nothing.
    let extended = format!("{value},127.0.0.1,localhost");
    let again = env(&program, &[], &[("NO_PROXY", &extended), ("LLAMACLOUD_MOCK_API_KEY", "llx-a")]);
    assert_eq!(stdout(&again), lines);
}

/// Asserts that nothing is printed on stdout, and words of the error.
#[track_caller]
fn assert_refused(output: &Output, code: i32, words: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(code), &b""[..]), "{stderr}");
    for word in words {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
}

#[test]
fn without_a_healthy_server_it_says_what_to_do() {
    let port = with_other_server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK", |port| {
        let output = run(&["env", "--url", &format!("http://127.0.0.1:{port}")], &[]);
        assert_refused(&output, 1, &["a server of another program", "--url or --port"]);
        port.to_owned()
    });
    let output = run(&["env", "--port", &port], &[]);
    assert_refused(&output, 1, &["no response from http://127.0.0.1:", "start the server with llamacloud-mock"]);
}

#[test]
fn invalid_arguments_are_usage_errors() {
    for (args, word) in [
        (&["--url", "https://a.test"][..], "--url: \"https://a.test\": does not begin with http://"),
        (&["--url", "a.test:80"], "give it like http://127.0.0.1:4010"),
        (&["--url", "http://a.test/api"], "has a path"),
        (&["--url", "http://a.test", "--port-file", "f"], "--port-file: has no effect beside --url"),
        (&["--shell", "csh"], "--shell: \"csh\" is not one of sh, bash, zsh, fish, powershell"),
        (&["--seed", "1"], "--seed: is a flag of the server"),
    ] {
        assert_refused(&run(&[&["env"], args].concat(), &[]), 64, &[word]);
    }
}
