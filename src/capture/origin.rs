//! Where a calendar is read from, and the first thing that is asked there: whether anything changed at all.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::SecretString;
use sha2::{Digest, Sha256};

use crate::{
    calendar::{
        Answer, Page, Window,
        api::Trouble,
        feed::{self, Fetched, Validators},
        file,
        google::Google,
        http::Web,
        ics::{self, Limits},
        outlook::Outlook,
    },
    model::{
        connection::{Cursor, Poll},
        day::Zones,
        ids::hex,
        staff::Source,
    },
};

/// Failures in a row after which a calendar that should be readable is a question for a person.
const FAILURES_MAX: i64 = 5;

/// A file that is no calendar, and a provider or feed that does not answer.
pub(super) const UNREADABLE: &str = "unreadable-calendar";
pub(super) const BROKEN: &str = "source-broken";

/// What asks to wait for so long keeps hours from coming in, like what is broken.
const WAITED: TimeDelta = TimeDelta::hours(4);

/// Where a calendar is, with what opens it.
#[derive(Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// A file on this machine.
    File,
    /// An ICS file behind an address, which is a secret.
    Feed(&'a Web, &'a SecretString),
    Google(Google<'a>),
    Outlook(Outlook<'a>),
}

/// Why nothing was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The grant it was read with has ended; its person has been asked to connect again.
    #[error("the account has to be connected again")]
    Ended,
    /// What is there is no calendar.
    #[error("{0}")]
    Unreadable(String),
    #[error(transparent)]
    Feed(feed::Refused),
    #[error(transparent)]
    Provider(Trouble),
    /// It was read, and the book refuses what it says.
    #[error("what it says cannot be kept in the book ({0})")]
    Unkept(String),
}

impl Refusal {
    /// What it is called in the queue.
    pub(super) fn reason(&self) -> &'static str {
        if matches!(self, Self::Unreadable(_)) { UNREADABLE } else { BROKEN }
    }

    /// Whether a person should hear of it: at once where nothing will mend it, after some time where it may pass.
    pub(super) fn is_question(&self, poll: &Poll, now: DateTime<Utc>) -> bool {
        match self {
            Self::Provider(Trouble::CursorExpired) | Self::Ended => false,
            Self::Provider(Trouble::RateLimited(_)) | Self::Feed(feed::Refused::Later { .. }) => {
                poll.failing_since.is_some_and(|since| now - since >= WAITED)
            }
            Self::Unkept(_)
            | Self::Provider(Trouble::Unauthorized | Trouble::Unreachable(_) | Trouble::Odd(_))
            | Self::Feed(feed::Refused::Unreachable(_)) => poll.failures + 1 >= FAILURES_MAX,
            Self::Unreadable(_) | Self::Feed(_) | Self::Provider(_) => true,
        }
    }
}

/// What the first question came to.
pub(super) enum Asked {
    /// It says the same as last time.
    Same { cursor: Cursor, digest: Option<String> },
    /// A whole file.
    File { answer: Box<Answer>, digest: String, window: Window, cursor: Cursor },
    /// Something changed: the window is to be read page by page.
    Pages { window: Window, cursor: Cursor },
}

/// Asks whether a calendar says something new.
pub(super) async fn ask(
    origin: &Origin<'_>,
    source: &Source,
    poll: &Poll,
    window: Window,
    zones: &Zones,
    now: DateTime<Utc>,
) -> Result<Asked, Refusal> {
    let cursor = &poll.cursor;
    // What waits for a person, or for the calendar to say it again, has to be said again.
    let seen = source.digest.clone().filter(|_| source.held.is_none());
    match origin {
        Origin::File => {
            let location = source.calendar.location.clone();
            let read = move || {
                let bytes = file::read_again(location.as_ref(), Limits::default().bytes);
                bytes.map_err(|error| format!("{location}: {error}")).map(|bytes| (bytes, location))
            };
            parse(read, seen, window, zones.clone(), cursor.clone()).await.map_err(|unread| Refusal::Unreadable(unread.message))
        }
        Origin::Feed(web, address) => feed(web, address, source, cursor, (seen, window, zones), now).await,
        Origin::Google(_) | Origin::Outlook(_) => provider(origin, source, poll, window).await.map_err(Refusal::Provider),
    }
}

