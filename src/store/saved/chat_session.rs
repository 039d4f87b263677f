//! Saves chat sessions with their turns.

use serde_json::Value;

use super::SavedResource;
use super::content::Contents;
use super::restoration::RestoreContext;
use super::value::SavedObject;
use crate::clock::{format_duration, parse_duration};
use crate::schema::read_value;
use crate::store::{ChatSession, ChatTurn, FieldReader, Meta, Usage};

fn save_turn(turn: &ChatTurn, object: &mut SavedObject) {
    let Usage { input_tokens, output_tokens, duration } = turn.usage;
    let events = turn.events.iter().map(|event| read_value(event).expect("events are JSON"));
    object.put_json("events", events.collect());
    object.put("input_tokens", &input_tokens);
    object.put("output_tokens", &output_tokens);
    object.put("duration", &format_duration(duration));
    object.put("error", &turn.error);
    object.put("export_config_ids", &turn.export_config_ids);
}

fn restore_turn(fields: &mut FieldReader<'_>) -> Result<ChatTurn, String> {
    let events = match fields.value("events") {
        Some(Value::Array(events)) => events.iter().map(|event| event.to_string().into()).collect(),
        _ => return Err(".events: is no list".to_owned()),
    };
    let duration = parse_duration(fields.take("duration")?).map_err(|problem| format!(".duration: {problem}"))?;
    let (input_tokens, output_tokens) = (fields.take("input_tokens")?, fields.take("output_tokens")?);
    Ok(ChatTurn {
        events,
        usage: Usage { input_tokens, output_tokens, duration },
        error: fields.take("error")?,
        export_config_ids: fields.take("export_config_ids")?,
    })
}

impl SavedResource for ChatSession {
    fn save(&self, object: &mut SavedObject, _: &mut Contents) {
        object.put("title", &self.title);
        object.put("index_ids", &self.index_ids);
        object.put("shared_access", &self.shared_access);
        object.put("updated_at", &self.updated_at);
        object.put("begun", &self.begun);
        object.put_list(
            "turns",
            self.turns.iter().map(|turn| SavedObject::of(|object| save_turn(turn, object))).collect(),
        );
    }

    fn restore(fields: &mut FieldReader<'_>, meta: Meta, _: &RestoreContext<'_>) -> Result<Self, String> {
        Ok(Self {
            title: fields.take("title")?,
            index_ids: fields.take("index_ids")?,
            shared_access: fields.take("shared_access")?,
            updated_at: fields.take("updated_at")?,
            begun: fields.count("begun")?,
            turns: fields.list("turns", restore_turn)?,
            ..Self::new(meta)
        })
    }
}
