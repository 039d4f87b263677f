//! The flags of a pattern: `(?i)` for the whole of it, `(?i-s:…)` for a part.

use super::tokens::{PatternToken, Tokens};
use super::tree::CaseFold;
use crate::search::grep::PatternError;

/// The flags in force at one place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PatternFlags(u8);

const IGNORE_CASE: u8 = 1;
const MULTI_LINE: u8 = 2;
const DOT_ALL: u8 = 4;
const VERBOSE: u8 = 8;
const ASCII: u8 = 16;
const UNICODE: u8 = 32;
const LOCALE: u8 = 64;
/// Has no effect, and is only valid for a whole pattern.
const TEMPLATE: u8 = 128;

/// Flags of which only one can be in force.
const TYPES: u8 = ASCII | UNICODE | LOCALE;

/// Which flags a group sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagSetting {
    /// Those of the whole pattern.
    Pattern(PatternFlags),
    /// Those inside the group.
    Group(FlagChange),
}

/// How the flags inside a group differ from those around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct FlagChange {
    add: u8,
    remove: u8,
}

impl PatternFlags {
    /// These and others, for the whole pattern.
    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags inside a group with this change.
    pub(super) fn changed(self, change: FlagChange) -> Self {
        let types = if change.add & TYPES == 0 { self.0 } else { self.0 & !TYPES };
        Self((types | change.add) & !change.remove)
    }

    /// An error if the flags of the whole pattern exclude each other.
    pub(super) fn check(self) -> Result<(), PatternError> {
        if self.is_ascii() && self.0 & UNICODE != 0 {
            return Err(PatternError("ASCII and UNICODE flags are incompatible".to_owned()));
        }
        Ok(())
    }

    pub(super) fn is_ascii(self) -> bool {
        self.0 & ASCII != 0
    }

    pub(super) fn is_verbose(self) -> bool {
        self.0 & VERBOSE != 0
    }

    pub(super) fn is_multi_line(self) -> bool {
        self.0 & MULTI_LINE != 0
    }

    pub(super) fn is_dot_all(self) -> bool {
        self.0 & DOT_ALL != 0
    }

    pub(super) fn case_fold(self) -> CaseFold {
        match (self.0 & IGNORE_CASE != 0, self.is_ascii()) {
            (false, _) => CaseFold::None,
            (true, true) => CaseFold::Ascii,
            (true, false) => CaseFold::Unicode,
        }
    }
}

/// The flag of a letter.
fn flag(token: PatternToken) -> Option<u8> {
    let PatternToken::Plain(letter) = token else { return None };
    Some(match letter {
        'i' => IGNORE_CASE,
        'L' => LOCALE,
        'm' => MULTI_LINE,
        's' => DOT_ALL,
        'x' => VERBOSE,
        'a' => ASCII,
        't' => TEMPLATE,
        'u' => UNICODE,
        _ => return None,
    })
}

/// Whether flags begin with this token.
pub(super) fn begin_with(token: PatternToken) -> bool {
    token == PatternToken::Plain('-') || flag(token).is_some()
}

/// Reads flags up to the end of the group's head. `first` is the first token.
pub(super) fn read(tokens: &mut Tokens, first: PatternToken) -> Result<FlagSetting, PatternError> {
    let (mut add, mut end) = (0, first);
    if first != PatternToken::Plain('-') {
        (add, end) = added(tokens, first)?;
    }
    if end == PatternToken::Plain(')') {
        return Ok(FlagSetting::Pattern(PatternFlags(add)));
    }
    if add & TEMPLATE != 0 {
        return Err(tokens.error("bad inline flags: cannot turn on global flag", 1));
    }
    let remove = if end == PatternToken::Plain('-') { removed(tokens)? } else { 0 };
    if remove & TEMPLATE != 0 {
        return Err(tokens.error("bad inline flags: cannot turn off global flag", 1));
    }
    if add & remove != 0 {
        return Err(tokens.error("bad inline flags: flag turned on and off", 1));
    }
    Ok(FlagSetting::Group(FlagChange { add, remove }))
}

/// The flags from `token` to the first token that is none, and that token.
fn added(tokens: &mut Tokens, mut token: PatternToken) -> Result<(u8, PatternToken), PatternError> {
    let mut add = 0;
    while let Some(one) = flag(token) {
        if one == LOCALE {
            return Err(tokens.error("bad inline flags: cannot use 'L' flag with a str pattern", 0));
        }
        add |= one;
        if one & TYPES != 0 && add & TYPES != one {
            return Err(tokens.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible", 0));
        }
        token = tokens.take()?.ok_or_else(|| tokens.error("missing -, : or )", 0))?;
        if matches!(token, PatternToken::Plain(')' | '-' | ':')) {
            break;
        }
        require_flag(tokens, token, "missing -, : or )")?;
    }
    Ok((add, token))
}

/// The flags after a hyphen, up to a colon.
fn removed(tokens: &mut Tokens) -> Result<u8, PatternError> {
    let mut token = tokens.take()?.ok_or_else(|| tokens.error("missing flag", 0))?;
    require_flag(tokens, token, "missing flag")?;
    let mut remove = 0;
    while let Some(one) = flag(token) {
        if one & TYPES != 0 {
            return Err(tokens.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'", 0));
        }
        remove |= one;
        token = tokens.take()?.ok_or_else(|| tokens.error("missing :", 0))?;
        if token == PatternToken::Plain(':') {
            break;
        }
        require_flag(tokens, token, "missing :")?;
    }
    Ok(remove)
}

fn require_flag(tokens: &Tokens, token: PatternToken, otherwise: &str) -> Result<(), PatternError> {
    match token {
        _ if flag(token).is_some() => Ok(()),
        PatternToken::Plain(letter) if letter.is_alphabetic() => Err(tokens.error("unknown flag", 1)),
        PatternToken::Plain(_) => Err(tokens.error(otherwise, 1)),
        PatternToken::Escaped(_) => Err(tokens.error(otherwise, 2)),
    }
}
