//! The registry of tenants: rules that are kept, labels, and the order of tenants.

use super::added_rules::MAX_ADDED_RULES;
use super::*;
use crate::clock::system_now;
use crate::config::{self, RawSettings};
use crate::fault::{Rule, Target};

const TARGET: Target = Target {
    name: "widgets.get",
    path: "/widgets",
    request_body: false,
    response_body: true,
    streams: false,
    reads: true,
    state_faults: &[],
};

/// A registry with these settings.
fn registry(flags: &[(&str, &str)]) -> Tenants {
    let settings = config::read(&RawSettings::from_flags(flags)).expect("the settings are valid");
    Tenants::new(&settings, FaultRules::default(), Worlds::default(), StateBudget::new(settings.max_state_bytes))
}

#[test]
fn tenants_are_found_by_label_and_listed_in_the_order_of_their_labels() {
    let tenants = registry(&[]);
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
    let tenants = registry(&[]);
    let rule = Rule::parse("* hang name=a", &[TARGET]).expect("it is valid");
    (0..MAX_ADDED_RULES).for_each(|_| tenants.note_rule(&rule));
    assert_eq!(tenants.rules_never_struck().len(), MAX_ADDED_RULES);
    (0..2).for_each(|_| tenants.note_rule(&rule));
    let shown = tenants.rules_never_struck();
    assert_eq!((shown.len(), shown[0].as_str()), (MAX_ADDED_RULES + 1, "a: * hang name=a"));
    assert!(shown[MAX_ADDED_RULES].starts_with("2 more rules"), "{}", shown[MAX_ADDED_RULES]);
}

/// A registry with this number of places, all of them taken by the keys `key-0`, `key-1` and so on.
fn full_registry(places: usize) -> Tenants {
    let tenants = registry(&[("max-tenants", &places.to_string())]);
    for number in 0..places {
        assert!(tenants.admit(&format!("key-{number}")).is_ok());
    }
    tenants
}

/// Lets a tenant have been used this many minutes ago.
fn idle(tenants: &Tenants, key: &str, minutes: u64) {
    tenants.find(key).expect("it is there").note_use(system_now().minus(Duration::from_mins(minutes)));
}

#[test]
fn the_tenant_that_was_idle_longest_leaves_its_place_after_ten_minutes() {
    let tenants = full_registry(3);
    for (key, minutes) in [("key-0", 11), ("key-1", 30), ("key-2", 9)] {
        idle(&tenants, key, minutes);
    }
    assert!(tenants.admit("new-0").is_ok());
    assert!(tenants.was_evicted("key-1") && tenants.find("key-1").is_none());
    assert!(tenants.was_evicted(&crate::key_label::label_of("key-1")), "it is known by its label too");
    assert!(tenants.admit("new-1").is_ok());
    assert!(tenants.was_evicted("key-0"));
    assert!(tenants.admit("new-2").is_err(), "no other was idle for ten minutes");
    assert!(!tenants.was_evicted("key-2") && !tenants.was_evicted("new-2"));
    assert_eq!(tenants.all().len(), 3);
}

#[test]
fn an_evicted_tenant_that_is_made_anew_has_lost_entries() {
    let tenants = full_registry(1);
    idle(&tenants, "key-0", 11);
    assert!(tenants.admit("new").is_ok());
    assert_eq!(tenants.evicted_requests(), 1);
    tenants.forget(&tenants.find("new").expect("it is there"));
    let anew = tenants.admit("key-0").expect("there is a place");
    assert_eq!(anew.lock().journal.dropped(), 1);
    assert_eq!((tenants.evicted_requests(), tenants.was_evicted("key-0")), (0, false));
}

#[test]
fn a_tenant_with_an_open_request_stays() {
    let tenants = full_registry(1);
    idle(&tenants, "key-0", 60);
    let open = tenants.find("key-0").expect("it is there").open_call();
    assert!(tenants.admit("new").is_err());
    drop(open);
    assert!(tenants.admit("new").is_ok());
}

#[test]
fn tenants_without_a_place_are_known_up_to_as_many_as_there_are_places() {
    let tenants = full_registry(2);
    for number in 2..20 {
        tenants.all().iter().for_each(|tenant| tenant.leave_place());
        assert!(tenants.admit(&format!("key-{number}")).is_ok());
        assert!(tenants.all().len() <= 4, "{}", tenants.all().len());
    }
}
