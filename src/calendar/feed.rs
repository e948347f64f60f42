//! Reads a calendar that somebody publishes at an address: only what changed, and nothing that is no calendar. What is in it is read in
//! `ics`. The address is a secret; what may be shown of it is `shown`.

mod address;

#[cfg(test)]
mod tests;

use std::{io::Read as _, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use flate2::read::GzDecoder;
use reqwest::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub(crate) use self::address::{parse_address, shown};
use super::{
    Window,
    http::{self, Response, Web, retry_after},
    ics,
};

/// A broken server may say "not modified" for ever, and its dates may go backwards: so often everything is asked for.
const UNCONDITIONAL: TimeDelta = TimeDelta::hours(24);
/// As much as the first line of a calendar and a byte-order mark need, with room for blank lines.
const BEGINNING: usize = 512;

/// How long someone who adds a feed waits for its first answer: as long as a server may take that makes a large calendar first.
const PATIENCE: Duration = Duration::from_secs(50);

/// What is remembered of a feed between readings.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// When it was last read without conditions.
    pub(crate) unconditional_at: Option<DateTime<Utc>>,
}

/// What a feed answered.
#[derive(Debug)]
pub(crate) enum Fetched {
    NotModified,
    /// The file. The validators may be kept only once `ics` has read it to its end: kept with a file that was refused, the next "not
    /// modified" would be about something that nobody has.
    Body(Vec<u8>, Validators),
}

/// Why there is nothing new. Whatever it is, it says nothing about events, and removes none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The address as typed, or the configuration, forbids it. Trying again is of no use.
    #[error("{0}")]
    Forbidden(String),
    /// A person has to bring a new address.
    #[error("{shown} is no longer there ({status}): make a new secret address in the calendar's settings, and add it in its place")]
    Gone { shown: String, status: u16 },
    /// A person has to bring a new address, or the password that belongs to it.
    #[error(
        "{shown} is no longer accepted ({status}): look whether the calendar is still shared, or make a new secret address in its \
         settings and add it in its place"
    )]
    Denied { shown: String, status: u16 },
    /// The server said when to come back, or only that it is too much.
    #[error("{shown} asks for a pause; this may pass")]
    Later { shown: String, after: Option<TimeDelta> },
    /// Tried again later, each time after a longer pause.
    #[error("{0}")]
    Unreachable(String),
    /// There was an answer, and it is no calendar: a page that asks for a sign-in, or nothing at all.
    #[error("{shown}: {why}")]
    NotACalendar { shown: String, why: ics::Refused },
    /// More than we read: a person publishes less, or ops raise the limit.
    #[error("{0}")]
    TooLarge(String),
}

/// Reads a feed, or learns that it is as it was.
///
/// # Errors
/// When nothing may be concluded from what it answered.
pub(crate) async fn fetch(web: &Web, address: &SecretString, before: &Validators, now: DateTime<Utc>) -> Result<Fetched, Refused> {
    let url = parse_address(address.expose_secret()).map_err(Refused::Forbidden)?;
    let condition = before.condition(now);
    let is_conditional = condition.is_some();
    let accepted = (ACCEPT, HeaderValue::from_static("text/calendar, */*;q=0.5"));
    let response = web.get(&url, condition.into_iter().chain([accepted]).collect()).await.map_err(Refused::from)?;
    match response.status {
        StatusCode::OK => calendar(response, shown(address), &before.after(is_conditional, now)),
        StatusCode::NOT_MODIFIED if is_conditional => Ok(Fetched::NotModified),
        _ => Err(refused(&response, shown(address), now)),
    }
}

/// Asks once, for whoever typed an address and waits, whether a calendar is there.
///
/// # Errors
/// Why nothing would come from it.
pub(crate) async fn try_out(web: &Web, address: &SecretString, now: DateTime<Utc>) -> Result<(), Refused> {
    match fetch(&web.within(PATIENCE), address, &Validators::default(), now).await {
        // It is there, and busy.
        Ok(_) | Err(Refused::Later { .. }) => Ok(()),
        Err(refused) => Err(refused),
    }
}

impl Validators {
    /// What to ask with; nothing once a day. An `ETag` goes before a date, which tells two changes within a second as one.
    fn condition(&self, now: DateTime<Utc>) -> Option<(HeaderName, HeaderValue)> {
        // A clock that was set back must not stop it for years.
        let since = now - self.unconditional_at?;
        let is_due = since >= UNCONDITIONAL || since < TimeDelta::zero();
        let (name, value) = match (&self.etag, &self.last_modified) {
            _ if is_due => return None,
            (Some(etag), _) => (IF_NONE_MATCH, etag),
            (None, Some(date)) => (IF_MODIFIED_SINCE, date),
            (None, None) => return None,
        };
        HeaderValue::from_str(value).ok().map(|value| (name, value))
    }