async fn provider(origin: &Origin<'_>, source: &Source, poll: &Poll, window: Window) -> Result<Asked, Trouble> {
    let known = (poll.cursor.token.as_deref(), poll.cursor.from, poll.cursor.until);
    if let (Some(token), Some(from), Some(until), false) = (known.0, known.1, known.2, poll.wants_full) {
        match origin.changes(source, token).await {
            Ok(changes) => {
                let cursor = Cursor { token: Some(changes.token), ..poll.cursor.clone() };
                let is_new = changes.is_changed || source.held.is_some();
                let window = Window { from, until };
                return Ok(if is_new { Asked::Pages { window, cursor } } else { Asked::Same { cursor, digest: None } });
            }
            Err(Trouble::CursorExpired) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    // The token first: what changes while the window is read is then told the next time.
    let token = origin.first(source, window).await?;
    let cursor = Cursor { token: Some(token), from: Some(window.from), until: Some(window.until), ..Cursor::default() };
    Ok(Asked::Pages { window, cursor })
}

impl Origin<'_> {
    async fn first(&self, source: &Source, window: Window) -> Result<String, Trouble> {
        match self {
            Self::Google(google) => google.first_token(&source.calendar.location, window.from).await,
            Self::Outlook(outlook) => outlook.first_link(&source.calendar.location, window).await,
            Self::File | Self::Feed(..) => Ok(String::new()),
        }
    }

    async fn changes(&self, source: &Source, token: &str) -> Result<crate::calendar::Changes, Trouble> {
        match self {
            Self::Google(google) => google.changes(&source.calendar.location, token).await,
            Self::Outlook(outlook) => outlook.changes(token).await,
            Self::File | Self::Feed(..) => Err(Trouble::CursorExpired),
        }
    }

    /// A page of the window.
    pub(super) async fn page(&self, source: &Source, window: Window, zone: Tz, next: Option<&str>) -> Result<Page, Trouble> {
        let page = match self {
            Self::Google(google) => google.window(&source.calendar.location, window, zone, next).await?,
            Self::Outlook(outlook) => outlook.window(&source.calendar.location, window, zone, next).await?,
            Self::File | Self::Feed(..) => Page::default(),
        };
        Ok(page.cleaned())
    }
}

async fn feed(
    web: &Web,
    address: &SecretString,
    source: &Source,
    cursor: &Cursor,
    (seen, window, zones): (Option<String>, Window, &Zones),
    now: DateTime<Utc>,
) -> Result<Asked, Refusal> {
    let before =
        Validators { etag: cursor.etag.clone(), last_modified: cursor.last_modified.clone(), unconditional_at: cursor.unconditional_at };
    // Another window shows other parts of the same file, so then it is needed itself.
    let is_known = seen.is_some() && (cursor.from, cursor.until) == (Some(window.from), Some(window.until));
    let before = if is_known { before } else { Validators::default() };
    match feed::fetch(web, address, &before, now).await.map_err(Refusal::Feed)? {
        Fetched::NotModified => Ok(Asked::Same { cursor: cursor.clone(), digest: source.digest.clone() }),
        Fetched::Body(bytes, after) => {
            let cursor = Cursor {
                token: None,
                from: Some(window.from),
                until: Some(window.until),
                etag: after.etag,
                last_modified: after.last_modified,
                unconditional_at: after.unconditional_at,
            };
            let shown = source.calendar.location.clone();
            let parsed = parse(move || Ok((bytes, shown)), seen, window, zones.clone(), cursor).await;
            parsed.map_err(|Unread { message, is_cut_off }| {
                // Its server may send the whole the next time.
                let later = || Refusal::Feed(feed::Refused::Unreachable(format!("{message}; this may pass")));
                if is_cut_off { later() } else { Refusal::Unreadable(message.clone()) }
            })
        }
    }
}

/// Why what was there could not be read.
struct Unread {
    message: String,
    /// There is a calendar, and its end is missing.
    is_cut_off: bool,
}

/// Bytes from outside are read and parsed away from the threads that serve everyone. The same bytes for the same window say the same.
async fn parse(
    read: impl FnOnce() -> Result<(Vec<u8>, String), String> + Send + 'static,
    seen: Option<String>,
    window: Window,
    zones: Zones,
    cursor: Cursor,
) -> Result<Asked, Unread> {
    let whole = |message| Unread { message, is_cut_off: false };
    let parse = move || {
        let (bytes, name) = read().map_err(whole)?;
        let mut hash = Sha256::new();
        hash.update(format!("{}/{}/{zones}/", window.from, window.until));
        hash.update(&bytes);
        let digest = hex(&hash.finalize());
        if seen.as_ref() == Some(&digest) {
            return Ok(Asked::Same { cursor, digest: Some(digest) });
        }
        let answer = ics::read(&bytes, &window, &zones, &Limits::default()).map(Answer::cleaned).map_err(|refused| Unread {
            message: format!("{name}: {refused}"),
            is_cut_off: matches!(refused, ics::Refused::Truncated { .. }),
        })?;
        Ok(Asked::File { answer: Box::new(answer), digest, window, cursor })
    };
    tokio::task::spawn_blocking(parse).await.unwrap_or_else(|_| Err(whole("reading it ended unexpectedly".to_owned())))
}
