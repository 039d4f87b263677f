//! What of a credential is shown in the journal and in the log: nothing, or the last four characters of a key that looks
//! real.

use std::borrow::Cow;

/// What LlamaCloud's own keys begin with, and how many characters they have behind it at least.
const PREFIX: &str = "llx-";
const LEAST_LENGTH: usize = 40;

/// Characters of a secret that are shown.
const SHOWN: usize = 4;

/// Headers whose values are credentials.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization"];

/// Parts of the names of other headers whose values are credentials.
const SECRET_HEADER_PARTS: &[&str] = &["api-key", "token"];

/// What is shown in the place of a credential.
const HIDDEN: &str = "…";

/// Query parameters whose values are secrets to those who give a key there by mistake.
const NAMES: &[&str] = &[
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "key",
    "password",
    "secret",
    "session",
    "token",
    "x-api-key",
];

/// Whether a key looks like one of the real service's.
pub fn looks_real(key: &str) -> bool {
    key.strip_prefix(PREFIX).is_some_and(|rest| length_of_key(rest) == rest.len() && rest.len() >= LEAST_LENGTH)
}

/// The text without the keys in it that look real.
pub fn masked(text: &str) -> Cow<'_, str> {
    let Some(mut at) = text.find(PREFIX) else { return Cow::Borrowed(text) };
    let mut shown = String::new();
    let mut rest = text;
    loop {
        let begin = at + PREFIX.len();
        let length = length_of_key(&rest[begin..]);
        shown.push_str(&rest[..begin]);
        if length < LEAST_LENGTH {
            shown.push_str(&rest[begin..begin + length]);
        } else {
            shown.push('…');
            shown.push_str(&rest[begin + length - SHOWN..begin + length]);
        }
        rest = &rest[begin + length..];
        match rest.find(PREFIX) {
            Some(next) => at = next,
            None => return Cow::Owned(shown + rest),
        }
    }
}

/// Whether the values of a header are credentials; its name is in lower case.
pub fn is_secret_header(name: &str) -> bool {
    SECRET_HEADERS.contains(&name) || SECRET_HEADER_PARTS.iter().any(|part| name.contains(part))
}

/// The value of a header without credentials; its name is in lower case.
pub fn header_value<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret_header(name) { Cow::Borrowed(HIDDEN) } else { masked_target(value) }
}

/// The path and query without keys that look real and without the values of parameters that are called like secrets.
pub fn masked_target(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else { return masked(target) };
    if !query.split('&').any(is_secret) {
        return masked(target);
    }
    let pairs: Vec<Cow<'_, str>> = query.split('&').map(masked_pair).collect();
    Cow::Owned(format!("{}?{}", masked(path), pairs.join("&")))
}

fn masked_pair(pair: &str) -> Cow<'_, str> {
    if !is_secret(pair) {
        return masked(pair);
    }
    let name = pair.split('=').next().unwrap_or_default();
    Cow::Owned(format!("{name}=…"))
}

fn is_secret(pair: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(name, _)| NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

/// How many of the characters that keys have a text begins with. They are ASCII, so this is a place to cut.
fn length_of_key(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_real_looking_keys_four_characters_are_shown_and_test_keys_stay() {
        let key = format!("llx-{}wxyz", "a1".repeat(20));
        assert!(looks_real(&key) && !looks_real("llx-team-b") && !looks_real(&format!("{key} ")));
        assert_eq!(masked(&format!("<{key}> {key}{key}é")), "<llx-…wxyz> llx-…wxyzé");
        assert_eq!(masked("llx-team-b llx-"), "llx-team-b llx-");
        assert_eq!(masked("nothing"), "nothing");
    }

    #[test]
    fn parameters_that_are_called_like_secrets_show_no_value() {
        assert_eq!(masked_target("/a?x=1&API_Key=abc&y=2"), "/a?x=1&API_Key=…&y=2");
        assert_eq!(masked_target("/a?%74oken=abc&token"), "/a?%74oken=…&token=…");
        assert_eq!(masked_target("/a?page_token=abc&b=c=d"), "/a?page_token=abc&b=c=d");
        assert_eq!(masked_target("/a"), "/a");
    }
}
