//! Makes HTTP clients and says in short what went wrong with one. No proxy from the environment, no redirects of their own, no cookies,
//! gzip and nothing else. Guards nothing.

use std::{error::Error as _, sync::Once, time::Duration};

use reqwest::{Client, ClientBuilder, redirect::Policy};

const USER_AGENT: &str = concat!("kalends/", env!("CARGO_PKG_VERSION"));

/// A client for the interfaces of providers, whose addresses stand in this program.
pub(crate) fn api_client() -> Client {
    built(|| plain().connect_timeout(Duration::from_secs(10)).timeout(Duration::from_mins(1)))
}

/// What all clients have in common.
pub(super) fn plain() -> ClientBuilder {
    static RING: Once = Once::new();
    // Somebody else may have installed it already, which is as good.
    RING.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    // A redirect would otherwise tell the next server where it came from.
    Client::builder().user_agent(USER_AGENT).redirect(Policy::none()).referer(false).no_proxy().gzip(true)
}

/// A machine without root certificates still gets a client: it reaches http, and refuses every certificate.
pub(super) fn built(builder: impl Fn() -> ClientBuilder) -> Client {
    let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    built.unwrap_or_else(|error| unreachable!("nothing else in a client's settings depends on the machine: {error}"))
}

/// The innermost cause, in a few words and without the address, which may be a secret.
pub(super) fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    match innermost.is::<reqwest::Error>() {
        // This one prints its address.
        true => "the request failed".to_owned(),
        false => explained(&text).map_or(text.clone(), |what| format!("{what} ({text})")),
    }
}

/// What rustls means, in words that somebody can act on.
fn explained(text: &str) -> Option<&'static str> {
    let causes = [
        (
            "CaUsedAsEndEntity",
            "its certificate is one that it made for itself; name that in SSL_CERT_FILE, or have it sign another with it",
        ),
        ("UnknownIssuer", "nobody we trust signed its certificate; install ca-certificates, or name your own authority in SSL_CERT_FILE"),
        ("InvalidContentType", "it does not speak https there; if it has no https, give the address with http://"),
    ];
    causes.iter().find(|(mark, _)| text.contains(mark)).map(|(_, what)| *what)
}

/// What one of our own resolvers said, deep inside an error.
pub(super) fn ours(error: &reqwest::Error) -> Option<&super::Error> {
    std::iter::successors(error.source(), |error| (*error).source()).find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn a_certificate_nobody_signed_and_a_server_without_https_are_told_in_words() {
        let told = |text: &str| explained(text).unwrap_or_default();
        assert!(told("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))").contains("SSL_CERT_FILE"));
        assert!(told("invalid peer certificate: UnknownIssuer").contains("ca-certificates"));
        assert!(told("received corrupt message of type InvalidContentType").contains("http://"));
        assert_eq!(explained("connection refused"), None);
    }
}
