//! The days of a week on an axis of hours: what was worked, what is to come, what is not accounted for.

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use maud::{Markup, html};

use super::{
    text::{Style, hours, words},
    week::{Week, address},
};
use crate::model::{
    entry::{Entry, EntryStatus},
    event::Span,
};

/// The hours beside the days.
pub(super) fn axis(style: Style) -> Markup {
    let hour =
        |hour: u32| NaiveDate::default().and_hms_opt(hour, 0, 0).map(|at| style.time(at.and_utc(), chrono_tz::UTC)).unwrap_or_default();
    html! { div.hours aria-hidden="true" { div {} div.axis { @for at in [7, 9, 11, 13, 15, 17, 19] { span class={ "s" (at * 4) " l8" } { (hour(at)) } } } } }
}

pub(super) fn day_of(week: &Week, date: NaiveDate, open: Option<&Entry>, style: Style, now: DateTime<Utc>) -> Markup {
    let zone = week.staff.zones.on(date);
    let here: Vec<_> = week.entries.iter().filter(|entry| entry.body.date == date).collect();
    let sum: i64 = here.iter().map(|entry| entry.body.seconds).sum();
    let due = i64::from(week.staff.working.on(date));
    let gap = due - sum;
    let to_come = week.to_come.iter().filter(|event| week.staff.zones.first_date(&event.fact.span) == date);
    let is_over = week.staff.zones.bounds(date).1 <= now;
    html! {
        section.day aria-label=(style.full_date(date)) {
            h2 { (style.date(date)) " " span.quiet { (hours(sum)) } }
            p.quiet.gap { @if is_over && gap > 1800 && week.staff.works_on(date) { (hours(gap)) " h not accounted for" } }
            div.grid {
                @for entry in &here {
                    @let (start, length) = quarters(entry.body.start, entry.body.end, zone);
                    a class=(classes(entry, start, length)) href=(address(week.monday, week.staff.id, Some(entry.id)))
                      aria-current=[open.is_some_and(|open| open.id == entry.id).then_some("true")] {
                        (style.time(entry.body.start, zone)) " " strong { (words(entry.body.project.as_deref().or(entry.body.client.as_deref()).unwrap_or("?"))) }
                        @if let Some(title) = week.titles.get(&entry.id) { " " (words(title)) }
                        @if entry.body.held { " (held)" }
                        @match entry.status { EntryStatus::Rejected => " (sent back)", EntryStatus::Submitted => " (submitted)", _ => {} }
                    }
                }
                @for event in to_come { @if let Span::Timed { start, end, .. } = event.fact.span {
                    @let (from, length) = quarters(start, end, zone);
                    div class={ "block to-come s" (from) " l" (length) } { (style.time(start, zone)) " " (words(&event.fact.text.title)) " " span.quiet { "to come" } }
                } }
            }
        }
    }
}

/// Where a span lies in a day of quarters.
fn quarters(start: DateTime<Utc>, end: DateTime<Utc>, zone: chrono_tz::Tz) -> (u32, i64) {
    let local = start.with_timezone(&zone);
    let from = local.hour() * 4 + local.minute() / 15;
    let length = ((end - start).num_minutes() + 14) / 15;
    (from, length.clamp(2, 96_i64.saturating_sub(i64::from(from)).max(2)))
}

fn classes(entry: &Entry, start: u32, length: i64) -> String {
    let state = if entry.body.held || entry.status == EntryStatus::Rejected {
        " held"
    } else if entry.status.is_approved() {
        " approved"
    } else {
        ""
    };
    format!("block{state} s{start} l{length}")
}
