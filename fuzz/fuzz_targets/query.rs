//! Requests to operations: a line with method and target, then the body. The response has a status that the operation
//! allows and a body that matches its schema.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use llamacloud_mock::emulator::Emulator;
use llamacloud_mock_fuzz::{KEY, answer, check, create, emulator, head, operation, reset};

static EMULATOR: LazyLock<Emulator> = LazyLock::new(|| emulator(&[]));

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (line, body) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Some((method, target)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' ')) else { return };
    if !target.starts_with("/api/") {
        return;
    }
    let Some(head) = head(method, target, KEY) else { return };
    reset(&EMULATOR);
    create(&EMULATOR, KEY, "dir-1");
    let operation = operation(&head);
    check(operation, &answer(&EMULATOR, head, body));
});
