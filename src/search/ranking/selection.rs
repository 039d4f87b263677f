//! The documents that a query goes over, with their chunks numbered across all of them.

use super::document::SearchableDocument;
use super::numbers::count_as_f64;

/// The selected documents.
pub(super) struct Selection<'d> {
    documents: &'d [(&'d SearchableDocument, &'d str)],
    /// The number of the first chunk of each document.
    first_chunks: Vec<u32>,
    chunks: u32,
    words: u64,
}

impl<'d> Selection<'d> {
    /// Numbers the chunks in the order of the documents. Documents behind the 4 thousand millionth chunk are left out.
    pub(super) fn new(documents: &'d [(&'d SearchableDocument, &'d str)]) -> Self {
        let mut selection = Self { documents, first_chunks: Vec::with_capacity(documents.len()), chunks: 0, words: 0 };
        for (document, _) in documents {
            let count = u32::try_from(document.lengths().len()).unwrap_or(u32::MAX);
            let Some(next) = selection.chunks.checked_add(count) else { break };
            selection.first_chunks.push(selection.chunks);
            selection.chunks = next;
            selection.words += document.words();
        }
        selection
    }

    /// Each document and the number of its first chunk.
    pub(super) fn documents(&self) -> impl Iterator<Item = (u32, &'d SearchableDocument)> + '_ {
        self.first_chunks.iter().zip(self.documents).map(|(first, (document, _))| (*first, *document))
    }

    /// The documents with their names, so many at a time.
    pub(super) fn blocks(&self, size: usize) -> std::slice::Chunks<'d, (&'d SearchableDocument, &'d str)> {
        self.documents[..self.first_chunks.len()].chunks(size)
    }

    /// The number of chunks.
    pub(super) fn chunks(&self) -> usize {
        self.chunks as usize
    }

    /// The average number of words of a chunk, at least 1.
    pub(super) fn average_length(&self) -> f64 {
        let words = count_as_f64(usize::try_from(self.words).unwrap_or(usize::MAX));
        (words / count_as_f64(self.chunks()).max(1.0)).max(1.0)
    }

    /// The place of a document in the selection, and the place of a chunk in it.
    pub(super) fn place(&self, chunk: u32) -> (usize, usize) {
        let document = self.first_chunks.partition_point(|first| *first <= chunk).saturating_sub(1);
        (document, (chunk - self.first_chunks[document]) as usize)
    }

    /// A document and its name.
    pub(super) fn document(&self, place: usize) -> (&'d SearchableDocument, &'d str) {
        self.documents[place]
    }
}
