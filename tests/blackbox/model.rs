//! A model-based test: any operations, in any order, from two keys, against the server and against plain lists; every
//! answer is compared whole. A failure shrinks to the shortest list of operations that shows it.

use std::sync::LazyLock;

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::model_calls::Caller;
use crate::model_store::{Expand, Rules, Takes};
use crate::support::standing;

/// One step of a run. Positions mean what was made so far, counted round, and nothing when there is nothing.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create { source: Source, name: Name, described: bool, project: Project },
    CreateDirectory { name: Name, kind: &'static str, project: Project },
    GetDirectory { which: Source, project: Project },
    Get { which: Which, expand: Expand, project: Project },
    List { token: Token, size: Size, source: Option<Source>, project: Project },
    Delete { which: Which, project: Project },
    Sync { which: Which, project: Project },
    Cancel { which: Which, project: Project },
    Advance { millis: u64 },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// One of a few ids that nobody made.
    Mentioned(u8),
    Made(usize),
    OutputOf(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    None,
    RawRequest(&'static str),
}

/// The default project, or one of two others by name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Project {
    Unnamed,
    Named(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    ById(usize),
    ByExportId(usize),
    /// An index of the other key.
    Foreign(usize),
    Unknown,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Token {
    None,
    /// One that a list handed out; that list's filters go with it.
    Handed(usize),
    /// One that the other key's list handed out.
    Foreign(usize),
    Invented,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Default,
    Of(i64),
}

const NAMES: &[&str] = &["Contracts", "", "Ünïcode 🦙", "mock:fail", "mock:stuck", "mock:slow=7s", "mock:partial x"];

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        3 => (0..3u8).prop_map(Source::Mentioned),
        2 => (0..4usize).prop_map(Source::Made),
        1 => (0..4usize).prop_map(Source::OutputOf),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    let given = prop::sample::select(NAMES).prop_map(Name::RawRequest);
    prop_oneof![5 => Just(Name::None), 3 => given, 1 => Just(Name::RawRequest("mock:nonsense"))]
}

fn project() -> impl Strategy<Value = Project> {
    prop_oneof![6 => Just(Project::Unnamed), 1 => (1..3usize).prop_map(Project::Named)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        6 => (0..4usize).prop_map(Which::ById),
        3 => (0..4usize).prop_map(Which::ByExportId),
        1 => (0..4usize).prop_map(Which::Foreign),
        1 => Just(Which::Unknown),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        3 => Just(Token::None),
        4 => (0..4usize).prop_map(Token::Handed),
        1 => (0..4usize).prop_map(Token::Foreign),
        1 => Just(Token::Invented),
    ]
}

fn size() -> impl Strategy<Value = Size> {
    prop_oneof![2 => Just(Size::Default), 6 => (1..4i64).prop_map(Size::Of), 1 => (-1..1001i64).prop_map(Size::Of)]
}

fn step() -> impl Strategy<Value = Step> {
    let described = any::<bool>();
    prop_oneof![
        4 => (source(), name(), described, project())
            .prop_map(|(source, name, described, project)| Step::Create { source, name, described, project }),
        1 => (name(), prop::sample::select(vec!["user", "ephemeral"]), project())
            .prop_map(|(name, kind, project)| Step::CreateDirectory { name, kind, project }),
        1 => (source(), project()).prop_map(|(which, project)| Step::GetDirectory { which, project }),
        4 => (which(), prop_oneof![Just(Expand::Progress), Just(Expand::Nothing)], project())
            .prop_map(|(which, expand, project)| Step::Get { which, expand, project }),
        4 => (token(), size(), prop::option::weighted(0.3, source()), project())
            .prop_map(|(token, size, source, project)| Step::List { token, size, source, project }),
        1 => (which(), project()).prop_map(|(which, project)| Step::Delete { which, project }),
        3 => (which(), project()).prop_map(|(which, project)| Step::Sync { which, project }),
        2 => (which(), project()).prop_map(|(which, project)| Step::Cancel { which, project }),
        3 => prop::sample::select(&[0, 1, 300, 999, 1000, 1500, 7000, 60_000][..])
            .prop_map(|millis| Step::Advance { millis }),
    ]
}

const USUAL: Rules = Rules {
    sync: 1000,
    export: 500,
    conflict: 409,
    takes_id: Takes::Yes,
    takes_export_id: Takes::Yes,
    unknown_directories: Takes::Yes,
    page_size: 50,
};

/// Servers that are set in different ways, and the rules that follow.
static SERVERS: LazyLock<Vec<(MockServer, Rules)>> = LazyLock::new(|| {
    let durations: &[(&str, &str)] = &[("sync-duration", "1s"), ("export-duration", "500ms")];
    let strict: &[(&str, &str)] = &[
        ("sync-duration", "300ms"),
        ("sync-conflict", "429"),
        ("index-id", "id"),
        ("page-size", "2"),
        ("strict-references", "true"),
    ];
    let instant: &[(&str, &str)] = &[("sync-duration", "0"), ("sync-conflict", "coalesce"), ("index-id", "export")];
    vec![
        (standing(durations), USUAL),
        (
            standing(strict),
            Rules {
                sync: 300,
                export: 0,
                conflict: 429,
                takes_export_id: Takes::No,
                unknown_directories: Takes::No,
                page_size: 2,
                ..USUAL
            },
        ),
        (standing(instant), Rules { sync: 0, export: 0, conflict: 202, takes_id: Takes::No, ..USUAL }),
    ]
});

proptest! {
    #![proptest_config(Config { cases: 1500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_operations_of_two_keys_are_answered_as_plain_lists_would(
        server in 0..3usize,
        steps in prop::collection::vec((0..2usize, step()), 1..60),
    ) {
        let (server, rules) = &SERVERS[server];
        let mut callers = [Caller::new(server, *rules), Caller::new(server, *rules)];
        for (key, step) in &steps {
            let [first, second] = &mut callers;
            let (caller, other) = if *key == 0 { (first, second) } else { (second, first) };
            caller.take(step, other)?;
        }
    }
}
