//! The manual pages that `examples/man.rs` writes: one for the program and one for each subcommand.

use std::fs;

use temp_dir::TempDir;

use crate::support::run;

/// A page in a folder, as plain text.
fn page(folder: &TempDir, name: &str) -> String {
    let path = folder.path().join(format!("{name}.1"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.replace("\\-", "-")
}

#[test]
fn there_is_a_page_for_each_subcommand_with_its_flags() {
    let folder = TempDir::new().expect("a temporary folder");
    clap_mangen::generate_to(llamacloud_mock::command(), folder.path()).expect("the folder can be written");
    let help = String::from_utf8(run(&["--help"], &[]).stdout).expect("UTF-8");
    let commands = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = commands.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let names: Vec<&str> = names.filter(|name| help.contains(&format!("\n  {name} "))).collect();
    assert!(names.len() >= 10, "{help}");
    for name in &names {
        let text = page(&folder, &format!("llamacloud-mock-{name}"));
        let own_help = String::from_utf8(run(&[name, "--help"], &[]).stdout).expect("UTF-8");
        for flag in own_help.lines().filter_map(|line| line.trim_start().strip_prefix("--")?.split_whitespace().next())
        {
            assert!(text.contains(&format!("--{flag}")), "{name} does not show --{flag}");
        }
    }
    let main = page(&folder, "llamacloud-mock");
    assert!(names.iter().all(|name| main.contains(&format!("llamacloud-mock-{name}(1)"))), "{main}");
    assert!(main.contains("Exit codes:") && !main.contains("internal-worker"), "{main}");
}
