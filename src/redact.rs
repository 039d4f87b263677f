//! Hides credentials in the journal and in the log: nothing of them is shown, or the last four characters of a key that
//! looks real.

use std::borrow::Cow;

use crate::key_label::is_label;

/// The prefix of LlamaCloud's API keys, and the minimum length of the rest.
const PREFIX: &str = "llx-";
const MIN_LENGTH: usize = 40;

/// Number of characters of a credential that are shown.
const SHOWN: usize = 4;

/// Headers whose values are credentials.
const SECRET_HEADERS: &[&str] = &["authorization", "cookie", "proxy-authorization"];

/// Words between the dashes in the names of other headers whose values are credentials; `api-key` is one too.
const SECRET_HEADER_WORDS: &[&str] = &["apikey", "token", "secret", "password"];

/// The text that replaces a credential.
pub(crate) const HIDDEN: &str = "…";

/// Names of query parameters whose values are masked: that of the signature of a presigned URL, and those in which a
/// client may send a key by mistake.
const SECRET_PARAMETERS: &[&str] = &[
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
    "signature",
    "token",
    "x-api-key",
];

/// Whether `key` has the form of a key of the real service.
pub(crate) fn looks_real(key: &str) -> bool {
    key.strip_prefix(PREFIX).is_some_and(|rest| key_length(rest) == rest.len() && rest.len() >= MIN_LENGTH)
}

/// `text` with every key in it masked that has the form of a real one.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let Some(mut at) = find_prefix(text) else { return Cow::Borrowed(text) };
    let mut shown = String::new();
    let mut rest = text;
    loop {
        let begin = at + PREFIX.len();
        let length = key_length(&rest[begin..]);
        shown.push_str(&rest[..begin]);
        if length < MIN_LENGTH {
            shown.push_str(&rest[begin..begin + length]);
        } else {
            shown.push_str(HIDDEN);
            shown.push_str(&rest[begin + length - SHOWN..begin + length]);
        }
        rest = &rest[begin + length..];
        match find_prefix(rest) {
            Some(next) => at = next,
            None => return Cow::Owned(shown + rest),
        }
    }
}

/// Where [`PREFIX`] begins. Most texts are short: to find the prefix, `str::find` would spend more on preparing its
/// search than a look at each of the few places with its first letter takes.
fn find_prefix(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'l', text.as_bytes()).find(|at| text[*at..].starts_with(PREFIX))
}

/// Whether the values of a header are credentials; its name is in lower case.
pub(crate) fn is_secret_header(name: &str) -> bool {
    let mut previous = &b""[..];
    // Every header of every request comes by here: splitting bytes takes a third of the time of splitting text.
    for word in name.as_bytes().split(|byte| matches!(byte, b'-' | b'_')) {
        let is_secret = SECRET_HEADER_WORDS.iter().any(|secret| secret.as_bytes() == word);
        if is_secret || (previous, word) == (b"api", b"key") {
            return true;
        }
        previous = word;
    }
    SECRET_HEADERS.contains(&name)
}

/// A path and query, with keys that have the form of real ones and the values of secret parameters masked.
pub(crate) fn masked_target(target: &str) -> Cow<'_, str> {
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
    Cow::Owned(format!("{name}={HIDDEN}"))
}

fn is_secret(pair: &str) -> bool {
    form_urlencoded::parse(pair.as_bytes()).any(|(name, value)| {
        // The tenant in a request to the admin API: a key, or its label, which is shown.
        let is_key = name == "tenant" && !is_label(&value);
        is_key || SECRET_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known))
    })
}

/// The number of characters at the start of `text` that occur in keys. They are ASCII, so it is a character boundary.
fn key_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_keys_are_masked_except_four_characters_and_test_keys_are_not() {
        let key = format!("llx-{}wxyz", "a1".repeat(20));
        assert!(looks_real(&key) && !looks_real("llx-team-b") && !looks_real(&format!("{key} ")));
        assert_eq!(masked(&format!("<{key}> {key}{key}é")), "<llx-…wxyz> llx-…wxyzé");
        assert_eq!(masked("llx-team-b llx-"), "llx-team-b llx-");
        assert_eq!(masked("nothing"), "nothing");
    }

    #[test]
    fn values_of_secret_parameters_are_masked() {
        assert_eq!(masked_target("/a?x=1&API_Key=abc&y=2"), "/a?x=1&API_Key=…&y=2");
        assert_eq!(masked_target("/a?%74oken=abc&token"), "/a?%74oken=…&token=…");
        assert_eq!(
            masked_target("/__blobs/t/f/a.txt?expires=1&signature=ab"),
            "/__blobs/t/f/a.txt?expires=1&signature=…"
        );
        assert_eq!(masked_target("/a?page_token=abc&b=c=d"), "/a?page_token=abc&b=c=d");
        assert_eq!(masked_target("/a"), "/a");
    }
}
