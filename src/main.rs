//! Arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    llamacloud_mock::run(std::env::args_os(), std::env::vars_os())
}
