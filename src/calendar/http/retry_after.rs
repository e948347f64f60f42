//! When a server wants to be asked again (RFC 9110 §10.2.3), in every form that is seen in the wild. Reads no clock.

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Nobody is left alone for longer: a server that says more has a bug or a fault.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// How long to wait. Microsoft's milliseconds go before seconds, being finer.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<TimeDelta> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(|name| number(text(name)?, 1.0));
    let asked = || {
        let text = text(RETRY_AFTER.as_str())?;
        number(text, 1000.0).or_else(|| date(text, now).map(|at| at - now))
    };
    milliseconds.or_else(asked).map(|wait| wait.clamp(TimeDelta::zero(), LONGEST))
}

/// A decimal number of something that has so many milliseconds. Rust alone would read `inf` and `1e9` too.
fn number(text: &str, milliseconds: f64) -> Option<TimeDelta> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain =
        digits.starts_with(|char: char| char.is_ascii_digit()) && digits.chars().all(|char| char.is_ascii_digit() || char == '.');
    let value: f64 = text.parse().ok().filter(|_| is_plain)?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast from a float keeps within the range, and the wait is capped")]
    let whole = (value * milliseconds).ceil().clamp(-1.0, 1e12) as i64;
    Some(TimeDelta::milliseconds(whole))
}

/// The three forms of RFC 9110 §5.6.7. The day of the week says nothing that the date does not, so a wrong one is no matter.
fn date(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let read = |text: &str, form: &str| NaiveDateTime::parse_from_str(text, form).ok().map(|at| at.and_utc());
    let Some((_, rest)) = text.split_once(", ") else {
        let (_, rest) = text.split_once(' ')?;
        return read(rest, "%b %e %H:%M:%S %Y");
    };
    read(rest, "%d %b %Y %H:%M:%S GMT").or_else(|| this_century(read(rest, "%d-%b-%y %H:%M:%S GMT")?, now))
}

/// Two digits of a year mean the year that is at most fifty years ahead.
fn this_century(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let year = now.year() - now.year().rem_euclid(100) + at.year().rem_euclid(100);
    at.with_year(if year > now.year() + 50 { year - 100 } else { year })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(name: &'static str, value: &str) -> Option<f64> {
        let now = "2026-11-25T08:00:00Z".parse().expect("a time");
        let headers = HeaderMap::from_iter([(name.parse().expect("a name"), value.parse().expect("a value"))]);
        retry_after(&headers, now).map(TimeDelta::as_seconds_f64)
    }

    #[test]
    fn every_form_is_read() {
        let forms = [
            ("120", 120.0),
            (" 0 ", 0.0),
            ("1.5", 1.5),
            ("0.0004", 0.001),
            ("Wed, 25 Nov 2026 08:02:00 GMT", 120.0),
            ("Wednesday, 25-Nov-26 08:02:00 GMT", 120.0),
            ("Wed Nov 25 08:02:00 2026", 120.0),
            ("Tue, 25 Nov 2026 08:02:00 GMT", 120.0),
        ];
        for (text, seconds) in forms {
            assert_eq!(wait("retry-after", text), Some(seconds), "{text}");
        }
        let first = "2026-11-25T08:00:00Z".parse().expect("a time");
        assert_eq!(date("Sun Dec  6 08:49:37 2026", first), "2026-12-06T08:49:37Z".parse().ok());
    }

    #[test]
    fn what_lies_behind_is_now_and_what_is_absurd_is_a_day() {
        for past in ["-5", "-0.1", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(wait("retry-after", past), Some(0.0), "{past}");
        }
        let endless = "9".repeat(400);
        for absurd in ["86401", "99999999999999999999", endless.as_str(), "Fri, 31 Dec 9999 23:59:59 GMT", "Friday, 31-Dec-76 23:59:59 GMT"]
        {
            assert_eq!(wait("retry-after", absurd), Some(86400.0), "{absurd}");
        }
    }

    #[test]
    fn garbage_is_nothing() {
        for garbage in [
            "",
            "soon",
            "inf",
            "NaN",
            "1e9",
            "+5",
            "--5",
            "1.2.3",
            ".",
            "-",
            "5 s",
            "120, 120",
            "25 Nov 2026",
            "Wed, 31 Feb 2026 08:00:00 GMT",
            "Wed, 25 Nov 2026 08:02:00 CET",
        ] {
            assert_eq!(wait("retry-after", garbage), None, "{garbage}");
        }
        let headers = HeaderMap::new();
        assert_eq!(retry_after(&headers, DateTime::UNIX_EPOCH), None);
    }

    #[test]
    fn milliseconds_go_first_unless_they_are_garbage() {
        assert_eq!(wait("retry-after-ms", "1500"), Some(1.5));
        assert_eq!(wait("x-ms-retry-after-ms", "250"), Some(0.25));
        let both = |milliseconds: &str| {
            let pairs = [("retry-after", "7"), ("x-ms-retry-after-ms", milliseconds)];
            let headers = pairs.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
            retry_after(&HeaderMap::from_iter(headers), DateTime::UNIX_EPOCH)
        };
        assert_eq!(both("250"), Some(TimeDelta::milliseconds(250)));
        assert_eq!(both("soon"), Some(TimeDelta::seconds(7)));
    }
}
