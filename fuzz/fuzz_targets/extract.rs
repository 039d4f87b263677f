//! Runs `llamacloud_mock::fuzzing::extract` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| llamacloud_mock::fuzzing::extract(data));
