//! Checks every setting and converts it to its type. An error names the setting and its source.

use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use super::merge::RawSettings;
use super::normalise::{bytes, credential, host_name, http_url, origin};
use super::parse_results;
use super::{
    AdminAccess, Auth, DuplicateUniqueId, Fidelity, IndexId, Isolation, LogFormat, LogLevel, References,
    ScoreThresholdOn, Settings, SyncConflict,
};
use crate::clock::{Mode, Timestamp, parse_duration};
use crate::suggest;
use crate::worker::Worker;

/// Checks every setting and converts it to its type.
///
/// Errors: the first invalid setting, with its source.
pub(crate) fn read(raw: &RawSettings) -> Result<Settings, String> {
    let reader = Reader { raw };
    let host = reader.read("host", ip_address)?;
    let admin_token = reader.token("admin-token")?;
    Ok(Settings {
        host,
        port: reader.parse("port", "a number from 0 to 65535")?,
        port_file: reader.text("port-file").map(Into::into),
        worker: Worker::embedded(reader.text("binary").map(Into::into)),
        binary: reader.text("binary").map(Into::into),
        seed: reader.parse("seed", "a number from 0 to 18446744073709551615")?,
        api_keys: reader.each("api-key", credential)?,
        auth: reader.switch("no-auth", Auth::Required, Auth::Optional)?,
        isolation: reader.choice("isolation", &[("key", Isolation::Key), ("none", Isolation::None)])?,
        references: reader.switch("strict-references", References::Lenient, References::Strict)?,
        index_id: reader
            .choice("index-id", &[("any", IndexId::Any), ("id", IndexId::Id), ("export", IndexId::Export)])?,
        unknown_value_status: reader.choice("unknown-value-status", &[("422", 422), ("400", 400)])?,
        fidelity: reader.switch("contract", Fidelity::Service, Fidelity::Contract)?,
        clock: reader.choice("clock", CLOCKS)?,
        start_time: reader.optional("start-time", start_time)?,
        sync_duration: reader.read("sync-duration", parse_duration)?,
        export_duration: reader.read("export-duration", parse_duration)?,
        sync_conflict: reader.choice("sync-conflict", SYNC_CONFLICTS)?,
        duplicate_unique_id: reader.choice("duplicate-unique-id", DUPLICATES)?,
        score_threshold_on: reader.choice("score-threshold-on", SCORE_THRESHOLDS)?,
        parse_results: reader.optional("parse-results", parse_results::read)?.unwrap_or_default(),
        page_size: reader.within("page-size", 1, 1000)?,
        max_body_bytes: reader.bytes("max-body-bytes", 1 << 30)?,
        max_upload_bytes: reader.bytes("max-upload-bytes", 1 << 40)?,
        max_inflight_bytes: reader.bytes("max-inflight-bytes", 1 << 40)?,
        max_queued_work: reader.within("max-queued-work", 1, 1_000_000)?,
        max_state_bytes: reader.bytes("max-state-bytes", 1 << 40)?,
        max_connections: reader.within("max-connections", 1, 1_000_000)?,
        max_tenants: reader.within("max-tenants", 1, 10_000_000)?,
        max_items: reader.within("max-items", 1, 100_000_000)?,
        journal_entries: reader.within("journal-entries", 0, 10_000_000)?,
        journal_bytes: reader.bytes("journal-bytes", 1 << 40)?,
        header_timeout: reader.read("header-timeout", at_least_a_millisecond)?,
        allowed_hosts: reader.each("allowed-host", host_name)?,
        cors_origins: reader.each("cors-origin", origin)?,
        admin: reader.admin(host, admin_token.is_some())?,
        admin_token,
        public_url: reader.optional("public-url", http_url)?,
        log_format: reader.choice(
            "log-format",
            &[("auto", log_format_of_stderr()), ("text", LogFormat::Text), ("json", LogFormat::Json)],
        )?,
        log_level: reader.choice("log-level", LOG_LEVELS)?,
        faults: reader.list("fault"),
        scenarios: reader.list("scenario"),
        allow_overrides: reader.boolean("allow-overrides")?,
        strict_faults: reader.boolean("strict-faults")?,
        time_scale: reader.read("time-scale", time_scale)?,
        exit_with_stdin: reader.boolean("exit-with-stdin")?,
        schemas: reader.text("schemas").map(Into::into),
    })
}

const CLOCKS: &[(&str, Mode)] = &[("real", Mode::Real), ("manual", Mode::Manual), ("auto", Mode::Auto)];

const SYNC_CONFLICTS: &[(&str, SyncConflict)] =
    &[("409", SyncConflict::Refuse(409)), ("429", SyncConflict::Refuse(429)), ("coalesce", SyncConflict::Coalesce)];

const DUPLICATES: &[(&str, DuplicateUniqueId)] =
    &[("allow", DuplicateUniqueId::Allow), ("409", DuplicateUniqueId::Refuse)];

