//! Decides about an address as it is written, before anything is looked up: scheme, host, port. What a name resolves to is decided in
//! `resolver`; both happen on every hop, since reqwest asks no resolver about an address that is a number.

use std::{net::IpAddr, str::FromStr};

use url::{Host, Url};

use super::{Error, addresses::internal};

/// Ports that calendars are served on. Anything else is somebody's database or mail server.
const PORTS: [u16; 4] = [80, 443, 8080, 8443];

/// What addresses may be reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Internal servers that the configuration names.
    pub(crate) allowed: Vec<Named>,
}

/// One server: `host` (on the usual ports), `host:port`, `[v6]`, `[v6]:port`, or an IPv6 address without brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    host: Host,
    port: Option<u16>,
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
    allowed: Vec<Named>,
    pub(super) ports: Vec<u16>,
}

impl Gate {
    pub(super) fn of(guard: Guard) -> Self {
        Self { allowed: guard.allowed, ports: PORTS.to_vec() }
    }

    /// # Errors
    /// Why this address is not asked.
    pub(super) fn admit(&self, url: &Url) -> Result<Because, Error> {
        let (host, port) = whole(url)?;
        let is_usual = self.ports.contains(&port);
        if self.allowed.iter().any(|known| known.host == host && known.port.map_or(is_usual, |on| on == port)) {
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
    // Not which address: whoever types names into a page must not learn by it what our own name servers say.
    Err(Error::Forbidden(format!("{host} is at {kind} address; if that is meant, name it under feeds.allow in kalends.yaml")))
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

impl FromStr for Named {
    type Err = String;

    fn from_str(entry: &str) -> Result<Self, String> {
        parsed(entry.trim()).ok_or_else(|| {
            format!("`{entry}` names no server; write each as HOST, HOST:PORT or its address, without https://, patterns or networks")
        })
    }
}

fn parsed(entry: &str) -> Option<Named> {
    if let Ok(address) = entry.parse() {
        return Some(Named { host: Host::Ipv6(address), port: None });
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (entry, None),
    };
    let host = rootless(Host::parse(host).ok()?);
    // The library takes `*` for a letter of a name; no server has one.
    let is_name = |name: &str| {
        name.split('.').all(|label| !label.is_empty() && label.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char)))
    };
    let is_one = match &host {
        Host::Domain(name) => is_name(name),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    is_one.then_some(Named { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(allowed: &str, url: &str) -> Result<Because, String> {
        let allowed = (!allowed.is_empty()).then(|| allowed.parse().expect("a server"));
        let gate = Gate::of(Guard { allowed: allowed.into_iter().collect() });
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
            ("", "http://10.0.0.5/"),
        ];
        for (allowed, url) in beside {
            assert!(admitted(allowed, url).is_err(), "{allowed} {url}");
        }
        assert_eq!(admitted("lan", "http://radicale.lan/"), Ok(Because::Public), "a name is not its domain's");
    }

    #[test]
    fn what_names_no_single_server_is_not_taken() {
        for entry in
            ["", "*", "*.lan", "10.0.0.5:x", "10.0.0.0/8", "https://radicale.lan", "radicale.lan/x", "a b", "a..b", ":80", "fd00::/8"]
        {
            assert!(entry.parse::<Named>().is_err_and(|told| told.contains("names no server")), "{entry}");
        }
    }

    #[test]
    fn a_refusal_says_what_and_what_to_do_about_it() {
        insta::assert_snapshot!(admitted("", "http://10.0.0.5/secret").expect_err("private"), @"10.0.0.5 is at a private address; if that is meant, name it under feeds.allow in kalends.yaml");
        insta::assert_snapshot!(admitted("", "https://feeds.example:6379/secret").expect_err("a port"), @"feeds.example is asked for on port 6379, where calendars are not served; if that is meant, name feeds.example:6379 under feeds.allow in kalends.yaml");
        insta::assert_snapshot!(admitted("", "gopher://feeds.example/secret").expect_err("a scheme"), @"only http and https addresses are read; use the calendar's https address");
    }
}
