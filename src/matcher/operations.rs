//! Patterns of operations: names, families, reads, writes, all.

use super::ParseError;

/// The properties of an operation that patterns use.
pub(crate) trait OperationFacts {
    fn name(&self) -> &'static str;
    /// Its path with the names of its parameters.
    fn path(&self) -> &'static str;
    /// Whether it only reads.
    fn reads(&self) -> bool;
}

const ALL: &str = "*";
const READS: &str = "reads";
const WRITES: &str = "writes";

/// The positions of the `operations` that a pattern names, ascending. The error names the part of the pattern that
/// names none, and the nearest word that does.
pub(crate) fn matching_operations(pattern: &str, operations: &[impl OperationFacts]) -> Result<Vec<usize>, ParseError> {
    let mut positions = Vec::new();
    for part in pattern.split(',') {
        let named = operations.iter().enumerate().filter(|(_, operation)| is_named(part, *operation));
        let before = positions.len();
        positions.extend(named.map(|(position, _)| position));
        if positions.len() == before {
            return Err(unknown(part, operations));
        }
    }
    positions.sort_unstable();
    positions.dedup();
    Ok(positions)
}

fn is_named(part: &str, operation: &impl OperationFacts) -> bool {
    match part {
        ALL => true,
        READS => operation.reads(),
        WRITES => !operation.reads(),
        _ => match family(part) {
            Some(family) => operation.name().strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
            None => operation.name() == part,
        },
    }
}

/// The family of `family.*`.
fn family(part: &str) -> Option<&str> {
    part.strip_suffix(".*")
}

fn unknown(part: &str, operations: &[impl OperationFacts]) -> ParseError {
    if part.is_empty() {
        return ParseError::new(
            "operation",
            "is empty; it is a name, NAME.*, reads, writes or *, or several with commas",
        );
    }
    let mut words: Vec<String> = operations.iter().map(|operation| operation.name().to_owned()).collect();
    let families = operations.iter().filter_map(|operation| operation.name().rsplit_once('.'));
    words.extend(families.map(|(family, _)| format!("{family}.*")));
    words.extend([READS, WRITES].map(str::to_owned));
    ParseError::new(part, "is not an operation").near(part, words.iter().map(String::as_str))
}
