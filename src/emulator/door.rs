//! Who is let in, and what a head that means no operation is answered.

use http::header::{HeaderValue, LOCATION};

use super::{Arrival, Emulator};
use crate::call::{Head, PathParams};
use crate::config::{ANONYMOUS, Auth};
use crate::operation::{Operation, Route};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::visit::{Kind, Visit};

impl Emulator {
    pub(super) fn admit(&self, head: &Head, operation: &'static Operation, params: PathParams) -> Arrival {
        let kind = Kind::Operation(operation, params);
        let limit = self.settings.max_body_bytes;
        match self.key(head).map(|key| self.tenants.admit(key)) {
            None => Arrival::Admitted(Box::new(Visit::of_nobody(kind, limit))),
            Some(Some(tenant)) => self.welcome(Visit::of(tenant, kind, limit), operation, head),
            Some(None) => {
                let most = self.settings.max_tenants;
                let reply =
                    Problem::text(429, format!("This server knows at most {most} API keys (--max-tenants)")).into();
                self.record_unrouted(head, &reply);
                Arrival::Decided(reply)
            }
        }
    }

    fn welcome(&self, mut visit: Visit, operation: &Operation, head: &Head) -> Arrival {
        match self.meet_head(&mut visit, operation, head) {
            Ok(()) => Arrival::Admitted(Box::new(visit)),
            Err(problem) => Arrival::Decided(self.refuse(&mut visit, head, problem)),
        }
    }

    /// The key that a caller is let in with, if it is.
    pub(super) fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        match (head.credential(), self.settings.auth) {
            (None, Auth::Optional) => Some(ANONYMOUS),
            (shown, _) => shown.filter(|key| self.settings.lets_in(key)),
        }
    }

    pub(super) fn unrouted(&self, head: &Head, route: Route) -> Reply {
        let reply = match route {
            Route::Elsewhere(path) => self.redirect(head, &path),
            Route::WrongMethod(allow) => {
                Problem { allow: Some(allow), ..Problem::text(405, "Method Not Allowed") }.into()
            }
            Route::Found(..) | Route::Unknown => Problem::text(404, "Not Found").into(),
        };
        self.record_unrouted(head, &reply);
        reply
    }

    fn redirect(&self, head: &Head, path: &str) -> Reply {
        let host = head.header("host").unwrap_or("127.0.0.1");
        let base = self.settings.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        let query = head.query.as_deref().filter(|query| !query.is_empty());
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        match HeaderValue::from_str(&format!("{base}{path}{query}")) {
            Ok(location) => Reply::empty(307).with_header(LOCATION, location),
            Err(_) => Problem::text(404, "Not Found").into(),
        }
    }
}

/// Why a caller without a good key is not let in.
pub(super) fn why_not(head: &Head) -> Problem {
    match head.credential() {
        Some(_) => Problem::text(401, "Invalid authentication token"),
        None => Problem::text(401, "Not authenticated"),
    }
}