    /// What will be remembered, but for what the answer says of itself.
    fn after(&self, is_conditional: bool, now: DateTime<Utc>) -> Self {
        Self { unconditional_at: if is_conditional { self.unconditional_at } else { Some(now) }, ..Self::default() }
    }
}

fn calendar(response: Response, shown: String, dated: &Validators) -> Result<Fetched, Refused> {
    let body = in_utf8(unpacked(response.body), text(&response.headers, CONTENT_TYPE).as_deref());
    if let Some(why) = no_calendar(&body) {
        return Err(Refused::NotACalendar { shown, why });
    }
    let (etag, last_modified) = (text(&response.headers, ETAG), text(&response.headers, LAST_MODIFIED));
    Ok(Fetched::Body(body, Validators { etag, last_modified, unconditional_at: dated.unconditional_at }))
}

/// A calendar that is packed and does not say so. What does not unpack, or unpacks to more than we read, is left to be refused.
fn unpacked(body: Vec<u8>) -> Vec<u8> {
    if !body.starts_with(ics::GZIP) {
        return body;
    }
    let (mut whole, most) = (Vec::new(), ics::Limits::default().bytes as u64);
    match GzDecoder::new(body.as_slice()).take(most + 1).read_to_end(&mut whole) {
        Ok(_) if whole.len() as u64 <= most => whole,
        _ => body,
    }
}

/// The body out of the charset that its header names. UTF-8 is UTF-8 whatever the header says, and what else is written without a word,
/// `ics` knows.
fn in_utf8(body: Vec<u8>, content_type: Option<&str>) -> Vec<u8> {
    let parameters = content_type.unwrap_or_default().split(';').filter_map(|parameter| parameter.split_once('='));
    let label = parameters
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        .find(|(name, _)| name.eq_ignore_ascii_case("charset"));
    match label.and_then(|(_, label)| Encoding::for_label(label.as_bytes())) {
        Some(encoding) if ![UTF_8, WINDOWS_1252].contains(&encoding) && std::str::from_utf8(&body).is_err() => {
            encoding.decode(&body).0.into_owned().into_bytes()
        }
        _ => body,
    }
}

/// Whether it does not even begin as one. `ics` knows what a calendar begins with, and is shown no more than that: the whole is read only
/// once, by whoever gets it.
fn no_calendar(body: &[u8]) -> Option<ics::Refused> {
    let beginning = &body[..body.len().min(BEGINNING)];
    let nothing = Window { from: DateTime::UNIX_EPOCH, until: DateTime::UNIX_EPOCH };
    let why = ics::read(beginning, &nothing, chrono_tz::UTC, &ics::Limits::default()).err()?;
    use ics::Refused::{Empty, Json, NotACalendar, Packed, Utf16, WebPage};
    matches!(why, Empty | Json | NotACalendar | Packed | Utf16 | WebPage).then_some(why)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn refused(response: &Response, shown: String, now: DateTime<Utc>) -> Refused {
    let (status, after) = (response.status.as_u16(), retry_after(&response.headers, now));
    match status {
        404 | 410 => Refused::Gone { shown, status },
        429 => Refused::Later { shown, after },
        503 if after.is_some() => Refused::Later { shown, after },
        304 => Refused::Unreachable(format!("{shown} said that nothing changed, and was not asked that; this may pass")),
        408 | 425 => Refused::Unreachable(format!("{shown} was too slow ({status}); this may pass")),
        400..500 => Refused::Denied { shown, status },
        _ => Refused::Unreachable(format!("{shown} has a fault of its own ({status}); this may pass")),
    }
}

impl From<http::Error> for Refused {
    fn from(error: http::Error) -> Self {
        let text = error.to_string();
        match error {
            http::Error::Forbidden(_) | http::Error::Redirects { .. } => Self::Forbidden(text),
            http::Error::TooLarge { .. } => Self::TooLarge(text),
            http::Error::Silent { .. } | http::Error::TooSlow(_) | http::Error::CutOff(_) | http::Error::Unreachable { .. } => {
                Self::Unreachable(text)
            }
        }
    }
}
