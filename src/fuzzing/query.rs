//! Requests for operations: a line with method and target, then the body. The response has a status that the operation
//! may have, and a body that its schema accepts.

use std::sync::LazyLock;

use super::drive::{KEY, assert_allowed, create, first_line, head_of, instance, operation_of, reset, respond};
use crate::instance::Instance;

static INSTANCE: LazyLock<Instance> = LazyLock::new(|| instance(&[]));

/// Runs the target on one input.
pub fn query(data: &[u8]) {
    let (line, body) = first_line(data);
    let Some((method, target)) = std::str::from_utf8(line).ok().and_then(|line| line.split_once(' ')) else { return };
    if !target.starts_with("/api/") {
        return;
    }
    let Some(head) = head_of(method, target, KEY) else { return };
    reset(&INSTANCE);
    create(&INSTANCE, KEY, "dir-1");
    let operation = operation_of(&head);
    assert_allowed(operation, &respond(&INSTANCE, head, body));
}
