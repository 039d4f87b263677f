//! The settings that bound what grows.

use std::time::Duration;

use super::super::Isolation;
use super::Takes::One;
use super::{Flag, Group, flag, set};
use crate::clock::parse_duration;

pub(super) static LIMITS: Group = Group {
    heading: "Limits",
    flags: &[
        &MAX_BODY_BYTES,
        &flag("max-upload-bytes", One("BYTES"), "Maximum size of an upload")
            .read_with(|settings, raw| set(&mut settings.max_upload_bytes, raw.bytes(1 << 40)))
            .with_default("100MiB"),
        &flag("max-inflight-bytes", One("BYTES"), "Maximum size of the bodies of all requests in flight together")
            .read_with(|settings, raw| set(&mut settings.max_inflight_bytes, raw.bytes(1 << 40)))
            .with_default("256MiB"),
        &flag(
            "max-queued-work",
            One("REQUESTS"),
            "Maximum number of uploads and searches that wait for a processor; further ones get 503",
        )
        .read_with(|settings, raw| set(&mut settings.max_queued_work, raw.within(1, 1_000_000)))
        .with_default("1000"),
        &flag("max-state-bytes", One("BYTES"), "Maximum size of the state of all tenants")
            .read_with(|settings, raw| set(&mut settings.max_state_bytes, raw.bytes(1 << 40)))
            .with_default("1GiB"),
        &flag("max-connections", One("NUMBER"), "Maximum number of open connections; further ones are closed at once")
            .read_with(|settings, raw| set(&mut settings.max_connections, raw.within(1, 1_000_000)))
            .with_default("2000"),
        &flag("max-tenants", One("NUMBER"), "Maximum number of API keys with state")
            .read_with(|settings, raw| set(&mut settings.max_tenants, raw.within(1, 10_000_000)))
            .with_default("10000")
            .with_conflict(|settings| {
                (settings.isolation == Isolation::None).then_some(
                    "has no effect beside --isolation none, where all keys share one state; omit one of the two",
                )
            }),
        &flag("max-items", One("NUMBER"), "Maximum number of resources of one kind in a tenant")
            .read_with(|settings, raw| set(&mut settings.max_items, raw.within(1, 100_000_000)))
            .with_default("100000"),
        &flag("journal-entries", One("NUMBER"), "Maximum number of entries in a tenant's journal")
            .read_with(|settings, raw| set(&mut settings.journal_entries, raw.within(0, 10_000_000)))
            .with_default("1000"),
        &flag("journal-bytes", One("BYTES"), "Maximum size of all journals together")
            .read_with(|settings, raw| set(&mut settings.journal_bytes, raw.bytes(1 << 40)))
            .with_default("16MiB")
            .with_conflict(|settings| {
                (settings.journal_entries == 0)
                    .then_some("has no effect beside --journal-entries 0, which records nothing; omit one of the two")
            }),
        &flag("header-timeout", One("DURATION"), "Time limit for the head of a request")
            .read_with(|settings, raw| set(&mut settings.header_timeout, raw.one(at_least_a_millisecond)))
            .with_default("10s"),
    ],
};

pub(crate) static MAX_BODY_BYTES: Flag = flag("max-body-bytes", One("BYTES"), "Maximum size of a JSON body")
    .read_with(|settings, raw| set(&mut settings.max_body_bytes, raw.bytes(1 << 30)))
    .with_default("1MiB");

fn at_least_a_millisecond(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text)?;
    if duration < Duration::from_millis(1) { Err(format!("{text:?} is less than a millisecond")) } else { Ok(duration) }
}
