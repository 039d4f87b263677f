//! The type of the operation table, and the look-up in it: which row a request means, or 404, 405, 307 as the service's
//! framework decides them. It never runs a handler.

use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::error::ApiError;
use crate::request::PathParams;
use crate::response::Response;
use crate::store::{HandlerRequest, Store};

/// What an operation does with a tenant's store.
pub type Handler = fn(&mut Store, &mut HandlerRequest) -> Result<Response, ApiError>;

/// One endpoint of the emulated API.
#[derive(Debug)]
pub struct Operation {
    /// Named as the official SDKs name its method.
    pub name: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path, parameters in braces.
    pub path: &'static str,
    /// The schema of its path, query and cookie parameters.
    pub params: &'static str,
    /// The schema of its body; without one, a body is ignored.
    pub body: Option<&'static str>,
    /// The status of its success.
    pub status: u16,
    /// The schema of its answer; without one, the answer is empty.
    pub response: Option<&'static str>,
    /// One sentence for people.
    pub summary: &'static str,
    /// What it does.
    pub handler: Handler,
}

/// All operations, in the order in which they are tried.
#[derive(Debug)]
pub struct Routes {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    operation: &'static Operation,
    segments: Vec<&'static str>,
}

/// What a method and a path mean.
#[derive(Debug)]
pub enum Route {
    /// An operation, and the values in its path.
    Found(&'static Operation, PathParams),
    /// Nothing, but the same path with or without its last slash would be something.
    Elsewhere(String),
    /// A path that is known, but not with this method.
    WrongMethod(&'static str),
    /// Nothing.
    Unknown,
}

/// What a URL keeps unescaped, as the framework's redirects write it.
const UNESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'?')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl Routes {
    /// The table of all `operations`.
    pub fn new(operations: impl Iterator<Item = &'static Operation>) -> Self {
        let row = |operation: &'static Operation| Row { operation, segments: operation.path[1..].split('/').collect() };
        Self { rows: operations.map(row).collect() }
    }

    /// All operations.
    pub fn operations(&self) -> impl Iterator<Item = &'static Operation> + '_ {
        self.rows.iter().map(|row| row.operation)
    }

    /// What `method` on `path` (undecoded) means. The framework decodes a path before it matches it, so an escaped slash
    /// is a slash.
    pub fn find(&self, method: &Method, path: &str) -> Route {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let mut allow = None;
        for row in &self.rows {
            if !row.matches(&decoded) {
                continue;
            }
            if row.operation.method == *method {
                return Route::Found(row.operation, row.params(&decoded));
            }
            allow = allow.or(Some(row.operation.method.as_str()));
        }
        allow.map_or_else(|| self.elsewhere(&decoded), Route::WrongMethod)
    }

    fn elsewhere(&self, path: &str) -> Route {
        let other = if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") };
        if self.rows.iter().any(|row| row.matches(&other)) {
            Route::Elsewhere(utf8_percent_encode(&other, UNESCAPED).to_string())
        } else {
            Route::Unknown
        }
    }
}

impl Row {
    fn matches(&self, path: &str) -> bool {
        let mut given = self.tidied(path).strip_prefix('/').into_iter().flat_map(|path| path.split('/'));
        let fits =
            |segment: &str, value: &str| if segment.starts_with('{') { !value.is_empty() } else { value == segment };
        self.segments.iter().all(|segment| given.next().is_some_and(|value| fits(segment, value)))
            && given.next().is_none()
    }

    /// The values in a path that matches.
    fn params(&self, path: &str) -> PathParams {
        let pairs = self.segments.iter().zip(self.tidied(path).split('/').skip(1));
        let param = |(segment, value): (&&'static str, &str)| {
            Some((segment.strip_prefix('{')?.trim_end_matches('}'), value.to_owned()))
        };
        pairs.filter_map(param).collect()
    }

    /// The framework's pattern for a path ends in a `$`, which Python also finds before a line's end.
    fn tidied<'a>(&self, path: &'a str) -> &'a str {
        let ends_in_word = self.segments.last().is_some_and(|segment| !segment.starts_with('{'));
        if ends_in_word { path.strip_suffix('\n').unwrap_or(path) } else { path }
    }
}
