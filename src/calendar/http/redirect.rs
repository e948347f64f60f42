//! Where an answer sends us next, and what we no longer say there. Whether that place may be reached at all is `gate`'s.

use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderMap, LOCATION, PROXY_AUTHORIZATION},
};
use url::Url;

use super::Error;

/// The next address, if the answer names one.
///
/// # Errors
/// When it is one that nobody honest redirects to. No message holds more of it than the host it came from: the rest is a secret.
pub(super) fn next(from: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let location = headers.get(LOCATION).filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308));
    let Some(location) = location else { return Ok(None) };
    let refuse = |what: &str| Err(Error::Forbidden(format!("{} redirects to {what}; ask whoever runs it", host(from))));
    // Browsers take raw UTF-8 here, so servers send it.
    let Ok(mut to) = from.join(&String::from_utf8_lossy(location.as_bytes())) else {
        return refuse("an address that cannot be read");
    };
    to.set_fragment(None);
    match (from.scheme(), to.scheme()) {
        ("https", "http") => refuse("http, where anybody on the way could read along"),
        (_, "http" | "https") if !to.username().is_empty() || to.password().is_some() => refuse("an address with a password in it"),
        (_, "http" | "https") => Ok(Some(to)),
        _ => refuse("something that is neither http nor https"),
    }
}

/// Takes away what was meant for one server, before another is asked.
pub(super) fn forget_secrets(headers: &mut HeaderMap, from: &Url, to: &Url) {
    // A server may move from http to https and is still the same.
    let upgraded = from.host() == to.host() && from.port().is_none() && to.port().is_none() && to.scheme() == "https";
    if from.origin() != to.origin() && !upgraded {
        for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
            headers.remove(name);
        }
    }
}

/// The one part of an address that may be shown.
pub(super) fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the server")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(from: &str, location: &str) -> Result<String, String> {
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().expect("a header"))]);
        let next = next(&from.parse().expect("an address"), StatusCode::FOUND, &headers);
        next.map(|to| to.expect("somewhere").to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_redirect_is_relative_to_where_it_was_said() {
        assert_eq!(after("http://a.example/b/c", "d?e#f").as_deref(), Ok("http://a.example/b/d?e"));
        assert_eq!(after("http://a.example/b", "https://c.example/d").as_deref(), Ok("https://c.example/d"));
        assert_eq!(after("https://a.example/b", "//c.example/d").as_deref(), Ok("https://c.example/d"));
    }

    #[test]
    fn nobody_honest_redirects_there_and_the_refusal_keeps_the_secret() {
        let places = [
            "http://a.example/SECRET",
            "file:///SECRET",
            "gopher://a/SECRET",
            "data:,SECRET",
            "https://u:SECRET@a.example/",
            "https://[SECRET",
        ];
        for place in places {
            let refused = after("https://a.example/SECRET", place).expect_err(place);
            assert!(refused.starts_with("a.example redirects to ") && !refused.contains("SECRET"), "{refused}");
        }
    }

    #[test]
    fn only_a_redirect_redirects() {
        let headers = HeaderMap::from_iter([(LOCATION, "/b".parse().expect("a header"))]);
        let from = "http://a.example/".parse().expect("an address");
        for status in [200, 201, 300, 304, 305, 404] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(matches!(next(&from, status, &headers), Ok(None)), "{status}");
        }
        assert!(matches!(next(&from, StatusCode::FOUND, &HeaderMap::new()), Ok(None)));
    }

    #[test]
    fn a_password_stays_with_the_server_it_is_for() {
        let kept = |from: &str, to: &str| {
            let mut headers = HeaderMap::from_iter([AUTHORIZATION, COOKIE].map(|name| (name, "x".parse().expect("a header"))));
            forget_secrets(&mut headers, &from.parse().expect("an address"), &to.parse().expect("an address"));
            headers.len() == 2
        };
        assert!(kept("https://a.example/b", "https://a.example/c"));
        assert!(kept("http://a.example/b", "https://a.example/c"));
        for to in ["https://b.example/", "https://a.example:8443/", "https://x.a.example/", "http://a.example/"] {
            assert!(!kept("https://a.example/b", to), "{to}");
        }
        assert!(!kept("http://a.example:8080/", "https://a.example/"));
    }
}
