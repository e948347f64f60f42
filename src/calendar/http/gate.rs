//! Decides about an address as it is written, before anything is looked up: scheme, host, port. What a name resolves to is decided in
//! `resolver`; both happen on every hop, since reqwest asks no resolver about an address that is a number.

use std::net::IpAddr;

use url::{Host, Url};

use super::{Error, addresses::internal};

/// Ports that calendars are served on. Anything else is somebody's database or mail server.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// What addresses may be reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Internal servers that the configuration names, each as `host` (on the usual ports) or `host:port`.
    pub(crate) allowed: Vec<String>,
}

/// Whether an address is reached because it is public, or because it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Because {
    Public,
    Named,
}

/// A guard, made ready.
#[derive(Debug)]
pub(super) struct Gate {
    allowed: Vec<(Host, Option<u16>)>,
    pub(super) ports: Vec<u16>,
}

impl Gate {
    /// An entry that names no host allows nothing.
    pub(super) fn of(guard: Guard) -> Self {
        Self { allowed: guard.allowed.into_iter().filter_map(|entry| named(&entry)).collect(), ports: PORTS.to_vec() }
    }

    /// # Errors
    /// Why this address is not asked.
    pub(super) fn admit(&self, url: &Url) -> Result<Because, Error> {
        let (host, port) = whole(url)?;
        let is_usual = self.ports.contains(&port);
        if self.allowed.iter().any(|(known, on)| *known == host && on.map_or(is_usual, |on| on == port)) {
            return Ok(Because::Named);
        }
        if !is_usual {
            return Err(Error::Forbidden(format!(
                "{host} is asked for on port {port}, where calendars are not served; if that is meant, name {host}:{port} under \
                 feeds.allow in kalends.yaml"
            )));
        }
        match host {
            Host::Ipv4(address) => public(&address.to_string(), address.into()),
            Host::Ipv6(address) => public(&format!("[{address}]"), address.into()),
            Host::Domain(_) => Ok(()),
        }
        .map(|()| Because::Public)
    }
}

/// # Errors
/// When a host is at an address that is not public.
pub(super) fn public(host: &str, address: IpAddr) -> Result<(), Error> {
    let Some(kind) = internal(address) else { return Ok(()) };
    Err(Error::Forbidden(format!("{host} is at {kind} address ({address}); if that is meant, name it under feeds.allow in kalends.yaml")))
}

fn whole(url: &Url) -> Result<(Host, u16), Error> {
    if !["http", "https"].contains(&url.scheme()) {
        return Err(Error::Forbidden("only http and https addresses are read; use the calendar's https address".to_owned()));
    }
    match (url.host(), url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((rootless(host.to_owned()), port)),
        _ => Err(Error::Forbidden("the address names no server; copy it again from the calendar's settings".to_owned())),
    }
}

/// A name ends in a dot or does not, and is the same.
fn rootless(host: Host) -> Host {
    match host {
        Host::Domain(name) => Host::Domain(name.strip_suffix('.').map(str::to_owned).unwrap_or(name)),
        number => number,
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, or an IPv6 address without brackets.
fn named(entry: &str) -> Option<(Host, Option<u16>)> {
    let entry = entry.trim();
    if let Ok(address) = entry.parse() {
        return Some((Host::Ipv6(address), None));
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (entry, None),
    };
    Some((rootless(Host::parse(host).ok()?), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(allowed: &str, url: &str) -> Result<Because, String> {
        let gate = Gate::of(Guard { allowed: vec![allowed.to_owned()] });
        gate.admit(&url.parse().expect("an address")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_ops_named_is_reached_however_it_is_spelled() {
        let spellings = [
            ("Radicale.lan:5232", "http://radicale.lan:5232/x"),
            ("radicale.lan", "https://RADICALE.lan./x"),
            ("10.0.0.5", "http://10.0.0.5:8080/"),
            ("10.0.0.5:5232", "http://0x0a000005:5232/"),
            ("fd00::1", "http://[fd00:0::1]/"),
            ("[fd00::1]:99", "http://[fd00::1]:99/"),
        ];
        for (allowed, url) in spellings {
            assert_eq!(admitted(allowed, url), Ok(Because::Named), "{allowed} {url}");
        }
    }

    #[test]
    fn what_ops_named_opens_nothing_beside_it() {
        let beside = [
            ("10.0.0.5:5232", "http://10.0.0.5/"),
            ("10.0.0.5", "http://10.0.0.5:5232/"),
            ("10.0.0.5", "http://10.0.0.6/"),
            ("10.0.0.5:x", "http://10.0.0.5/"),
            ("", "http://10.0.0.5/"),
            ("*", "http://10.0.0.5/"),
        ];
        for (allowed, url) in beside {
            assert!(admitted(allowed, url).is_err(), "{allowed} {url}");
        }
        assert_eq!(admitted("lan", "http://radicale.lan/"), Ok(Because::Public), "a name is not its domain's");
    }

    #[test]
    fn a_refusal_says_what_and_what_to_do_about_it() {
        insta::assert_snapshot!(admitted("", "http://10.0.0.5/secret").expect_err("private"), @"10.0.0.5 is at a private address (10.0.0.5); if that is meant, name it under feeds.allow in kalends.yaml");
        insta::assert_snapshot!(admitted("", "https://feeds.example:6379/secret").expect_err("a port"), @"feeds.example is asked for on port 6379, where calendars are not served; if that is meant, name feeds.example:6379 under feeds.allow in kalends.yaml");
        insta::assert_snapshot!(admitted("", "gopher://feeds.example/secret").expect_err("a scheme"), @"only http and https addresses are read; use the calendar's https address");
    }
}
