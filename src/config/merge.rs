//! Collects the text of each setting from its sources. Flags take precedence over the environment, the environment over
//! the file, the file over `--defaults`, and those over the defaults of the table. The rows of the table check the
//! values.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::flags::{ADMIN_TOKEN, CONFIG, DEFAULTS, Flag, PREFIX, Takes, find_flag, flag_named, flags};
use super::raw_setting::{RawSetting, SettingSource};
use crate::suggest;

/// Prefixes that people take for [`PREFIX`], because the variables of the official clients begin like them.
const MISTAKEN_PREFIXES: &[&str] = &["LLAMA_CLOUD_MOCK_", "LLAMACLOUDMOCK_", "LLAMA_MOCK_"];

/// The end of the name of a variable that is no setting: the helpers of test frameworks find a running server by it.
const OF_HELPERS: &str = "URL";

/// The settings file that is read, if it exists, when `--config` is not given.
const DEFAULT_FILE: &str = "llamacloud-mock.toml";

/// All settings before they are checked.
#[derive(Debug, Clone)]
pub(crate) struct RawSettings {
    by_name: BTreeMap<&'static str, RawSetting>,
    /// Possible mistakes that do not prevent a start, such as unknown variables.
    pub(crate) warnings: Vec<String>,
}

impl RawSettings {
    /// Collects every setting from flags, environment, settings file and defaults. `defaults` replace some of the
    /// table.
    ///
    /// Errors: the settings file cannot be read; it or `--defaults` is not TOML, or has an unknown setting.
    pub(crate) fn gather(
        flags: &[(&'static Flag, Vec<String>)],
        environment: &[(String, String)],
        defaults: &[(&'static Flag, &str)],
    ) -> Result<Self, String> {
        let mut settings = Self::new(flags);
        settings.add_environment(environment);
        settings.add_file()?;
        settings.add_given_defaults()?;
        settings.add_defaults(defaults);
        Ok(settings)
    }

    /// The settings of these flags, given by name, and the defaults of the others.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn from_flags(flags: &[(&str, &str)]) -> Self {
        let flag = |name| flag_named(name).expect("the setting is in the table");
        let flags = flags.iter().map(|(name, value)| (flag(name), vec![(*value).to_owned()]));
        Self::with_defaults(&flags.collect::<Vec<_>>())
    }

    /// Collects every setting from flags and defaults only.
    pub(crate) fn with_defaults(flags: &[(&'static Flag, Vec<String>)]) -> Self {
        let mut settings = Self::new(flags);
        settings.add_defaults(&[]);
        settings
    }

    fn new(flags: &[(&'static Flag, Vec<String>)]) -> Self {
        let mut settings = Self { by_name: BTreeMap::new(), warnings: Vec::new() };
        for (flag, values) in flags {
            settings.add(flag, values.clone(), SettingSource::Flag);
        }
        settings
    }

    /// Adds the values of a setting, unless another source has given it before.
    fn add(&mut self, flag: &'static Flag, values: Vec<String>, source: SettingSource) {
        self.by_name.entry(flag.name).or_insert(RawSetting { flag, values, source });
    }

    fn add_defaults(&mut self, replaced: &[(&'static Flag, &str)]) {
        for flag in flags() {
            let replaced = replaced.iter().find(|(other, _)| *other == flag).map(|(_, value)| *value);
            let values = replaced.or(flag.default).map(str::to_owned).into_iter().collect();
            self.add(flag, values, SettingSource::Default);
        }
    }

    /// The setting of this row.
    pub(crate) fn get(&self, flag: &Flag) -> &RawSetting {
        &self.by_name[flag.name]
    }

    /// Every setting, in the order of the table.
    pub(crate) fn all(&self) -> impl Iterator<Item = &RawSetting> {
        flags().map(|flag| self.get(flag))
    }

    /// Adds the variables of the environment. A blank variable counts as not set, except for the admin token: a blank
    /// token is an error later, because treating it as not set would open the admin API.
    fn add_environment(&mut self, environment: &[(String, String)]) {
        for (name, value) in environment {
            if let Some(key) = MISTAKEN_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
                self.warn_of_variable(name, key);
                continue;
            }
            let Some(key) = name.strip_prefix(PREFIX).filter(|key| !is_set_by_kubernetes(key, value)) else { continue };
            match flag_named(&flag_name(key)) {
                Some(flag) if value.trim().is_empty() && *flag != ADMIN_TOKEN => {}
                Some(flag) => self.add(flag, split(flag, value), SettingSource::Environment(name.clone())),
                None if value.trim().is_empty() || key == OF_HELPERS => {}
                None => self.warn_of_variable(name, key),
            }
        }
    }

    /// Adds a warning about a variable that is not a setting; `key` is its name without the prefix.
    fn warn_of_variable(&mut self, name: &str, key: &str) {
        let near = suggest::nearest(&flag_name(key), flags().map(|flag| flag.name)).and_then(flag_named);
        let hint = near.map_or_else(String::new, |flag| format!("; did you mean {}?", flag.variable()));
        self.warnings.push(format!("{name}: is not a setting{hint}"));
    }

    fn add_file(&mut self) -> Result<(), String> {
        let named = self.by_name.get(CONFIG.name).and_then(|setting| setting.values.first());
        let path = PathBuf::from(named.map_or(DEFAULT_FILE, String::as_str));
        if named.is_none() && !path.exists() {
            return Ok(());
        }
        for (flag, values) in read_file(&path)? {
            self.add(flag, values, SettingSource::File(path.clone()));
        }
        Ok(())
    }

    /// Adds the settings in `--defaults`. They count as defaults, so that none is refused beside a setting of the user.
    fn add_given_defaults(&mut self) -> Result<(), String> {
        let Some(given) = self.by_name.get(DEFAULTS.name) else { return Ok(()) };
        let settings = read_toml(&given.values.concat()).map_err(|error| format!("{}: {error}", given.place()))?;
        for (flag, values) in settings {
            self.add(flag, values, SettingSource::Default);
        }
        Ok(())
    }
}

/// The name of the flag for a variable without its prefix.
fn flag_name(key: &str) -> String {
    key.to_ascii_lowercase().replace('_', "-")
}

/// Whether Kubernetes sets this variable for a service with the name of this program.
fn is_set_by_kubernetes(key: &str, value: &str) -> bool {
    let is_numbered_port = key.strip_prefix("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    key.starts_with("SERVICE_HOST")
        || key.starts_with("SERVICE_PORT")
        || is_numbered_port
        || key == "PORT" && ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
}

fn split(flag: &Flag, value: &str) -> Vec<String> {
    match flag.takes {
        Takes::Many(_) => value.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        _ => vec![value.to_owned()],
    }
}

fn read_file(path: &Path) -> Result<Vec<(&'static Flag, Vec<String>)>, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let is_denied = error.kind() == ErrorKind::PermissionDenied;
        let hint = if is_denied { "; let this user read it, or name another settings file with --config" } else { "" };
        format!("{shown}: {error}{hint}")
    })?;
    read_toml(&text).map_err(|error| format!("{shown}: {error}"))
}

fn read_toml(text: &str) -> Result<Vec<(&'static Flag, Vec<String>)>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string().trim_end().to_owned())?;
    table.into_iter().map(|(key, value)| read_entry(&key, value)).collect()
}

fn read_entry(key: &str, value: Value) -> Result<(&'static Flag, Vec<String>), String> {
    let flag = find_flag(&key.replace('_', "-")).map_err(|problem| format!("{key}: {problem}"))?;
    if [&CONFIG, &DEFAULTS].contains(&flag) {
        return Err(format!("{key}: cannot be set here; use a flag or the environment"));
    }
    let values = match (flag.takes, value) {
        (Takes::Many(_), Value::Array(items)) => {
            items.into_iter().map(|item| text(key, item)).collect::<Result<_, _>>()?
        }
        (_, value) => vec![text(key, value)?],
    };
    Ok((flag, values))
}

fn text(key: &str, value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Array(_) | Value::Table(_) => Err(format!("{key}: takes a single value, not a list or a table")),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(boolean) => Ok(boolean.to_string()),
        Value::Datetime(datetime) => Ok(datetime.to_string()),
    }
}
