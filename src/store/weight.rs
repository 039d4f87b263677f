//! About how many bytes resources take, for the account that all worlds share. Estimates; never an allocation's true size.

use serde_json::Value;

use super::{Directory, Index};

/// What an index or a directory costs besides its text: itself and its entries in the maps.
const ITEM_OVERHEAD_BYTES: usize = 512;

impl Index {
    /// What it takes, its entries in the maps too.
    pub(super) fn weight_bytes(&self) -> usize {
        let options = self.options.as_ref().map_or(0, |options| {
            let products: usize = options.products.iter().map(|(kind, config)| kind.len() + config.len() + 32).sum();
            let attachments: usize = options.store_attachments.iter().map(|kind| kind.len() + 16).sum();
            products + attachments + options.sync_frequency.len() + options.vector_target.len()
        });
        let given_id = self.given_id.as_ref().map_or(0, |id| 2 * id.len());
        ITEM_OVERHEAD_BYTES
            + self.name.len()
            + self.description.as_ref().map_or(0, |text| text.len())
            + given_id
            + options
    }
}

impl Directory {
    /// What it takes, its entries in the maps too.
    pub(super) fn weight_bytes(&self) -> usize {
        let texts = [&self.description, &self.connector_subscription_id];
        let texts: usize = texts.into_iter().flatten().map(|text| text.len()).sum();
        let metadata = self
            .system_metadata
            .as_ref()
            .map_or(0, |map| map.iter().map(|(key, value)| key.len() + 64 + weight_bytes(value)).sum());
        ITEM_OVERHEAD_BYTES + 2 * self.id.len() + self.name.len() + texts + metadata
    }
}

/// About how much memory a JSON value takes.
fn weight_bytes(value: &Value) -> usize {
    let own = std::mem::size_of::<Value>();
    own + match value {
        Value::String(text) => text.len(),
        Value::Number(number) => number.as_str().len(),
        Value::Array(items) => items.iter().map(weight_bytes).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + own + weight_bytes(value)).sum(),
        Value::Null | Value::Bool(_) => 0,
    }
}
