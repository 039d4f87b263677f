//! Arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

/// With glibc's allocator a create takes 5,000 instructions more; musl's is compared in packaging/README.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llamacloud_mock::run(std::env::args_os(), std::env::vars_os())
}
