//! The settings about the emulated service.

use super::super::{DuplicateUniqueId, Fidelity, IndexId, References, ScoreThresholdOn, SyncConflict, parse_results};
use super::Takes::{Many, Nothing, One, OneOf};
use super::{Flag, Group, flag, set};
use crate::clock::parse_duration;

pub(in crate::config) static EMULATION: Group = Group {
    heading: "Emulation",
    flags: &[
        &flag("seed", One("NUMBER"), "Seed of all randomness: equal seeds give equal responses")
            .read_with(|settings, raw| set(&mut settings.seed, raw.parse("a number from 0 to 18446744073709551615")))
            .with_default("1"),
        &STRICT_REFERENCES,
        &flag(
            "index-id",
            OneOf(&["any", "id", "export"]),
            "Which id identifies an index: its id, its export_config_id, or both",
        )
        .read_with(|settings, raw| {
            set(&mut settings.index_id, raw.choice([IndexId::Any, IndexId::Id, IndexId::Export]))
        })
        .with_default("any"),
        &UNKNOWN_VALUE_STATUS,
        &CONTRACT,
        &STRICT_CONTRACT,
        &flag("sync-duration", One("DURATION"), "Duration of a sync")
            .read_with(|settings, raw| set(&mut settings.sync_duration, raw.one(parse_duration)))
            .with_default("200ms"),
        &flag("export-duration", One("DURATION"), "Duration of the export after a sync")
            .read_with(|settings, raw| set(&mut settings.export_duration, raw.one(parse_duration)))
            .with_default("0"),
        &flag(
            "sync-conflict",
            OneOf(&["409", "429", "coalesce"]),
            "Response to a sync request while a sync runs; coalesce is 202 without a new run",
        )
        .read_with(|settings, raw| {
            let responses = [SyncConflict::Refuse(409), SyncConflict::Refuse(429), SyncConflict::Coalesce];
            set(&mut settings.sync_conflict, raw.choice(responses))
        })
        .with_default("409")
        .with_conflict(|settings| {
            (settings.fidelity == Fidelity::Contract && settings.sync_conflict != SyncConflict::Coalesce)
                .then_some("has no effect beside --contract, which accepts every sync request; omit one of the two")
        }),
        &flag(
            "duplicate-unique-id",
            OneOf(&["allow", "409"]),
            "Response to a file whose unique_id another file of its directory has",
        )
        .read_with(|settings, raw| {
            set(&mut settings.duplicate_unique_id, raw.choice([DuplicateUniqueId::Allow, DuplicateUniqueId::Refuse]))
        })
        .with_default("allow")
        .with_conflict(|settings| {
            (settings.fidelity == Fidelity::Contract && settings.duplicate_unique_id == DuplicateUniqueId::Refuse)
                .then_some("has no effect beside --contract, which accepts every file; omit one of the two")
        }),
        &flag(
            "score-threshold-on",
            OneOf(&["rerank", "score"]),
            "What score_threshold is compared with while reranking is on: rerank_score or score",
        )
        .read_with(|settings, raw| {
            set(&mut settings.score_threshold_on, raw.choice([ScoreThresholdOn::Rerank, ScoreThresholdOn::Score]))
        })
        .with_default("rerank"),
        &flag("parse-results", One("DIR"), "Use the text of DIR/NAME.md for an uploaded file called NAME").read_with(
            |settings, raw| {
                set(&mut settings.parse_results, raw.optional(parse_results::read).map(Option::unwrap_or_default))
            },
        ),
        &WORLD,
        &flag("page-size", One("ITEMS"), "Items on a page if the request does not say, 1 to 1000")
            .read_with(|settings, raw| set(&mut settings.page_size, raw.within(1, 1000)))
            .with_default("50"),
        &SCHEMAS,
    ],
};

pub(crate) static STRICT_REFERENCES: Flag =
    flag("strict-references", Nothing, "Answer 404 to ids of directories and configurations that do not exist")
        .read_with(|settings, raw| set(&mut settings.references, raw.switch(References::Lenient, References::Strict)))
        .with_conflict(|settings| {
            (settings.fidelity == Fidelity::Contract && settings.references == References::Strict)
                .then_some("has no effect beside --contract, which accepts every id; omit one of the two")
        });

pub(crate) static UNKNOWN_VALUE_STATUS: Flag =
    flag("unknown-value-status", OneOf(&["422", "400"]), "Status for values that the service checks in its own code")
        .read_with(|settings, raw| set(&mut settings.unknown_value_status, raw.choice([422, 400])))
        .with_default("422");

pub(crate) static CONTRACT: Flag = flag("contract", Nothing, "Answer 2xx to every valid request, also for unknown ids")
    .read_with(|settings, raw| set(&mut settings.fidelity, raw.switch(Fidelity::Service, Fidelity::Contract)));

static STRICT_CONTRACT: Flag =
    flag("strict-contract", Nothing, "Answer 422 to fields and parameters that the contract does not know")
        .read_with(|settings, raw| set(&mut settings.strict_contract, raw.switch(false, true)))
        .with_conflict(|settings| {
            (settings.fidelity == Fidelity::Contract && settings.strict_contract)
                .then_some("cannot stand beside --contract, which accepts every valid request; omit one of the two")
        });

pub(crate) static WORLD: Flag =
    flag("world", Many("FILE"), "Start tenants with the resources that FILE describes, TOML or JSON (repeatable)")
        .read_with(|settings, raw| set(&mut settings.worlds, Ok(raw.values.clone())));

pub(crate) static SCHEMAS: Flag =
    flag("schemas", One("DIR"), "Replace JSON Schemas with the files of the same name in DIR")
        .read_with(|settings, raw| set(&mut settings.schemas, Ok(raw.path())));
