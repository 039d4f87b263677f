//! The settings about the address of the server, and about who may use it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::super::normalise::{ANY_HOST, credential, host_name, http_url, origin};
use super::super::{AdminAccess, Auth, Isolation};
use super::Takes::{Many, Nothing, One, OneOf};
use super::{Flag, Group, flag, set};

pub(super) static ADDRESS: Group = Group {
    heading: "Address",
    flags: &[
        &HOST,
        &PORT,
        &PORT_FILE,
        &CONFIG,
        &DEFAULTS,
        &flag("public-url", One("URL"), "URL under which clients reach this server, for URLs in responses")
            .read_with(|settings, raw| set(&mut settings.public_url, raw.optional(http_url))),
    ],
};

pub(crate) static HOST: Flag = flag("host", One("ADDRESS"), "IP address to listen on, or localhost")
    .read_with(|settings, raw| set(&mut settings.host.0, raw.one(ip_address)))
    .with_default("127.0.0.1");

pub(crate) static PORT: Flag = flag("port", One("PORT"), "Port to listen on; 0 picks a free one")
    .read_with(|settings, raw| set(&mut settings.port, raw.parse("a number from 0 to 65535")))
    .with_default("4010");

pub(crate) static PORT_FILE: Flag =
    flag("port-file", One("FILE"), "Write the port number to FILE once the server listens")
        .read_with(|settings, raw| set(&mut settings.port_file, Ok(raw.path())))
        .with_conflict(|settings| {
            let is_possible = settings.port_file.as_deref().is_none_or(can_be_a_file);
            (!is_possible).then_some("is a folder, or in a folder that does not exist")
        })
        .for_program();

/// The file is read before its settings are.
pub(crate) static CONFIG: Flag = flag(
    "config",
    One("FILE"),
    "Read settings from FILE [default: llamacloud-mock.toml in the current folder, if it exists]",
)
.for_program();

/// For programs that start this one: what they set by a flag or the environment would replace the user's settings file.
/// It is read before its settings are.
pub(crate) static DEFAULTS: Flag =
    flag("defaults", One("TOML"), "Defaults of other settings, in the syntax of the settings file")
        .for_program()
        .secret();

pub(super) static ACCESS: Group = Group {
    heading: "Access",
    flags: &[
        &flag("api-key", Many("KEY"), "Accept only this API key (repeatable) [default: any]")
            .read_with(|settings, raw| set(&mut settings.api_keys, raw.each(credential)))
            .secret(),
        &flag("no-auth", Nothing, "Accept requests without a key, as the key `anonymous`")
            .read_with(|settings, raw| set(&mut settings.auth, raw.switch(Auth::Required, Auth::Optional))),
        &flag("isolation", OneOf(&["key", "none"]), "Give each API key its own state, or one state to all keys")
            .read_with(|settings, raw| set(&mut settings.isolation, raw.choice([Isolation::Key, Isolation::None])))
            .with_default("key"),
        &flag("allowed-host", Many("NAME"), "Accept this Host header too (repeatable); `*` accepts any")
            .read_with(|settings, raw| set(&mut settings.allowed_hosts, raw.each(host_name)))
            .with_conflict(|settings| {
                let names = &settings.allowed_hosts;
                (names.len() > 1 && names.iter().any(|name| name == ANY_HOST))
                    .then_some("has no effect for other names beside `*`, which accepts any; omit them")
            }),
        &flag("cors-origin", Many("ORIGIN"), "Allow browser requests from this origin (repeatable)")
            .read_with(|settings, raw| set(&mut settings.cors_origins, raw.each(origin))),
        &ADMIN,
        &ADMIN_TOKEN,
    ],
};

pub(in crate::config) static ADMIN: Flag = flag(
    "admin",
    OneOf(&["open", "token", "own", "off"]),
    "Access to /__admin/: to all, with --admin-token, to each API key for its own tenant, or to none [default: token \
     if there is one, else open on loopback only]",
)
.read_with(|settings, raw| match raw.text() {
    Some(_) => {
        let choices = [AdminAccess::Open, AdminAccess::Token, AdminAccess::Own, AdminAccess::Off];
        set(&mut settings.admin, raw.choice(choices))
    }
    None => Ok(()),
})
.with_conflict(|settings| match settings.admin {
    AdminAccess::Token if settings.admin_token.is_none() => Some("token needs --admin-token TOKEN"),
    AdminAccess::Own if settings.auth == Auth::Optional => {
        Some("own needs the key of each request, which --no-auth makes needless; omit one of the two")
    }
    AdminAccess::Own if settings.isolation == Isolation::None => {
        Some("own needs a tenant for each key, and --isolation none has one for all; omit one of the two")
    }
    _ => None,
});

pub(crate) static ADMIN_TOKEN: Flag = flag("admin-token", One("TOKEN"), "Bearer token that requests to /__admin/ need")
    .read_with(|settings, raw| set(&mut settings.admin_token, raw.values.last().map(|text| token(text)).transpose()))
    .with_conflict(|settings| match settings.admin {
        AdminAccess::Open => Some("has no effect beside --admin open; omit one of the two"),
        AdminAccess::Off => Some("has no effect beside --admin off; omit one of the two"),
        AdminAccess::Own if settings.admin_token.as_ref().is_some_and(|token| settings.api_keys.contains(token)) => {
            Some("is an --api-key too, which --admin own lets reach its own tenant alone; choose another token")
        }
        AdminAccess::Token | AdminAccess::Own | AdminAccess::Closed => None,
    })
    .secret();

/// An IP address, with or without brackets, or `localhost`.
fn ip_address(text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().map_err(|_| format!("{text:?} is not an IP address or localhost; 0.0.0.0 listens on every interface"))
}

/// A secret token. A blank one is an error, so that a mistake does not turn the check off.
fn token(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is blank; omit the setting to require no token".to_owned());
    }
    let token = credential(text)?;
    if !token.is_ascii() {
        return Err("has a character beyond ASCII, which clients cannot send in a header".to_owned());
    }
    Ok(token)
}

fn can_be_a_file(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.is_dir() && !path.is_dir()
}
