//! llamacloud-mock: a stand-in for LlamaCloud's Index API.

pub mod assets;
pub mod call;
pub mod clock;
pub mod config;
pub mod emulator;
pub mod problem;
pub mod reply;
pub mod seed;
pub mod sync;
