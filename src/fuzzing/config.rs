//! Settings: the text of a settings file, a line of three dashes, then lines `NAME=VALUE` of the environment. Either
//! all settings are valid and within their limits, or the error names the setting that is not.

use std::path::PathBuf;
use std::sync::LazyLock;

use crate::clock::Timestamp;
use crate::config::flags::CONFIG;
use crate::config::{RawSettings, Settings, read};

/// A settings file of this process.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("llamacloud-mock-fuzz-config-{}.toml", std::process::id())));

/// Runs the target on one input.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (file, environment) = text.split_once("---\n").unwrap_or((text, ""));
    std::fs::write(&*FILE, file).expect("the folder for temporary files can be written");
    let flags = [(&CONFIG, vec![FILE.display().to_string()])];
    let variables = environment.lines().filter_map(|line| line.split_once('='));
    let variables: Vec<_> =
        variables.map(|(name, value)| (format!("LLAMACLOUD_MOCK_{name}"), value.replace("\\n", "\n"))).collect();
    let gathered = RawSettings::gather(&flags, &variables, &[]);
    std::fs::remove_file(&*FILE).expect("the file was written above");
    match gathered {
        Ok(raw) => assert_read(&raw),
        Err(error) => assert!(error.starts_with(&FILE.display().to_string()), "{error}"),
    }
}

fn assert_read(raw: &RawSettings) {
    match read(raw) {
        Ok(settings) => assert_within_limits(&settings),
        Err(error) => {
            let named = raw.all().any(|setting| error.starts_with(&format!("{}: ", setting.place())));
            assert!(named, "{error}");
        }
    }
}

fn assert_within_limits(settings: &Settings) {
    assert!((1..=1000).contains(&settings.page_size));
    assert!((1..=1_000_000).contains(&settings.max_connections));
    assert!(matches!(settings.unknown_value_status, 400 | 422));
    assert!((0.0..=1000.0).contains(&settings.time_scale));
    assert!(settings.header_timeout.as_micros() >= 1000);
    assert!(settings.start_time.is_none_or(|start| (Timestamp::from_micros(0)..=Timestamp::MAX).contains(&start)));
}
