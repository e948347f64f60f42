//! What is known of the time that a question is about: its event, its entry, and the day around it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{
    queue_item::Item,
    text::{Style, hours, link, words},
};
use crate::model::{entry::Entry, exception::Exception};

pub(super) fn facts(exception: &Exception, item: &Item, style: Style) -> Markup {
    let person = item.person.as_ref().map_or("", |one| one.name.as_str());
    html! {
        h2 {
            @match (&item.event, &item.entry) {
                (Some(event), _) if !event.fact.text.title.is_empty() => (words(&event.fact.text.title)),
                (None, Some(entry)) if entry.body.event.is_some() => "(its words are not for you to read)",
                (None, Some(entry)) => (words(entry.body.description.as_deref().unwrap_or("(a written entry)"))),
                _ => "(no title)",
            }
        }
        dl.facts {
            @let date = item.entry.as_ref().map_or(exception.date, |entry| entry.body.start.with_timezone(&item.viewer).date_naive());
            dt { "When" } dd { (style.full_date(date)) @if date != exception.date { " (booked on " (style.date(exception.date)) ")" }
                @if let Some(entry) = &item.entry { ", " (style.span(entry.body.start, entry.body.end, item.viewer, entry.body.timezone)) " · " (hours(entry.body.seconds)) " h" } }
            dt { "Who" } dd { (person)
                @if let Some(event) = &item.event {
                    @let people: Vec<_> = event.fact.text.attendees.iter().filter(|one| !one.resource).collect();
                    @if !people.is_empty() { span.quiet { " with " @for (index, one) in people.iter().take(12).enumerate() { @if index > 0 { ", " } (words(&one.email)) } @if people.len() > 12 { " and " (people.len() - 12) " more" } } }
                } }
            @if let Some(event) = &item.event {
                @if !event.fact.text.location.is_empty() { dt { "Where" } dd { (link(&event.fact.text.location)) } }
                @if let Some(call) = &event.fact.text.conference { dt { "Call" } dd { (link(call)) } }
                dt { "Calendar" } dd { (words(&event.calendar_name)) }
            }
            @if let Some(entry) = &item.entry {
                dt { "Entry" } dd { (what(entry)) " " span.tag.held[entry.body.held] { @if entry.body.held { "held" } @else { (entry.status) } } }
            }
        }
    }
}

/// What an entry is for.
pub(super) fn what(entry: &Entry) -> Markup {
    let body = &entry.body;
    let name = body.project.as_deref().or(body.client.as_deref()).unwrap_or("not known yet");
    html! {
        (words(name)) @if let Some(task) = &body.task { " · " (words(task)) }
        @match body.billable { Some(true) => " · billable", Some(false) => " · not billable", None => "" }
    }
}

/// The day as a line: every entry where it lies, this one marked.
pub(super) fn timeline(item: &Item, exception: &Exception, style: Style) -> Markup {
    let (Some(first), Some(last)) = (item.day.iter().map(|one| one.body.start).min(), item.day.iter().map(|one| one.body.end).max()) else {
        return html! {};
    };
    let whole = (last - first).num_seconds().max(1);
    let place = |at: DateTime<Utc>| (at - first).num_seconds() * 1000 / whole;
    let ends = format!("{} to {}", style.time(first, item.viewer), style.time(last, item.viewer));
    let label = format!("{} entries of the day, {ends}", item.day.len());
    html! {
        svg.line viewBox="0 0 1000 52" preserveAspectRatio="none" role="img" aria-label=(label) {
            @for one in &item.day {
                @let x = place(one.body.start);
                @let this = Some(one.id) == exception.entry;
                rect class=(if this { "this" } else { "bar" }) x=(x) y=(if this { 22 } else { 6 }) width=((place(one.body.end) - x).max(4)) height="14" rx="3" {
                    title { (style.span(one.body.start, one.body.end, item.viewer, item.viewer)) " " (one.body.project.as_deref().unwrap_or("–")) }
                }
            }
            line.tick x1="0" y1="40" x2="1000" y2="40" {}
        }
        p.quiet { (ends) }
    }
}
