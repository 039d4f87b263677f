//! The settings about the log and the process.

use std::io::IsTerminal;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::{LogFormat, LogLevel};
use super::Takes::{Nothing, One, OneOf};
use super::{Flag, Group, flag, set};

pub(super) static LOG: Group = Group {
    heading: "Log",
    flags: &[
        &flag(
            "log-format",
            OneOf(&["auto", "text", "json"]),
            "Format of log lines; auto is text if stderr is a terminal, else json",
        )
        .read_with(|settings, raw| {
            let automatic = if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json };
            set(&mut settings.log_format, raw.choice([automatic, LogFormat::Text, LogFormat::Json]))
        })
        .with_default("auto")
        .with_conflict(|settings| {
            (settings.log_level == LogLevel::Off)
                .then_some("has no effect beside --log-level off, which logs nothing; omit one of the two")
        }),
        &LOG_LEVEL,
    ],
};

pub(crate) static LOG_LEVEL: Flag =
    flag("log-level", OneOf(&["off", "error", "warn", "info"]), "What is logged; info is one line per request")
        .read_with(|settings, raw| {
            let levels = [LogLevel::Off, LogLevel::Error, LogLevel::Warn, LogLevel::Info];
            set(&mut settings.log_level, raw.choice(levels))
        })
        .with_default("info");

pub(super) static PROCESS: Group = Group { heading: "Process", flags: &[&EXIT_WITH_STDIN, &EXPORT_ON_EXIT, &BINARY] };

pub(crate) static EXIT_WITH_STDIN: Flag =
    flag("exit-with-stdin", Nothing, "Stop when standard input ends, such as when the parent process exits")
        .read_with(|settings, raw| set(&mut settings.exit_with_stdin, raw.boolean()))
        .for_program();

static EXPORT_ON_EXIT: Flag =
    flag("export-on-exit", One("FILE"), "Write all that keys have to FILE when the server stops, for --world")
        .read_with(|settings, raw| set(&mut settings.export_on_exit, Ok(raw.path())))
        .for_program();

pub(crate) static BINARY: Flag = flag(
    "binary",
    One("FILE"),
    "The llamacloud-mock program to start as a child process for work that could take long [default: this one]",
)
.read_with(|settings, raw| set(&mut settings.binary, Ok(raw.path())))
.with_conflict(|settings| match settings.binary.as_deref() {
    Some(file) if !file.is_file() => Some("is not a file"),
    Some(file) if !can_be_executed(file) => Some("cannot be executed; its mode lacks x"),
    _ => None,
});

fn can_be_executed(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}
