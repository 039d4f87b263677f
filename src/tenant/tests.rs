//! The registry of tenants: rules that are kept, labels, and the order of tenants.

use super::*;
use crate::config::{self, RawSettings};
use crate::fault::Target;

const TARGET: Target = Target {
    name: "widgets.get",
    path: "/widgets",
    request_body: false,
    response_body: true,
    streams: false,
    reads: true,
    state_faults: &[],
};

/// A registry with the default settings.
fn registry() -> Tenants {
    let settings = config::read(&RawSettings::from_flags(&[])).expect("the defaults are valid");
    Tenants::new(&settings, FaultRules::default(), Worlds::default(), StateBudget::new(settings.max_state_bytes))
}

#[test]
fn tenants_are_found_by_label_and_listed_in_the_order_of_their_labels() {
    let tenants = registry();
    let mut labels: Vec<Arc<str>> =
        (0..100).map(|number| tenants.admit(&format!("key-{number}")).expect("there is room").label.clone()).collect();
    labels.sort();
    assert_eq!(tenants.all().iter().map(|tenant| tenant.label.clone()).collect::<Vec<_>>(), labels);
    for label in &labels {
        assert_eq!(tenants.with_label(label).map(|found| found.label.clone()), Some(label.clone()));
    }
    let first = &*labels[0];
    for text in ["", "t-", "t-0", "t-00000000000g", "t-+00000000001", "t-000000000000", "key-1", "t-ffffffffffff"] {
        assert!(tenants.with_label(text).is_none(), "{text}");
    }
    assert!(tenants.with_label(&first.replace("t-", "t-0")[..first.len()]).is_none());
    assert!(tenants.with_label(&format!("{first}0")).is_none());
}

#[test]
fn added_rules_are_kept_up_to_a_limit_and_those_past_it_are_counted() {
    let tenants = registry();
    let rule = Rule::parse("* hang name=a", &[TARGET]).expect("it is valid");
    (0..MAX_ADDED_RULES).for_each(|_| tenants.note_rule(&rule));
    assert_eq!(tenants.rules_never_struck().len(), MAX_ADDED_RULES);
    (0..2).for_each(|_| tenants.note_rule(&rule));
    let shown = tenants.rules_never_struck();
    assert_eq!((shown.len(), shown[0].as_str()), (MAX_ADDED_RULES + 1, "a: * hang name=a"));
    assert!(shown[MAX_ADDED_RULES].starts_with("2 more rules"), "{}", shown[MAX_ADDED_RULES]);
}
