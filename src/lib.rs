//! llamacloud-mock: a stand-in for LlamaCloud's Index API.

pub mod assets;
pub mod problem;