const SCORE_THRESHOLDS: &[(&str, ScoreThresholdOn)] =
    &[("rerank", ScoreThresholdOn::Rerank), ("score", ScoreThresholdOn::Score)];

const LOG_LEVELS: &[(&str, LogLevel)] =
    &[("off", LogLevel::Off), ("error", LogLevel::Error), ("warn", LogLevel::Warn), ("info", LogLevel::Info)];

struct Reader<'a> {
    raw: &'a RawSettings,
}

impl Reader<'_> {
    /// The last value of a setting, unless it is empty.
    fn text(&self, name: &str) -> Option<&str> {
        self.raw.get(name).values.last().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A secret token. A blank one is an error, so that a mistake does not turn the check off.
    fn token(&self, name: &str) -> Result<Option<String>, String> {
        let Some(token) = self.raw.get(name).values.last() else { return Ok(None) };
        if token.trim().is_empty() {
            return Err(self.error(name, "is blank; omit the setting to require no token"));
        }
        let token = credential(token).map_err(|error| self.error(name, &error))?;
        if !token.is_ascii() {
            return Err(self.error(name, "has a character beyond ASCII, which clients cannot send in a header"));
        }
        Ok(Some(token))
    }

    /// Who may use `/__admin/`: if that is not set, it depends on the address and the token.
    fn admin(&self, host: IpAddr, has_token: bool) -> Result<AdminAccess, String> {
        if self.text("admin").is_some() {
            let choices = [("open", AdminAccess::Open), ("token", AdminAccess::Token), ("off", AdminAccess::Off)];
            return self.choice("admin", &choices);
        }
        Ok(match (has_token, host.is_loopback()) {
            (true, _) => AdminAccess::Token,
            (false, true) => AdminAccess::Open,
            (false, false) => AdminAccess::Closed,
        })
    }

    /// The values of a repeatable setting, each read.
    fn each<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
        let values = self.raw.get(name).values.iter();
        values.map(|text| read(text).map_err(|error| self.error(name, &error))).collect()
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.raw.get(name).values.clone()
    }

    fn optional<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        self.text(name).map(|text| read(text).map_err(|error| self.error(name, &error))).transpose()
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        let text = self.text(name).unwrap_or_default();
        read(text).map_err(|error| self.error(name, &error))
    }

    fn parse<T: FromStr>(&self, name: &str, expected: &str) -> Result<T, String> {
        self.read(name, |text| text.parse().map_err(|_| format!("{text:?} is not {expected}")))
    }

    fn within(&self, name: &str, min: usize, max: usize) -> Result<usize, String> {
        self.read(name, |text| {
            let number = text.parse().ok().filter(|number| (min..=max).contains(number));
            number.ok_or_else(|| format!("{text:?} is not a number from {min} to {max}"))
        })
    }

    fn bytes(&self, name: &str, max: usize) -> Result<usize, String> {
        self.read(name, |text| {
            let number = bytes(text).filter(|number| *number <= max);
            number.ok_or_else(|| format!("{text:?} is not a size like 65536, 64KiB, 1MB or 1GiB, up to {max} bytes"))
        })
    }

    fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, String> {
        self.read(name, |text| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            chosen.ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                let near = suggest::nearest(text, words.iter().copied());
                let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                format!("{text:?} is not one of {}{hint}", words.join(", "))
            })
        })
    }

    fn switch<T>(&self, name: &str, off: T, on: T) -> Result<T, String> {
        Ok(if self.boolean(name)? { on } else { off })
    }

    /// A switch; false by default.
    fn boolean(&self, name: &str) -> Result<bool, String> {
        let value = self.optional(name, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("{text:?} is not true or false")),
        })?;
        Ok(value.unwrap_or(false))
    }

    /// The message for an invalid setting.
    fn error(&self, name: &str, problem: &str) -> String {
        format!("{}: {problem}", self.raw.place(name))
    }
}

/// An IP address, with or without brackets, or `localhost`.
fn ip_address(text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| format!("{text:?} is not an IP address or localhost; 0.0.0.0 listens on every interface"))
}

/// A time at which clocks can start: from 1970 on, and so early that every duration can be added to it.
fn start_time(text: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text.trim().parse()?;
    if time.plus(crate::clock::MAX_DURATION) >= Timestamp::MAX {
        return Err(format!(
            "{text:?} is less than a hundred years before the end of the calendar, where a clock stops"
        ));
    }
    Ok(time)
}

fn at_least_a_millisecond(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < Duration::from_millis(1) { Err(format!("{text:?} is less than a millisecond")) } else { Ok(duration) }
}

fn time_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse().ok().filter(|scale| (0.0..=1000.0).contains(scale));
    scale.ok_or_else(|| format!("{text:?} is not a factor from 0 to 1000"))
}

fn log_format_of_stderr() -> LogFormat {
    if std::io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a setting may have this value.
    fn is_accepted(name: &'static str, value: &str) -> bool {
        read(&RawSettings::from_flags(&[(name, vec![value.to_owned()])])).is_ok()
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
