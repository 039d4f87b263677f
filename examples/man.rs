//! Writes the manual pages of the program into a folder, for packages: `cargo run --example man -- FOLDER`.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("a folder is missing: cargo run --example man -- FOLDER");
        return ExitCode::from(64);
    };
    let written =
        std::fs::create_dir_all(&folder).and_then(|()| clap_mangen::generate_to(llamacloud_mock::command(), &folder));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
