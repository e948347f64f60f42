//! Words, dates and lengths as a reader sees them. Words of calendars come from anyone who can send an invitation: they are marked off
//! from ours, cannot turn the text around them, and cannot hide what they hold.

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};
use chrono::{DateTime, Locale, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use url::Url;

/// Longer words are cut.
const LONGEST: usize = 1_024;

/// Words of a calendar.
pub(super) fn words(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// Characters that turn, hide or break text, as marks.
fn visible(text: &str) -> String {
    let shown = text.chars().take(LONGEST).map(|char| match char {
        '\n' | '\t' => ' ',
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        other => other,
    });
    let cut = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    shown.chain(cut.chars()).collect()
}

/// An address that may be followed: nothing that runs in the page.
pub(super) fn link(text: &str) -> Markup {
    let safe = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "https" | "http" | "mailto"));
    match safe {
        Some(url) => html! { a href=(url) rel="noopener noreferrer" target="_blank" { (words(text)) } },
        None => words(text),
    }
}

/// Hours and minutes.
pub(super) fn hours(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

/// How a reader writes dates and times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    locale: Locale,
    twelve: bool,
}

impl Style {
    /// By what the browser says its reader prefers.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let named = wanted.split(',').filter_map(|part| part.split(';').next()).map(str::trim).find_map(locale);
        let locale = named.unwrap_or(Locale::en_GB);
        let twelve = matches!(locale, Locale::en_US | Locale::en_CA | Locale::en_AU | Locale::en_IN | Locale::en_PH);
        Self { locale, twelve }
    }

    pub(super) fn date(self, date: NaiveDate) -> String {
        let order = if self.locale == Locale::en_US { "%a, %b %-d" } else { "%a %-d %b" };
        date.format_localized(order, self.locale).to_string()
    }

    pub(super) fn full_date(self, date: NaiveDate) -> String {
        let order = if self.locale == Locale::en_US { "%A, %B %-d, %Y" } else { "%A %-d %B %Y" };
        date.format_localized(order, self.locale).to_string()
    }

    pub(super) fn time(self, at: DateTime<Utc>, zone: Tz) -> String {
        at.with_timezone(&zone).format(if self.twelve { "%-I:%M %p" } else { "%H:%M" }).to_string()
    }

    /// From when until when, in the reader's zone, and in the event's where that reads differently.
    pub(super) fn span(self, start: DateTime<Utc>, end: DateTime<Utc>, viewer: Tz, event: Tz) -> String {
        let here = format!("{}–{}", self.time(start, viewer), self.time(end, viewer));
        let there = format!("{}–{}", self.time(start, event), self.time(end, event));
        if here == there { here } else { format!("{here} ({there} {event})") }
    }
}

/// `de-AT` as it is, `de` as the land of that name.
fn locale(tag: &str) -> Option<Locale> {
    let (language, land) = tag.split_once('-').map_or_else(|| (tag, tag.to_uppercase()), |(one, two)| (one, two.to_uppercase()));
    let land = if tag == "en" { "GB".to_owned() } else { land };
    Locale::try_from(format!("{}_{land}", language.to_lowercase()).as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_no_link_and_what_turns_text_is_seen() {
        for bad in
            ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "java\tscript:alert(1)", "//evil.example"]
        {
            assert!(!link(bad).into_string().contains("href"), "{bad}");
        }
        assert!(link("https://meet.example/x").into_string().contains("href"));
        assert_eq!(words("a\u{202e}b<").into_string(), "<bdi>a\u{fffd}b&lt;</bdi>");
    }

    #[test]
    fn dates_are_written_as_their_reader_writes_them() {
        let style = |tag: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, tag.parse().expect("a header"));
            Style::of(&headers)
        };
        let date = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        let at: DateTime<Utc> = "2026-03-02T13:05:00Z".parse().expect("an instant");
        assert_eq!((style("en-US,en;q=0.9").date(date), style("en-US").time(at, Tz::UTC)), ("Mon, Mar 2".into(), "1:05 PM".into()));
        assert_eq!((style("de").date(date), style("de-AT").time(at, Tz::UTC)), ("Mo 2 Mär".into(), "13:05".into()));
        assert_eq!(style("tlh").date(date), "Mon 2 Mar");
    }
}
