//! Reads every setting by its row of the table, checks them on each other, and reports those that open the server to
//! others.

use super::flags::{ADMIN, EMULATION};
use super::merge::RawSettings;
use super::normalise::ANY_HOST;
use super::raw_setting::RawSetting;
use super::{AdminAccess, Settings};

/// Checks every setting and converts it to its type.
///
/// Errors: the first invalid setting, with its source.
pub(crate) fn read(raw: &RawSettings) -> Result<Settings, String> {
    let mut settings = Settings::default();
    for setting in raw.all() {
        let read = (setting.flag.read)(&mut settings, setting);
        read.map_err(|problem| format!("{}: {problem}", setting.place()))?;
    }
    if raw.get(&ADMIN).text().is_none() {
        settings.admin = match (settings.admin_token.is_some(), settings.host.is_loopback()) {
            (true, _) => AdminAccess::Token,
            (false, true) => AdminAccess::Open,
            (false, false) => AdminAccess::Closed,
        };
    }
    Ok(settings)
}

/// Checks the settings of a server on each other.
///
/// Errors: the first setting that has no effect together with another one, or that cannot take effect.
pub(crate) fn check_combinations(settings: &Settings, raw: &RawSettings) -> Result<(), String> {
    first_conflict(settings, raw.all())
}

/// Checks the settings that decide how requests are answered on each other. They have a meaning without a server too.
///
/// Errors: the first setting that has no effect beside another one.
pub(crate) fn check_emulation(settings: &Settings, raw: &RawSettings) -> Result<(), String> {
    first_conflict(settings, EMULATION.flags.iter().map(|flag| raw.get(flag)))
}

fn first_conflict<'r>(settings: &Settings, raw: impl Iterator<Item = &'r RawSetting>) -> Result<(), String> {
    for setting in raw.filter(|setting| setting.is_given()) {
        if let Some(problem) = (setting.flag.conflict)(settings) {
            return Err(format!("{}: {problem}", setting.place()));
        }
    }
    Ok(())
}

/// Reports the settings that open the server to others, and those that the address to listen on makes needless.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let host = *settings.host;
    let mut warnings = Vec::new();
    match settings.admin {
        AdminAccess::Closed => warnings.push(format!(
            "--host: {host} is not a loopback address, so /__admin/ refuses every request; set --admin-token to use it \
             (docs/security.md)"
        )),
        AdminAccess::Open if !host.is_loopback() => warnings.push(format!(
            "--admin: open lets every machine that can reach {host} read and change everything under /__admin/ \
             (docs/security.md)"
        )),
        _ => {}
    }
    if !settings.allowed_hosts.is_empty() && !host.is_loopback() {
        warnings.push(format!("--allowed-host: has no effect, because a server on {host} accepts every Host header"));
    } else if settings.allowed_hosts.iter().any(|name| name == ANY_HOST) {
        warnings.push(
            "--allowed-host: * accepts every Host header, so a web page can reach this server through a host name of \
             its own (DNS rebinding; docs/security.md)"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::clock::Timestamp;
    use crate::config::flags::{CONFIG, DEFAULTS, Flag, Takes, flags};

    /// Whether a setting may have this value.
    fn is_accepted(name: &str, value: &str) -> bool {
        read(&RawSettings::from_flags(&[(name, value)])).is_ok()
    }

    /// Values of a setting of which one at least is not its default.
    fn values(flag: &Flag) -> Vec<&'static str> {
        match flag.takes {
            Takes::Nothing => vec!["true"],
            Takes::OneOf(words) => words.to_vec(),
            Takes::One(placeholder) | Takes::Many(placeholder) => vec![match placeholder {
                "ADDRESS" => "10.0.0.1",
                "DIR" => env!("CARGO_MANIFEST_DIR"),
                "DURATION" => "7s",
                "FROM..TO" => "5s..7s",
                "TIMESTAMP" => "2026-01-01T00:00:00Z",
                "ORIGIN" | "URL" => "http://a.test",
                _ => "7",
            }],
        }
    }

    /// The names of the fields, each with its value in the form of a text.
    fn fields(settings: &Settings) -> BTreeMap<String, String> {
        let text = format!("{settings:#?}").replace("\n     ", " ").replace("\n    }", "}").replace("\n    ]", "]");
        let fields = text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn every_row_sets_a_field_and_every_field_is_set() {
        let all = fields(&read(&RawSettings::from_flags(&[])).expect("the defaults are valid"));
        let mut set = BTreeSet::new();
        for flag in flags().filter(|flag| ![&CONFIG, &DEFAULTS].contains(flag)) {
            let mut changed = BTreeSet::new();
            for value in values(flag) {
                let raw = RawSettings::from_flags(&[(flag.name, value)]);
                let read = fields(&read(&raw).expect("the value is valid"));
                changed.extend(read.into_iter().filter(|(name, value)| all[name] != *value).map(|(name, _)| name));
            }
            assert!(!changed.is_empty(), "{} sets nothing", flag.name);
            set.append(&mut changed);
        }
        assert_eq!(set, all.into_keys().collect());
    }

    #[test]
    fn numbers_are_accepted_at_the_limits_of_their_range_and_refused_past_them() {
        let (gib, tib) = (1_u64 << 30, 1_u64 << 40);
        for (name, least, most) in [
            ("port", 0, 65_535),
            ("page-size", 1, 1000),
            ("max-body-bytes", 0, gib),
            ("max-upload-bytes", 0, tib),
            ("max-inflight-bytes", 0, tib),
            ("max-state-bytes", 0, tib),
            ("max-connections", 1, 1_000_000),
            ("max-tenants", 1, 10_000_000),
            ("max-items", 1, 100_000_000),
            ("journal-entries", 0, 10_000_000),
            ("journal-bytes", 0, tib),
            ("time-scale", 0, 1000),
        ] {
            let past = [(i128::from(least) - 1).to_string(), (most + 1).to_string()];
            assert!(is_accepted(name, &least.to_string()) && is_accepted(name, &most.to_string()), "{name}");
            assert!(past.iter().all(|value| !is_accepted(name, value)), "{name}");
        }
    }

    #[test]
    fn times_are_accepted_at_their_limits_and_refused_past_them() {
        assert!(is_accepted("header-timeout", "1ms") && !is_accepted("header-timeout", "999us"));
        for name in ["sync-duration", "export-duration", "header-timeout"] {
            assert!(is_accepted(name, "876000h") && !is_accepted(name, "876000h1us"), "{name}");
        }
        let end = Timestamp::MAX.micros() - i64::try_from(crate::clock::MAX_DURATION.as_micros()).expect("it fits");
        for (micros, accepted) in [(end - 1, true), (end, false)] {
            let start = Timestamp::from_micros(micros).to_string();
            assert_eq!(is_accepted("start-time", &start), accepted, "{start}");
        }
    }
}
