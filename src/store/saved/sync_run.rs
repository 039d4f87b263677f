//! Saves syncs that run, with their scripts.

use std::sync::Arc;

use serde_json::Value;

use super::value::SavedObject;
use crate::clock::{format_duration, parse_duration};
use crate::store::FieldReader;
use crate::store::sync::{Script, ScriptStep, Stage, SyncRun, Until};

pub(super) fn save_run(SyncRun { script, step, reads }: &SyncRun, object: &mut SavedObject) {
    object.put_object("script", |object| {
        let steps = script.steps.iter().map(|step| SavedObject::of(|object| save_step(step, object)));
        object.put_list("steps", steps.collect());
        object.put("message", &script.message);
    });
    object.put("step", step);
    object.put("reads", reads);
}

pub(super) fn restore_run(fields: &mut FieldReader<'_>) -> Result<SyncRun, String> {
    let script = fields.object("script", |fields| {
        Ok(Script { steps: fields.list("steps", restore_step)?, message: fields.take("message")? })
    })?;
    let script = Arc::new(script.ok_or(".script: is missing")?);
    let (step, reads) = (fields.take("step")?, fields.take("reads")?);
    if step < script.steps.len() {
        Ok(SyncRun { script, step, reads })
    } else {
        Err(".step: the script has fewer steps".to_owned())
    }
}

fn save_step(ScriptStep { stage, until }: &ScriptStep, object: &mut SavedObject) {
    match stage {
        Stage::Syncing => object.put("stage", "syncing"),
        Stage::Exporting => object.put("stage", "exporting"),
        Stage::Ready => object.put("stage", "ready"),
        Stage::Partial => object.put("stage", "partial"),
        Stage::Failed => object.put("stage", "failed"),
        Stage::Custom(word) => object.put_object("stage", |object| object.put("custom", word)),
    }
    match until {
        Some(Until::Elapsed(duration)) => {
            object.put_object("until", |object| object.put("elapsed", &format_duration(*duration)));
        }
        Some(Until::Reads(reads)) => object.put_object("until", |object| object.put("reads", reads)),
        None => {}
    }
}

fn restore_step(fields: &mut FieldReader<'_>) -> Result<ScriptStep, String> {
    let stage = match fields.value("stage") {
        Some(Value::String(word)) => restore_stage(word)?,
        _ => Stage::Custom(fields.object("stage", |fields| fields.take("custom"))?.ok_or(".stage: is missing")?),
    };
    let until = fields.object("until", |fields| match fields.take("elapsed")? {
        Some(text) => parse_duration(text).map(Until::Elapsed).map_err(|problem| format!(".elapsed: {problem}")),
        None => fields.take("reads").map(Until::Reads),
    })?;
    Ok(ScriptStep { stage, until })
}

fn restore_stage(word: &str) -> Result<Stage, String> {
    Ok(match word {
        "syncing" => Stage::Syncing,
        "exporting" => Stage::Exporting,
        "ready" => Stage::Ready,
        "partial" => Stage::Partial,
        "failed" => Stage::Failed,
        _ => return Err(format!(".stage: {word:?} is not one of syncing, exporting, ready, partial, failed")),
    })
}
