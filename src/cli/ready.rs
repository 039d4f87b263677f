//! The lines that the server prints when it is ready: one for programs, and on a terminal two more for people.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::config::{Settings, reachable};

/// The lines for a server that listens on `address` with these fault rules. The URL works from this machine.
pub(super) fn lines(address: SocketAddr, settings: &Settings, rules: &[String], is_terminal: bool) -> String {
    let url = format!("http://{}", SocketAddr::new(reachable(address.ip()), address.port()));
    let mut lines = format!("ready url={url} seed={}\n", settings.seed);
    if is_terminal {
        let key = if settings.api_keys.is_empty() { " LLAMA_CLOUD_API_KEY=llx-test" } else { "" };
        let _ = writeln!(lines, "export LLAMA_CLOUD_BASE_URL={url}{key}");
        let _ = writeln!(lines, "fault rules: {}", if rules.is_empty() { "none".to_owned() } else { rules.join("; ") });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, RawSettings};

    fn lines_of(flags: &[(&str, &str)], rules: &[String], is_terminal: bool) -> String {
        let settings = config::read(&RawSettings::from_flags(flags)).expect("valid settings");
        lines(([0, 0, 0, 0], 4010).into(), &settings, rules, is_terminal)
    }

    #[test]
    fn only_a_terminal_gets_more_than_the_ready_line() {
        assert_eq!(lines_of(&[], &[], false), "ready url=http://127.0.0.1:4010 seed=1\n");
        let rules = ["indexes.get status=500".to_owned(), "* delay=1s".to_owned()];
        assert_eq!(
            lines_of(&[], &rules, true),
            "ready url=http://127.0.0.1:4010 seed=1\n\
             export LLAMA_CLOUD_BASE_URL=http://127.0.0.1:4010 LLAMA_CLOUD_API_KEY=llx-test\n\
             fault rules: indexes.get status=500; * delay=1s\n"
        );
    }

    #[test]
    fn no_key_is_shown_when_only_certain_keys_are_accepted() {
        let shown = lines_of(&[("api-key", "llx-secret")], &[], true);
        assert!(shown.ends_with("export LLAMA_CLOUD_BASE_URL=http://127.0.0.1:4010\nfault rules: none\n"), "{shown}");
    }
}
