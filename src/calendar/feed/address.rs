//! The address of a feed, as people copy it from a calendar's settings, and the part of it that may be shown. It is a password: whoever
//! has it reads the calendar.

use secrecy::{ExposeSecret, SecretString};
use url::Url;

const HOW: &str = "copy the address from the calendar's settings; it begins with https:// or webcal://";
/// The end of an address is shown only where that leaves this much of it unknown.
const HIDDEN: usize = 16;
const ENDING: usize = 4;

/// Reads an address that somebody typed.
///
/// # Errors
/// What is wrong with it, without any of it.
pub(crate) fn parse_address(typed: &str) -> Result<Url, String> {
    let typed = typed.trim();
    let Some((scheme, rest)) = typed.split_once("://") else { return Err(format!("this is no web address; {HOW}")) };
    // webcal says only which program to open; that it means http is long ago.
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" | "webcal" | "webcals" => "https",
        "http" => "http",
        "file" => return Err("this is a file; add it with: kalends calendar add ics".to_owned()),
        _ => return Err(format!("this is no address of a calendar feed; {HOW}")),
    };
    let url = Url::parse(&format!("{scheme}://{rest}"));
    url.ok().filter(Url::has_host).ok_or_else(|| format!("this address cannot be read; {HOW}"))
}

/// The host, and the last four characters.
pub(crate) fn shown(address: &SecretString) -> String {
    let Ok(url) = parse_address(address.expose_secret()) else { return "an address that cannot be read".to_owned() };
    let host = url.host_str().unwrap_or_default();
    // The fragment is not sent, and tells nobody which calendar it is.
    let secret: Vec<char> = url[url::Position::BeforePath..url::Position::AfterQuery].chars().collect();
    match secret.len() {
        0 | 1 => host.to_owned(),
        length if length < HIDDEN + ENDING => format!("{host}/…"),
        length => format!("{host}/…{}", secret[length - ENDING..].iter().collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_calendars_offer_is_read() {
        let pairs = [
            ("https://calendar.example/a.ics?b=c", "https://calendar.example/a.ics?b=c"),
            (" webcal://calendar.example/a.ics\n", "https://calendar.example/a.ics"),
            ("WebCals://calendar.example/a.ics", "https://calendar.example/a.ics"),
            ("HTTP://Calendar.Example:8080", "http://calendar.example:8080/"),
            ("webcal://dana:word@calendar.example/a", "https://dana:word@calendar.example/a"),
        ];
        for (typed, read) in pairs {
            assert_eq!(parse_address(typed).map(String::from).as_deref(), Ok(read), "{typed}");
        }
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        let others = [
            "",
            "SECRET",
            "calendar.example/SECRET.ics",
            "SECRET:word@calendar.example",
            "ftp://calendar.example/SECRET",
            "file:///SECRET.ics",
            "mailto:SECRET@calendar.example",
            "javascript://SECRET",
            "https://",
            "https://[SECRET",
            "webcal://calendar example/SECRET",
        ];
        for typed in others {
            let why = parse_address(typed).expect_err(typed);
            assert!(!why.contains("SECRET") && (why.contains("https://") || why.contains("kalends calendar")), "{typed}: {why}");
        }
    }

    #[test]
    fn little_of_an_address_is_shown() {
        let pairs = [
            ("webcal://calendar.google.com/calendar/ical/x/private-0123456789/basic.ics", "calendar.google.com/….ics"),
            ("https://u:SECRET@calendar.example:8443/feed?token=0123456789abcdef#SECRET", "calendar.example/…cdef"),
            ("https://calendar.example/SECRET", "calendar.example/…"),
            ("https://calendar.example", "calendar.example"),
            ("https://calendar.example/aaaaaaaaaaaaaaaaaaaaaaaa/é", "calendar.example/…3%A9"),
            ("SECRET", "an address that cannot be read"),
        ];
        for (address, expected) in pairs {
            assert_eq!(shown(&address.into()), expected);
        }
    }
}
