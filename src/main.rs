//! Arguments in, exit code out. Everything else is the library's.

use std::process::ExitCode;

/// Faster than the allocators of glibc, with which a create takes 5,000 instructions more, and of musl
/// (packaging/README.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    llamacloud_mock::run(std::env::args_os(), std::env::vars_os())
}
