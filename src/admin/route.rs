//! A route of the admin API. It states the query parameters and the fields of the body that a request may have; every
//! request is checked against it before its handler runs.

use std::fmt;

use http::Method;
use serde::Serialize;

use super::{PREFIX, read};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::matcher::ParseError;
use crate::request::Request;
use crate::response::Response;

type AdminHandler = fn(&Instance, &Request) -> Result<Response, ApiError>;

/// One method on one path of the admin API.
#[derive(Debug)]
pub(super) struct AdminRoute {
    pub(super) method: Method,
    /// The path below [`PREFIX`]; a word in braces is any segment.
    pub(super) path: &'static str,
    /// The query parameters.
    pub(super) parameters: &'static [&'static str],
    /// The allowed content of the body.
    pub(super) body: AdminBody,
    /// What it is about, which decides who may use it.
    pub(super) scope: RouteScope,
    /// A description in one sentence.
    pub(super) description: &'static str,
    /// The function that responds.
    pub(super) handler: AdminHandler,
}

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RouteScope {
    /// The program, which is the same for every tenant.
    Program,
    /// It reads one tenant, or all.
    Reads,
    /// It changes one tenant, or all.
    Changes,
    /// The whole server.
    Server,
}

/// The allowed content of the body of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum AdminBody {
    /// A JSON object with these fields.
    Fields(&'static [&'static str]),
    /// A fault rule, which is checked when it is parsed.
    FaultRule,
    /// A snapshot, which is checked when it is read.
    Snapshot,
}

/// The query parameters that may be given several times.
const REPEATABLE: &[&str] = &["when"];

impl AdminRoute {
    pub(super) fn is_at(&self, path: &str) -> bool {
        let (own, given): (Vec<&str>, Vec<&str>) = (self.path.split('/').collect(), path.split('/').collect());
        let is_same = |(own, given): (&&str, &&str)| own == given || own.starts_with('{') && !given.is_empty();
        own.len() == given.len() && own.iter().zip(&given).all(is_same)
    }

    /// Whether its requests change something.
    pub(super) fn changes(&self) -> bool {
        self.scope == RouteScope::Changes || self.scope == RouteScope::Server && self.method != Method::GET
    }

    /// The field of the body that names the tenant.
    pub(super) fn tenant_field(&self) -> &'static str {
        match self.body {
            AdminBody::Fields(fields) if fields.contains(&"key") => "key",
            AdminBody::Fields(_) | AdminBody::FaultRule | AdminBody::Snapshot => "tenant",
        }
    }

    /// Checks the query parameters and the body of a request.
    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        self.check_query(request)?;
        match self.body {
            AdminBody::Fields(known) => self.check_fields(request, known),
            AdminBody::FaultRule | AdminBody::Snapshot => Ok(()),
        }
    }

    fn check_query(&self, request: &Request) -> Result<(), ApiError> {
        let mut given: Vec<String> = Vec::new();
        for (name, value) in read::parameters(request) {
            let error = |problem: &str| read::refusal(&ParseError::new(&name, problem));
            if !self.parameters.contains(&&*name) {
                return Err(self.unknown(&name, "query parameter", self.parameters));
            }
            if value.is_empty() {
                return Err(error("is empty; leave the parameter out instead"));
            }
            if given.contains(&name.to_string()) && !REPEATABLE.contains(&&*name) {
                return Err(error("is given twice"));
            }
            given.push(name.into_owned());
        }
        Ok(())
    }

    fn check_fields(&self, request: &Request, known: &[&str]) -> Result<(), ApiError> {
        let fields = read::fields(request)?;
        match fields.names().find(|name| !known.contains(name)) {
            Some(name) => Err(self.unknown(name, "field", known)),
            None => Ok(()),
        }
    }

    fn unknown(&self, name: &str, kind: &str, known: &[&str]) -> ApiError {
        let problem = format!("is not a {kind} of {self}");
        read::refusal(&ParseError::new(name, problem).near(name, known.iter().copied()))
    }
}

impl fmt::Display for AdminRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {PREFIX}{}", self.method, self.path)
    }
}
