//! One entry of a week with everything that can be said to it, and the form for time that no calendar has.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{
    entry_fields::{fields, projects},
    layout::csrf,
    queue_facts::what,
    text::{Style, hours, words},
    week::{Week, address},
};
use crate::{
    model::entry::{Entry, EntryStatus},
    store::audit::Audited,
    web::guard::Signed,
};

pub(super) fn opened(
    signed: &Signed,
    week: &Week,
    entry: &Entry,
    why: Option<&str>,
    done: &[Audited],
    catalog: &[(String, String)],
    style: Style,
) -> Markup {
    let action = format!("/entries/{}", entry.id);
    let back = address(week.monday, week.staff.id, None);
    let hidden =
        html! { (csrf(signed)) input type="hidden" name="version" value=(entry.version); input type="hidden" name="back" value=(back); };
    let time = |at: DateTime<Utc>| at.with_timezone(&entry.body.timezone).format("%H:%M").to_string();
    let is_open = matches!(entry.status, EntryStatus::Draft | EntryStatus::Rejected);
    html! {
        article.card aria-label="Entry" {
            h2 { @match week.titles.get(&entry.id) { Some(title) => (words(title)), None => "(no title)" } }
            p { (style.full_date(entry.body.date)) ", " (style.span(entry.body.start, entry.body.end, week.staff.zones.on(entry.body.date), entry.body.timezone)) " · " (hours(entry.body.seconds)) " h · " (what(entry)) " "
                span.tag { (entry.status) } @if entry.body.held { " " span.tag.held { "held" } } }
            @if entry.status == EntryStatus::Rejected {
                p.held { "It was sent back" @if let Some(why) = sent_back(done) { ": " (words(why)) } "." }
                form method="post" action=(action) { (hidden) button name="act" value="submit" { "Submit it as it is" } }
            }
            @if is_open {
                form method="post" action=(action) {
                    (hidden)
                    div.row {
                        (fields(&entry.body, "as it is"))
                        button.primary name="act" value="change" { "Save" }
                    }
                    (projects("projects", catalog))
                }
                details {
                    summary { "Split it, join it, take it out" }
                    form.row method="post" action=(action) {
                        (hidden)
                        label { "First part, in percent" input type="number" name="share" min="1" max="99" value="50"; }
                        label { "is for" input name="first" list="projects"; }
                        label { "the rest is for" input name="second" list="projects"; }
                        button name="act" value="split" { "Split" }
                    }
                    form.row method="post" action=(action) {
                        (hidden)
                        label { "Into" select name="into" { @for other in week.entries.iter().filter(|other| other.id != entry.id && other.body.date == entry.body.date) { option value=(other.id) { (time(other.body.start)) "–" (time(other.body.end)) " " (other.body.project.as_deref().unwrap_or("?")) } } } }
                        button name="act" value="merge" { "Join" }
                    }
                    form method="post" action=(action) { (hidden) button name="act" value="not-work" { "Not work" } }
                    form method="post" action=(action) { (hidden) button name="act" value="undo" { "Take back the last change" } }
                }
            }
            div.acts {
                @if entry.status == EntryStatus::Submitted { form method="post" action=(action) { (hidden) button name="act" value="withdraw" { "Take back" } } }
                @if entry.status == EntryStatus::Submitted && signed.who.reviews(entry.staff) {
                    form.row method="post" action=(action) { (hidden) label { "Why" input name="why" required; } button name="act" value="reject" { "Send back" } }
                }
                @if entry.status == EntryStatus::Approved && signed.who.reviews(entry.staff) {
                    form.row method="post" action=(action) { (hidden) label { "Why" input name="why" required; } button name="act" value="reopen" { "Reopen" } }
                }
                a.button href=(back) { "Close" }
            }
            @if !done.is_empty() {
                details { summary { "Who changed what" } ul { @for one in done {
                    li { (style.date(one.act.at.date_naive())) " " (style.time(one.act.at, week.staff.zones.on(entry.body.date))) " · " bdi { (one.act.actor) } ": " (one.act.act) @if let Some(why) = &one.act.why { " – " (words(why)) } }
                } } }
            }
            @if let Some(why) = why { details #why { summary { "Why is it what it is?" } pre { (why) } } }
        }
    }
}

/// Why a reviewer sent it back last.
fn sent_back(done: &[Audited]) -> Option<&str> {
    done.iter().filter(|one| one.act.act == "reject").max_by_key(|one| one.seq)?.act.why.as_deref()
}

pub(super) fn write_form(signed: &Signed, week: &Week, catalog: &[(String, String)]) -> Markup {
    html! {
        details.no-print {
            summary { "Write an entry that no calendar has" }
            form.row method="post" action="/week/write" {
                (csrf(signed)) input type="hidden" name="person" value=(week.staff.id);
                label { "Day" input type="date" name="date" value=(week.monday) required; }
                label { "From" input type="time" name="start" required; }
                label { "To" input type="time" name="end" required; }
                label { "Project" input name="project" list="all-projects" required; }
                label { "Description" input name="description"; }
                button { "Write" }
                (projects("all-projects", catalog))
            }
        }
    }
}
