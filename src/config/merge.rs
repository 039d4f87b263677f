//! Where each setting comes from: flag over environment over file over default. It gathers texts and never judges them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::flags::{FLAGS, Flag, Takes};

/// What the variables of this program begin with.
const PREFIX: &str = "LLAMACLOUD_MOCK_";

/// The variable of the admin token, behind its prefix.
const ADMIN_TOKEN: &str = "ADMIN_TOKEN";

/// The file that is read when it is there and none is named.
const DEFAULT_FILE: &str = "llamacloud-mock.toml";

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// This variable.
    Environment(String),
    /// This file.
    File(PathBuf),
    /// Nobody said.
    Default,
}

/// A setting's texts and where they came from.
#[derive(Debug, Clone)]
pub struct RawSetting {
    /// Its values; several for what is repeatable, none for what was not said and has no default.
    pub values: Vec<String>,
    /// Who said so.
    pub source: Source,
}

/// All settings as texts.
#[derive(Debug)]
pub struct RawSettings {
    told: BTreeMap<&'static str, RawSetting>,
    /// What may be a mistake but stops nothing.
    pub warnings: Vec<String>,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl RawSettings {
    /// Gathers every setting from the `typed` flags, the variables of the `environment`, and the file they name.
    pub fn gather(
        typed: &[(&'static str, Vec<String>)],
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let mut merged = Self::of_flags(typed);
        merged.add_environment(environment);
        merged.add_file()?;
        Ok(merged.or_default())
    }

    /// Every setting from the `typed` flags alone: neither environment nor file is looked at.
    pub fn alone(typed: &[(&'static str, Vec<String>)]) -> Self {
        Self::of_flags(typed).or_default()
    }

    fn of_flags(typed: &[(&'static str, Vec<String>)]) -> Self {
        let told = |(name, values): &(&'static str, Vec<String>)| {
            (*name, RawSetting { values: values.clone(), source: Source::Flag })
        };
        Self { told: typed.iter().map(told).collect(), warnings: Vec::new() }
    }

    fn or_default(mut self) -> Self {
        for flag in FLAGS {
            let values = flag.default.map(str::to_owned).into_iter().collect();
            self.told.entry(flag.name).or_insert(RawSetting { values, source: Source::Default });
        }
        self
    }

    /// What was said of a setting.
    pub fn told(&self, name: &str) -> &RawSetting {
        &self.told[name]
    }

    /// Where a setting's value came from, for whoever has to mend it.
    pub fn place(&self, name: &str) -> String {
        match &self.told(name).source {
            Source::Flag | Source::Default => format!("--{name}"),
            Source::Environment(variable) => format!("{variable} (in the environment)"),
            Source::File(path) => format!("{name} (in {})", path.display()),
        }
    }

    /// Every setting with what was said of it, in the order of the table.
    pub fn all(&self) -> impl Iterator<Item = (&'static Flag, &RawSetting)> {
        FLAGS.iter().map(|flag| (flag, &self.told[flag.name]))
    }

    /// Adds what the environment says; a blank variable counts as not set. But a token that came out blank was to shut
    /// something, and leaves nothing open.
    fn add_environment(&mut self, environment: impl Iterator<Item = (String, String)>) {
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(PREFIX).filter(|key| *key == ADMIN_TOKEN || !value.trim().is_empty())
            else {
                continue;
            };
            // Kubernetes says where a service of this program's name is; that is not a setting.
            if key.starts_with("SERVICE_")
                || key.starts_with("PORT_") && key != "PORT_FILE"
                || key == "PORT" && value.starts_with("tcp://")
            {
                continue;
            }
            let flag_name = key.to_ascii_lowercase().replace('_', "-");
            match FLAGS.iter().find(|flag| flag.name == flag_name) {
                Some(flag) => {
                    let values = split(flag, &value);
                    self.told.entry(flag.name).or_insert(RawSetting { values, source: Source::Environment(name) });
                }
                None => self.warnings.push(format!("{name} is not a setting{}", nearest(&flag_name))),
            }
        }
    }

    fn add_file(&mut self) -> Result<(), String> {
        let named = self.told.get("config").and_then(|told| told.values.first());
        let path = PathBuf::from(named.map_or(DEFAULT_FILE, String::as_str));
        if named.is_none() && !path.exists() {
            return Ok(());
        }
        for (flag, values) in read_file(&path)? {
            self.told.entry(flag.name).or_insert(RawSetting { values, source: Source::File(path.clone()) });
        }
        Ok(())
    }
}

fn split(flag: &Flag, value: &str) -> Vec<String> {
    match flag.takes {
        Takes::Many(_) => value.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        _ => vec![value.to_owned()],
    }
}

fn read_file(path: &Path) -> Result<Vec<(&'static Flag, Vec<String>)>, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let table: Table =
        text.parse().map_err(|error: toml::de::Error| format!("{shown}: {}", error.to_string().trim_end()))?;
    table.into_iter().map(|(key, value)| read_entry(&key, value).map_err(|error| format!("{shown}: {error}"))).collect()
}

fn read_entry(key: &str, value: Value) -> Result<(&'static Flag, Vec<String>), String> {
    let name = key.replace('_', "-");
    if name == "config" {
        return Err(format!("{key} is not for a file: one does not name another"));
    }
    let known = FLAGS.iter().find(|flag| flag.name == name);
    let flag = known.ok_or_else(|| format!("{key} is not a setting{}", nearest(&name)))?;
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
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(yes) => Ok(yes.to_string()),
        Value::Datetime(moment) => Ok(moment.to_string()),
        Value::Array(_) | Value::Table(_) => Err(format!("{key} takes one value")),
    }
}

/// `; did you mean …?` when some setting's name is near.
fn nearest(name: &str) -> String {
    crate::suggest::nearest(name, FLAGS.iter().map(|flag| flag.name))
        .map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
