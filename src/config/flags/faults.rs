//! The settings about time and injected faults.

use super::super::{AdminAccess, Fidelity};
use super::Takes::{Many, Nothing, One, OneOf};
use super::{Flag, Group, flag, set};
use crate::clock::{MAX_DURATION, Mode, Timestamp, parse_duration, parse_window};

pub(super) static TIME: Group = Group {
    heading: "Time",
    flags: &[
        &flag(
            "clock",
            OneOf(&["real", "manual", "auto"]),
            "Clock: real time, manual (advanced through the admin API), or auto (jumps to the next event)",
        )
        .read_with(|settings, raw| set(&mut settings.clock, raw.choice([Mode::Real, Mode::Manual, Mode::Auto])))
        .with_default("real"),
        &flag(
            "start-time",
            One("TIMESTAMP"),
            "Time at which the clocks start, such as 2026-01-01T00:00:00Z [default: now]",
        )
        .read_with(|settings, raw| set(&mut settings.start_time, raw.optional(start_time))),
        &flag("time-scale", One("FACTOR"), "Factor for injected delays and promised waits")
            .read_with(|settings, raw| set(&mut settings.time_scale, raw.one(time_scale)))
            .with_default("1")
            .with_conflict(|settings| {
                let is_scaled = (settings.time_scale - 1.0).abs() > f64::EPSILON;
                let has_real_delay = || settings.faults.iter().any(|rule| rule.contains("delay=real:"));
                (settings.clock == Mode::Auto && is_scaled && settings.scenarios.is_empty() && !has_real_delay())
                    .then_some("has no effect beside --clock auto, where only delay=real:… takes real time")
            }),
        &flag("chat-pace", One("DURATION"), "Pause between two events of the answer to a chat message")
            .read_with(|settings, raw| set(&mut settings.chat_pace, raw.one(parse_duration)))
            .with_default("0")
            .with_conflict(|settings| {
                (settings.fidelity == Fidelity::Contract && !settings.chat_pace.is_zero()).then_some(
                    "has no effect beside --contract, where the answer is one JSON array; omit one of the two",
                )
            }),
    ],
};

pub(super) static FAULTS: Group = Group {
    heading: "Faults",
    flags: &[
        &FAULT,
        &SCENARIO,
        &flag(
            "refuse",
            Many("FROM..TO"),
            "Refuse connections in this window of real time since the start (repeatable), such as 5s..10s",
        )
        .read_with(|settings, raw| set(&mut settings.refuse, raw.each(parse_window))),
        &flag("allow-overrides", Nothing, "Apply the fault rules in the x-mock-inject header of a request")
            .read_with(|settings, raw| set(&mut settings.allow_overrides, raw.boolean())),
        &flag("strict-faults", Nothing, "Exit with code 2 if a fault rule never struck, and name it")
            .read_with(|settings, raw| set(&mut settings.strict_faults, raw.boolean()))
            .with_conflict(|settings| {
                let has_no_rules = settings.faults.is_empty() && settings.scenarios.is_empty();
                let takes_no_rules = matches!(settings.admin, AdminAccess::Off | AdminAccess::Closed);
                (settings.strict_faults && has_no_rules && takes_no_rules)
                    .then_some("has no effect without a fault rule: none is given, and /__admin/ cannot add one")
            })
            .for_program(),
    ],
};

pub(crate) static FAULT: Flag =
    flag("fault", Many("RULE"), "Inject a fault (repeatable), such as 'indexes.create status=429 first=3'")
        .read_with(|settings, raw| set(&mut settings.faults, Ok(raw.values.clone())));

pub(crate) static SCENARIO: Flag =
    flag("scenario", Many("NAME|FILE"), "Load a scenario (repeatable); the subcommand `scenarios` lists them")
        .read_with(|settings, raw| set(&mut settings.scenarios, Ok(raw.values.clone())));

/// A time at which clocks can start: from 1970 on, and so early that every duration can be added to it.
fn start_time(text: &str) -> Result<Timestamp, String> {
    let time: Timestamp = text.trim().parse()?;
    if time.plus(MAX_DURATION) >= Timestamp::MAX {
        return Err(format!(
            "{text:?} is less than a hundred years before the end of the calendar, where a clock stops"
        ));
    }
    Ok(time)
}

fn time_scale(text: &str) -> Result<f64, String> {
    let scale = text.parse().ok().filter(|scale| (0.0..=1000.0).contains(scale));
    scale.ok_or_else(|| format!("{text:?} is not a factor from 0 to 1000"))
}
