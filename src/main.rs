//! Arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

/// The allocator of the static build, where that of the C library is slow.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llamacloud_mock::run(std::env::args_os(), std::env::vars_os())
}
