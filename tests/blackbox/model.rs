//! A model-based test: random operations of two keys run against the server and against a model of plain lists, and
//! every response is compared whole. A failure shrinks to the shortest list of operations that shows it.

use std::sync::LazyLock;

use llamacloud_mock::embedded::MockServer;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::model_store::{Expand, Rules};
use crate::model_tenant::ModelTenant;
use crate::support::manual_clock_server;

/// One step of a run. A position selects a resource created so far, modulo their number; without one it selects none.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create { source: DirectoryRef, name: Name, described: bool, project: Project },
    CreateDirectory { name: Name, kind: &'static str, project: Project },
    GetDirectory { which: DirectoryRef, project: Project },
    Get { which: IndexRef, expand: Expand, project: Project },
    List { token: Token, size: Size, source: Option<DirectoryRef>, project: Project },
    Delete { which: IndexRef, project: Project },
    Sync { which: IndexRef, project: Project },
    Cancel { which: IndexRef, project: Project },
    Advance { millis: u64 },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum DirectoryRef {
    /// One of a few ids that no request has created.
    NeverCreated(u8),
    Created(usize),
    OutputOf(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Name {
    None,
    Text(&'static str),
}

/// The default project, or one of two others by name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Project {
    Unnamed,
    Named(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum IndexRef {
    ById(usize),
    ByExportId(usize),
    /// An index of the other tenant.
    OtherTenant(usize),
    Unknown,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Token {
    None,
    /// One that a list returned; it is used with that list's filters.
    Issued(usize),
    /// One that a list of the other tenant returned.
    OtherTenant(usize),
    Invalid,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Default,
    Of(i64),
}

const NAMES: &[&str] = &["Contracts", "", "Ünïcode 🦙", "mock:fail", "mock:stuck", "mock:slow=7s", "mock:partial x"];

fn source() -> impl Strategy<Value = DirectoryRef> {
    prop_oneof![
        3 => (0..3u8).prop_map(DirectoryRef::NeverCreated),
        2 => (0..4usize).prop_map(DirectoryRef::Created),
        1 => (0..4usize).prop_map(DirectoryRef::OutputOf),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    let given = prop::sample::select(NAMES).prop_map(Name::Text);
    prop_oneof![5 => Just(Name::None), 3 => given, 1 => Just(Name::Text("mock:nonsense"))]
}

fn project() -> impl Strategy<Value = Project> {
    prop_oneof![6 => Just(Project::Unnamed), 1 => (1..3usize).prop_map(Project::Named)]
}

fn which() -> impl Strategy<Value = IndexRef> {
    prop_oneof![
        6 => (0..4usize).prop_map(IndexRef::ById),
        3 => (0..4usize).prop_map(IndexRef::ByExportId),
        1 => (0..4usize).prop_map(IndexRef::OtherTenant),
        1 => Just(IndexRef::Unknown),
    ]
}

fn token() -> impl Strategy<Value = Token> {
    prop_oneof![
        3 => Just(Token::None),
        4 => (0..4usize).prop_map(Token::Issued),
        1 => (0..4usize).prop_map(Token::OtherTenant),
        1 => Just(Token::Invalid),
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

const DEFAULT_RULES: Rules = Rules {
    sync: 1000,
    export: 500,
    conflict: 409,
    accepts_id: true,
    accepts_export_id: true,
    creates_unknown_directories: true,
    page_size: 50,
};

/// Servers with different settings, and the rules of the model for each.
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
        (manual_clock_server(durations), DEFAULT_RULES),
        (
            manual_clock_server(strict),
            Rules {
                sync: 300,
                export: 0,
                conflict: 429,
                accepts_export_id: false,
                creates_unknown_directories: false,
                page_size: 2,
                ..DEFAULT_RULES
            },
        ),
        (manual_clock_server(instant), Rules { sync: 0, export: 0, conflict: 202, accepts_id: false, ..DEFAULT_RULES }),
    ]
});

proptest! {
    #![proptest_config(Config { cases: 1500, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_operations_of_two_keys_match_the_model(
        server in 0..3usize,
        steps in prop::collection::vec((0..2usize, step()), 1..60),
    ) {
        let (server, rules) = &SERVERS[server];
        let mut tenants = [ModelTenant::new(server, *rules), ModelTenant::new(server, *rules)];
        for (key, step) in &steps {
            let [first, second] = &mut tenants;
            let (tenant, other) = if *key == 0 { (first, second) } else { (second, first) };
            tenant.apply(step, other)?;
        }
    }
}
