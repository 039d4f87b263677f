//! The arguments of `check`: its requirements, and what its report is about. `exec` has them with a prefix.

use clap::{Arg, ArgAction, value_parser};

use super::ReportFormat;

/// The requirements of `check`, with a prefix before their names, and what goes with them.
pub(in crate::cli) fn requirements(prefix: &str) -> [Arg; 11] {
    let switch = |name, help: &'static str| prefixed(prefix, name).action(ArgAction::SetTrue).help(help);
    [
        prefixed(prefix, "max-attempts")
            .value_name("N")
            .value_parser(value_parser!(u32).range(1..))
            .help("Fail if a request was sent more than N times"),
        switch("honour-retry-after", "Fail if a retry was sent before the time in Retry-After"),
        switch("no-duplicate-writes", "Fail if a lost response led to a second write"),
        switch("no-needless-retries", "Fail if a request was retried after a success or a final error"),
        switch("all-rules-struck", "Fail if a fault rule never struck"),
        switch("no-litter", "Fail if a resource was created and not deleted"),
        switch("no-lockstep", "Fail if clients retried at the same intervals"),
        switch("no-unexpected", "Fail if a request reached no emulated operation, or was refused without a fault rule"),
        prefixed(prefix, "expect")
            .value_name("EXPECTATION")
            .action(ArgAction::Append)
            .help("Fail unless requests or resources are as this says, such as 'indexes.create status=201 count=1'"),
        prefixed(prefix, "expect-order").value_name("OPERATIONS").help(
            "Fail unless the first requests of these operations came in this order: 'directories.create, indexes.*'",
        ),
        prefixed(prefix, "within")
            .value_name("DURATION")
            .requires(format!("{prefix}expect"))
            .help("Wait up to this real time for what is expected"),
    ]
}

/// What the report of the checks is about, and its format.
pub(in crate::cli) fn report(prefix: &str) -> [Arg; 2] {
    [
        tenant(prefix, "Check only this tenant [default: all]"),
        prefixed(prefix, "format")
            .value_name("text|json|junit")
            .value_parser(value_parser!(ReportFormat))
            .hide_possible_values(true)
            .default_value("text")
            .help("Format of the report"),
    ]
}

fn prefixed(prefix: &str, name: &str) -> Arg {
    let name = format!("{prefix}{name}");
    Arg::new(name.clone()).long(name)
}

pub(in crate::cli) fn tenant(prefix: &str, help: &'static str) -> Arg {
    prefixed(prefix, "tenant").value_name("KEY|LABEL").help(help)
}
