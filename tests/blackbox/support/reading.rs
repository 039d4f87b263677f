//! What is read from one file.

use serde_json::{Value, json};

use super::pdf::Pdf;
use super::{Client, RETRIEVE, reading_server};

/// An index over one file, and the text of the file in it.
pub(crate) struct Reading {
    pub(crate) client: Client,
    pub(crate) index: String,
    pub(crate) text: String,
    _server: llamacloud_mock::embedded::MockServer,
}

impl Reading {
    #[track_caller]
    pub(crate) fn of(name: &str, content: &[u8]) -> Self {
        let server = reading_server(&[]);
        let client = Client::of(&server);
        let (text, index) = client.read_alone(name, content);
        Self { client, index, text, _server: server }
    }

    /// The first and the last page of the best result.
    #[track_caller]
    pub(crate) fn pages_of_best(&self, query: &str) -> (Value, Value) {
        let results = self.client.ask(RETRIEVE, &self.index, json!({ "query": query }));
        let fields = &results["results"][0]["static_fields"];
        (fields["page_range_start"].clone(), fields["page_range_end"].clone())
    }
}

/// The text of a PDF with one page of this content.
#[track_caller]
pub(crate) fn text_of_content(content: &str) -> String {
    Reading::of("a.pdf", &Pdf::of_pages(&[content]).bytes()).text
}
