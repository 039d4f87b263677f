//! Arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

/// Faster than those of the C libraries.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llamacloud_mock::run(std::env::args_os(), std::env::vars_os())
}
