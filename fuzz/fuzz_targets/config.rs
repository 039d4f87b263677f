//! Settings: the text of a file, a line `---`, then lines `NAME=VALUE` of the environment. Either all settings are valid
//! and within their limits, or the error names the invalid one.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use llamacloud_mock::clock::Timestamp;
use llamacloud_mock::config::{self, RawSettings, Settings};

/// A temporary file of this process.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("llamacloud-mock-fuzz-config-{}.toml", std::process::id())));

fuzz_target!(|text: &str| {
    let (file, environment) = text.split_once("---\n").unwrap_or((text, ""));
    std::fs::write(&*FILE, file).expect("the temporary folder is writable");
    let typed = [("config", vec![FILE.display().to_string()])];
    let variables = environment.lines().filter_map(|line| line.split_once('='));
    let variables = variables.map(|(name, value)| (format!("LLAMACLOUD_MOCK_{name}"), value.replace("\\n", "\n")));
    match RawSettings::gather(&typed, variables) {
        Ok(merged) => check(&merged),
        Err(error) => assert!(error.starts_with(&FILE.display().to_string()), "{error}"),
    }
});

fn check(merged: &RawSettings) {
    assert!(merged.all().all(|(flag, told)| merged.get(flag.name).values == told.values));
    match config::read(merged) {
        Ok(settings) => assert_within_limits(&settings),
        Err(error) => {
            let named = merged.all().any(|(flag, told)| {
                let variable = told.source.to_string().replace("environment ", "");
                error.starts_with(&format!("--{}: ", flag.name))
                    || error.starts_with(&format!("{variable} (in the environment): "))
                    || error.starts_with(&format!("{} (in {}): ", flag.name, FILE.display()))
            });
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
