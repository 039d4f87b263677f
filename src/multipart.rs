//! stub
#[derive(Debug, Clone)]
pub(crate) struct FilePart {
    pub(crate) filename: String,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: bytes::Bytes,
}
