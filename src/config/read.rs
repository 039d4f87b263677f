//! From texts to types: every setting checked, and a wrong one named with where it came from.

use std::io::IsTerminal;
use std::str::FromStr;
use std::time::Duration;

use http::Uri;

use super::merge::RawSettings;
use super::{
    Auth, Fidelity, IndexId, Isolation, LogFormat, LogLevel, Overrides, References, Settings, SyncConflict, Unstruck,
};
use crate::clock::{Mode, parse_duration};

/// Checks every setting.
pub fn read(merged: &RawSettings) -> Result<Settings, String> {
    let told = Reader { merged };
    Ok(Settings {
        host: told.parse("host", "an IP address")?,
        port: told.parse("port", "a number from 0 to 65535")?,
        port_file: told.text("port-file").map(Into::into),
        seed: told.parse("seed", "a number from 0 to 18446744073709551615")?,
        api_keys: told.list("api-key"),
        auth: told.switch("no-auth", Auth::Required, Auth::Optional)?,
        isolation: told.choice("isolation", &[("key", Isolation::Key), ("none", Isolation::None)])?,
        references: told.switch("strict-references", References::Lenient, References::Strict)?,
        index_id: told
            .choice("index-id", &[("any", IndexId::Any), ("id", IndexId::Id), ("export", IndexId::Export)])?,
        unknown_value_status: told.choice("unknown-value-status", &[("422", 422), ("400", 400)])?,
        fidelity: told.switch("contract", Fidelity::Service, Fidelity::Contract)?,
        clock: told.read("clock", Mode::from_str)?,
        start_time: told.optional("start-time", str::parse)?,
        sync_duration: told.read("sync-duration", parse_duration)?,
        export_duration: told.read("export-duration", parse_duration)?,
        sync_conflict: told.choice("sync-conflict", SYNC_CONFLICTS)?,
        page_size: told.within("page-size", 1, 1000)?,
        max_body_bytes: told.bytes("max-body-bytes", 1 << 30)?,
        max_upload_bytes: told.bytes("max-upload-bytes", 1 << 40)?,
        max_inflight_bytes: told.bytes("max-inflight-bytes", 1 << 40)?,
        max_state_bytes: told.bytes("max-state-bytes", 1 << 40)?,
        max_connections: told.within("max-connections", 1, 1_000_000)?,
        max_tenants: told.within("max-tenants", 1, 10_000_000)?,
        max_items: told.within("max-items", 1, 100_000_000)?,
        journal_entries: told.within("journal-entries", 0, 10_000_000)?,
        journal_bytes: told.bytes("journal-bytes", 1 << 40)?,
        header_timeout: told.read("header-timeout", at_least_a_millisecond)?,
        allowed_hosts: told.list("allowed-host"),
        cors_origins: told.origins("cors-origin")?,
        admin_token: told.token("admin-token")?,
        public_url: told.optional("public-url", web_address)?,
        log_format: told.choice(
            "log-format",
            &[("auto", log_format_of_stderr()), ("text", LogFormat::Text), ("json", LogFormat::Json)],
        )?,
        log_level: told.choice("log-level", LOG_LEVELS)?,
        faults: told.list("fault"),
        scenarios: told.list("scenario"),
        overrides: told.switch("allow-overrides", Overrides::Ignored, Overrides::Obeyed)?,
        unstruck: told.switch("strict-faults", Unstruck::Fine, Unstruck::Fails)?,
        time_scale: told.read("time-scale", time_scale)?,
        schemas: told.text("schemas").map(Into::into),
    })
}

const SYNC_CONFLICTS: &[(&str, SyncConflict)] =
    &[("409", SyncConflict::Refuse(409)), ("429", SyncConflict::Refuse(429)), ("coalesce", SyncConflict::Coalesce)];

const LOG_LEVELS: &[(&str, LogLevel)] =
    &[("off", LogLevel::Off), ("error", LogLevel::Error), ("warn", LogLevel::Warn), ("info", LogLevel::Info)];

struct Reader<'a> {
    merged: &'a RawSettings,
}

impl Reader<'_> {
    /// The last of a setting's values, unless it is blank.
    fn text(&self, name: &str) -> Option<&str> {
        self.merged.told(name).values.last().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A secret; a blank one is a mistake, not none.
    fn token(&self, name: &str) -> Result<Option<String>, String> {
        match self.merged.told(name).values.last() {
            Some(token) if token.trim().is_empty() => Err(self.blame(name, "is blank; leave it out to ask for none")),
            token => Ok(token.cloned()),
        }
    }

    /// Origins as browsers send them.
    fn origins(&self, name: &str) -> Result<Vec<String>, String> {
        let origin = |text: String| {
            let address = web_address(&text).map_err(|error| self.blame(name, &error))?;
            if address.splitn(4, '/').count() > 3 {
                return Err(self.blame(name, &format!("{text:?} has a path, and an origin has none")));
            }
            Ok(address)
        };
        self.list(name).into_iter().map(origin).collect()
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.merged.told(name).values.clone()
    }

    fn optional<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        self.text(name).map(|text| read(text).map_err(|error| self.blame(name, &error))).transpose()
    }

    fn read<T>(&self, name: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        let text = self.text(name).unwrap_or_default();
        read(text).map_err(|error| self.blame(name, &error))
    }

    fn parse<T: FromStr>(&self, name: &str, what: &str) -> Result<T, String> {
        self.read(name, |text| text.parse().map_err(|_| format!("{text:?} is not {what}")))
    }

    fn within(&self, name: &str, least: usize, most: usize) -> Result<usize, String> {
        self.read(name, |text| {
            let number = text.parse().ok().filter(|number| (least..=most).contains(number));
            number.ok_or_else(|| format!("{text:?} is not a number from {least} to {most}"))
        })
    }

    fn bytes(&self, name: &str, most: usize) -> Result<usize, String> {
        self.read(name, |text| {
            let number = parse_bytes(text).filter(|number| *number <= most);
            number.ok_or_else(|| format!("{text:?} is not a size like 65536, 64KiB, 16MiB or 1GiB, up to {most} bytes"))
        })
    }

    fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, String> {
        self.read(name, |text| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            chosen.ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                format!("{text:?} is none of {}", words.join(", "))
            })
        })
    }

    fn switch<T: Copy>(&self, name: &str, off: T, on: T) -> Result<T, String> {
        let said = self.optional(name, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(on),
            "false" | "0" | "no" | "off" => Ok(off),
            _ => Err(format!("{text:?} is neither true nor false")),
        })?;
        Ok(said.unwrap_or(off))
    }

    fn blame(&self, name: &str, error: &str) -> String {
        format!("{}: {error}", self.merged.place(name))
    }
}

/// An address of the web, without a slash at its end.
fn web_address(text: &str) -> Result<String, String> {
    let uri: Option<Uri> = text.parse().ok();
    let is_one = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some() && uri.query().is_none()
    });
    let unfit = || format!("{text:?} is not an address like http://localhost:3000");
    is_one.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(unfit)
}

/// Reads a number of bytes, with `KiB`, `MiB` or `GiB` behind it or nothing.
fn parse_bytes(text: &str) -> Option<usize> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    number.trim_end().parse::<usize>().ok()?.checked_mul(unit)
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
