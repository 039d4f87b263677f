//! The subcommand `env`: prints the lines with which a shell exports the variables for a running server.

use super::server_address::ServerAddress;
use super::{client, client_variables, healthcheck};
use crate::config::Settings;

/// The API key for a shell.
const KEY: &str = "llx-env";

/// The arguments of `env`.
#[derive(Debug)]
pub(super) struct Env {
    /// The shell that reads the lines.
    pub(super) shell: Syntax,
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

/// The lines for the server at this address.
///
/// Errors: the server is not healthy.
pub(super) fn lines(
    settings: &Settings,
    address: &ServerAddress,
    env: &Env,
    environment: &[(String, String)],
) -> Result<String, String> {
    let authority = address.authority()?;
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
}
