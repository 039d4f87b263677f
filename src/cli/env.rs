//! The subcommand `env`: prints the lines with which a shell exports the variables for a running server.

use http::Uri;

use super::{client, client_variables, healthcheck};
use crate::config::Settings;

/// The API key for a shell.
const KEY: &str = "llx-env";

/// The arguments of `env`.
#[derive(Debug)]
pub(super) struct Env {
    /// The shell that reads the lines.
    pub(super) shell: Syntax,
    /// Host and port of the server; by default those of the settings.
    pub(super) authority: Option<String>,
}

/// A syntax for exported variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// POSIX, bash and zsh; fish understands it too.
    Sh,
    Fish,
    PowerShell,
}

impl Syntax {
    /// The names of shells.
    pub(super) const ALL: [(&str, Self); 5] = [
        ("sh", Self::Sh),
        ("bash", Self::Sh),
        ("zsh", Self::Sh),
        ("fish", Self::Fish),
        ("powershell", Self::PowerShell),
    ];

    /// The line that exports a variable.
    fn line(self, name: &str, value: &str) -> String {
        match self {
            // A backslash stands outside of the quotes, because fish would read it inside of them.
            Self::Sh => {
                let quoted = value.chars().fold(String::new(), |quoted, character| match character {
                    '\\' => quoted + r"'\\'",
                    '\'' => quoted + r"'\''",
                    other => quoted + other.encode_utf8(&mut [0; 4]),
                });
                format!("export {name}='{quoted}'\n")
            }
            Self::Fish => format!("set -gx {name} '{}'\n", value.replace('\\', r"\\").replace('\'', r"\'")),
            Self::PowerShell => {
                // PowerShell takes typographic quotes for a single quote too.
                let doubled = |quoted: String, quote: char| quoted.replace(quote, &format!("{quote}{quote}"));
                let quoted = ['\'', '‘', '’', '‚', '‛'].into_iter().fold(value.to_owned(), doubled);
                format!("$env:{name} = '{quoted}'\n")
            }
        }
    }
}

/// Host and port of an HTTP URL without a path.
pub(super) fn authority_of(url: &str) -> Result<String, String> {
    let example = "give it like http://127.0.0.1:4010";
    let uri: Uri = url.trim().parse().map_err(|error| format!("is not a URL ({error}); {example}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("does not begin with http://, the only protocol of the server; {example}"));
    }
    let authority =
        uri.authority().filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty());
    let Some(authority) = authority else { return Err(format!("has no plain host; {example}")) };
    if uri.path() != "/" || uri.query().is_some() {
        return Err(format!("has a path or a query, which a base URL does not have; {example}"));
    }
    let port = authority.port_u16().unwrap_or(80);
    Ok(format!("{}:{port}", authority.host()))
}

/// The lines for the server of these settings, or at the URL of the arguments.
///
/// Errors: the server is not healthy.
pub(super) fn lines(settings: &Settings, env: &Env, environment: &[(String, String)]) -> Result<String, String> {
    let authority = env.authority.clone().map_or_else(|| client::authority(settings), Ok)?;
    client::runtime()?.block_on(healthcheck::attempt(&authority, None)).map_err(|problem| {
        format!("{problem}; start the server with llamacloud-mock, or say where it is with --url or --port")
    })?;
    let key = settings.api_keys.first().map_or(KEY, String::as_str);
    let variables = client_variables::all(&format!("http://{authority}"), key, environment);
    Ok(variables.iter().map(|(name, value)| env.shell.line(name, value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_for_each_shell() {
        for (shell, expected) in [
            (Syntax::Sh, r"export A='it'\''s $x '\\' ’'"),
            (Syntax::Fish, r"set -gx A 'it\'s $x \\ ’'"),
            (Syntax::PowerShell, r"$env:A = 'it''s $x \ ’’'"),
        ] {
            assert_eq!(shell.line("A", r"it's $x \ ’"), format!("{expected}\n"));
        }
    }

    #[test]
    fn a_url_is_plain_http_without_a_path() {
        for (text, authority) in [
            ("http://127.0.0.1:4010", "127.0.0.1:4010"),
            (" http://127.0.0.1:4010/ ", "127.0.0.1:4010"),
            ("http://mock.test", "mock.test:80"),
            ("http://[::1]:4010", "[::1]:4010"),
        ] {
            assert_eq!(authority_of(text).as_deref(), Ok(authority), "{text}");
        }
        for text in [
            "127.0.0.1:4010",
            "https://mock.test",
            "http://",
            "http://a.test/api",
            "http://a:b@c.test",
            "http://a.test?b",
            "x y",
        ] {
            assert!(authority_of(text).is_err(), "{text}");
        }
    }
}
