//! The environment variables with which the official clients use a server: its base URL, a key, and no proxy on the
//! way.

/// The hosts to which a proxy must not be used.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

/// Both spellings of the variable, because programs read one or the other.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The names and values of the variables.
pub(super) fn all(url: &str, key: &str, environment: &[(String, String)]) -> Vec<(&'static str, String)> {
    let value = |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let host = host(url);
    let mut variables = vec![("LLAMA_CLOUD_BASE_URL", url.to_owned()), ("LLAMA_CLOUD_API_KEY", key.to_owned())];
    for (name, other) in [(NO_PROXY[0], NO_PROXY[1]), (NO_PROXY[1], NO_PROXY[0])] {
        // The value of the other spelling, because some programs ignore it if this one is set.
        let current = value(name).or_else(|| value(other)).unwrap_or_default();
        variables.push((name, extended(current, host)));
    }
    variables
}

/// A list of hosts with the loopback ones and `host`, unless it has them or stands for all.
fn extended(list: &str, host: &str) -> String {
    let mut hosts: Vec<&str> = list.split(',').map(str::trim).filter(|known| !known.is_empty()).collect();
    if hosts.contains(&"*") {
        return list.to_owned();
    }
    for missing in LOOPBACK.into_iter().chain([host]) {
        if !hosts.contains(&missing) {
            hosts.push(missing);
        }
    }
    hosts.join(",")
}

/// The host of a URL, without the port and the brackets.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `NO_PROXY` and `no_proxy` for a server at this URL.
    fn no_proxy(url: &str, environment: &[(&str, &str)]) -> [String; 2] {
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let variables = all(url, "llx-a", &environment);
        NO_PROXY.map(|name| variables.iter().find(|(known, _)| *known == name).expect("it is set").1.clone())
    }

    #[test]
    fn a_proxy_is_not_used_for_the_server_and_other_exceptions_stay() {
        let local = "http://127.0.0.1:4010";
        let both = |list: &str| [list.to_owned(), list.to_owned()];
        assert_eq!(no_proxy(local, &[]), both("127.0.0.1,localhost"));
        assert_eq!(no_proxy(local, &[("no_proxy", "a.test, localhost")]), both("a.test,localhost,127.0.0.1"));
        assert_eq!(
            no_proxy(local, &[("NO_PROXY", "a.test"), ("no_proxy", "*")]),
            ["a.test,127.0.0.1,localhost".to_owned(), "*".to_owned()]
        );
        assert_eq!(no_proxy("http://[::1]:4010", &[("NO_PROXY", "")]), both("127.0.0.1,localhost,::1"));
        assert_eq!(no_proxy("http://mock.test/", &[]), both("127.0.0.1,localhost,mock.test"));
    }
}
