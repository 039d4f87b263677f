//! Runs `llamacloud_mock::fuzzing::pattern` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| llamacloud_mock::fuzzing::pattern(data));
