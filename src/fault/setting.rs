//! The clauses about the rule itself: its name, its time to live, and whether later rules may strike too.

use super::draft::RuleDraft;
use super::row::{ClauseClass::Setting, ClauseRow, fixed, valued};
use super::value;

/// The clauses about the rule itself.
pub(super) const ROWS: &[ClauseRow] = &[
    valued("name=WORD", Setting, |draft, value| Ok(RuleDraft { name: Some(value::name(value)?), ..draft }))
        .doc("the name in reports and in the header x-mock-fault", "* status=503 name=outage"),
    valued("ttl=DURATION", Setting, |draft, value| Ok(RuleDraft { ttl: Some(value::over_zero(value)?), ..draft }))
        .doc("removes the rule after this time, which is real time on every clock", "* status=503 ttl=5m"),
    fixed("continue", Setting, |draft| RuleDraft { continues: true, ..draft })
        .doc("lets later rules strike too", "* delay=50ms continue"),
];
