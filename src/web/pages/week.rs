//! A person's week: her time on an axis, what is to come, what is not accounted for, and everything she can do about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Form,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Timelike, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Failure,
    form::{Before, go, ticked, value},
    layout::{csrf, page},
    queue_item::what,
    text::{Style, hours, words},
};
use crate::{
    app::{App, explain},
    model::{
        day::instant,
        decision::{Act, Written},
        entry::{Entry, EntryStatus, Origin},
        event::{Event, Span, Text},
        ids::{self, BatchId, EntryId, StaffId},
        staff::Staff,
    },
    review::{self, Do, fields, seen},
    store::audit::{AuditFilter, Audited},
    web::{guard::Signed, routes::Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/week", || get(show)),
    Route::post("/week/submit", || post(submit)),
    Route::post("/week/write", || post(write)),
    Route::post("/entries/{id}", || post(act)),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Looked {
    /// Any date of the week.
    of: String,
    /// Whose, for those who review it.
    person: String,
    entry: String,
    #[serde(flatten)]
    before: Before,
}

pub(super) fn monday_of(date: NaiveDate) -> NaiveDate {
    date - Days::new(u64::from(date.weekday().num_days_from_monday()))
}

fn address(monday: NaiveDate, staff: StaffId, entry: Option<EntryId>) -> String {
    let entry = entry.map_or_else(String::new, |id| format!("&entry={id}"));
    format!("/week?of={monday}&person={staff}{entry}")
}

/// For titles that are not for a reviewer to read.
const NOT_SHOWN: &str = "(not shown)";

/// Everything of one week.
struct Week {
    staff: Staff,
    monday: NaiveDate,
    entries: Vec<Entry>,
    /// Events that make no time yet.
    to_come: Vec<Event>,
    titles: BTreeMap<EntryId, String>,
}

async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap, Query(looked): Query<Looked>) -> Result<Markup, Failure> {
    let style = Style::of(&headers);
    let now = app.config.clock.now();
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let staff = looked.person.parse().ok().or(signed.who.staff).ok_or(Failure::NotFound)?;
    if !signed.who.reads_words_of(staff) {
        return Err(Failure::NotFound);
    }
    let staff = tx.staff_member(staff).await?;
    let today = staff.zones.date_of(now);
    let monday = monday_of(looked.of.parse().unwrap_or(today));
    let sunday = monday + Days::new(6);
    let mut entries = tx.entries_on(staff.id, monday, sunday).await?;
    entries.retain(|entry| entry.status != EntryStatus::Void);
    entries.sort_by_key(|entry| (entry.body.start, entry.id));
    let events = tx.events_on(staff.id, monday, sunday).await?;
    let reads = |event: &Event, is_matched: bool| review::words::reads(&signed.who, app.config.titles, event, is_matched);
    let hidden: BTreeSet<EntryId> = entries
        .iter()
        .filter(|entry| events.iter().any(|event| Some(event.id) == entry.body.event && !reads(event, entry.body.is_matched())))
        .map(|entry| entry.id)
        .collect();
    let of = |entry: &Entry| {
        let event = events.iter().find(|event| Some(event.id) == entry.body.event)?;
        Some(if hidden.contains(&entry.id) { NOT_SHOWN.to_owned() } else { event.fact.text.title.clone() })
    };
    let titles = entries.iter().filter_map(|entry| Some((entry.id, of(entry).or_else(|| entry.body.description.clone())?))).collect();
    let mut to_come: Vec<Event> =
        events.into_iter().filter(|event| event.is_live() && staff.zones.starts_at(&event.fact.span) > now).collect();
    for event in &mut to_come {
        if !reads(event, false) {
            event.fact.text = Arc::new(Text { title: NOT_SHOWN.to_owned(), ..Text::clone(&event.fact.text) });
        }
    }
    to_come.sort_by_key(|event| staff.zones.starts_at(&event.fact.span));
    let week = Week { staff, monday, entries, to_come, titles };
    let open = looked.entry.parse().ok().map(EntryId).and_then(|id| week.entries.iter().find(|entry| entry.id == id));
    let detail = match open {
        Some(entry) => {
            let why = if hidden.contains(&entry.id) {
                None
            } else {
                explain::of_book(&mut tx, &active, &entry.id.to_string()).await.ok().map(|explained| explained.told())
            };
            let done =
                tx.audited(&signed.who, &AuditFilter { subject: Some(entry.id.to_string()), limit: 20, ..AuditFilter::default() }).await?;
            let catalog: Vec<_> = active
                .rules
                .catalog
                .projects()
                .filter(|(_, project)| project.is_open_on(entry.body.date))
                .map(|(client, project)| (project.code.clone(), format!("{} – {}", client.name, project.name)))
                .collect();
            Some(opened(&signed, &week, entry, why.as_deref(), &done, &catalog, style))
        }
        None => None,
    };
    let title = if Some(week.staff.id) == signed.who.staff { "My week".to_owned() } else { format!("The week of {}", week.staff.name) };
    let content = html! {
        (head(&signed, &week, style, now))
        @if let Some(detail) = detail { (detail) }
        div.scroll tabindex="0" role="region" aria-label="The week's days" { div.week { (axis(style)) @for day in 0..7 { (day_of(&week, monday + Days::new(day), open, style, now)) } } }
        (write_form(&signed, &week, &active.rules.catalog.projects().map(|(client, project)| (project.code.clone(), client.name.clone())).collect::<Vec<_>>()))
    };
    Ok(page(&signed, &title, "/week", looked.before.told().as_ref(), &content))
}

fn head(signed: &Signed, week: &Week, style: Style, now: DateTime<Utc>) -> Markup {
    let sum: i64 = week.entries.iter().map(|entry| entry.body.seconds).sum();
    let held = week.entries.iter().filter(|entry| entry.body.held).count();
    let due: i64 = (0..7).map(|day| i64::from(week.staff.working.on(week.monday + Days::new(day)))).sum();
    let ready = week.entries.iter().filter(|entry| matches!(entry.status, EntryStatus::Draft | EntryStatus::Rejected) && !entry.body.held);
    let ready: Vec<_> = ready.filter(|entry| entry.body.end <= now).collect();
    html! {
        p { (style.full_date(week.monday)) " to " (style.full_date(week.monday + Days::new(6))) " · " strong { (hours(sum)) } " of " (hours(due)) " h"
            @if held > 0 { " · " a.held href="/queue" { (held) " held by open questions" } } }
        div.acts {
            a.button href=(address(week.monday - Days::new(7), week.staff.id, None)) data-key="k" { "← Earlier " kbd { "k" } }
            a.button href=(address(week.monday + Days::new(7), week.staff.id, None)) data-key="j" { "Later → " kbd { "j" } }
            @if !ready.is_empty() {
                form method="post" action="/week/submit" {
                    (csrf(signed)) input type="hidden" name="back" value=(address(week.monday, week.staff.id, None));
                    @for entry in &ready { input type="hidden" name="one" value={ (entry.id) ":" (entry.version) }; }
                    button.primary data-key="s" { "Submit " (ready.len()) @if ready.len() == 1 { " entry " } @else { " entries " } kbd { "s" } }
                }
            }
        }
    }
}

/// The hours beside the days.
fn axis(style: Style) -> Markup {
    let hour =
        |hour: u32| NaiveDate::default().and_hms_opt(hour, 0, 0).map(|at| style.time(at.and_utc(), chrono_tz::UTC)).unwrap_or_default();
    html! { div.hours aria-hidden="true" { div {} div.axis { @for at in [7, 9, 11, 13, 15, 17, 19] { span class={ "s" (at * 4) " l8" } { (hour(at)) } } } } }
}

fn day_of(week: &Week, date: NaiveDate, open: Option<&Entry>, style: Style, now: DateTime<Utc>) -> Markup {
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
    let state = if entry.body.held {
        " held"
    } else if entry.status.is_approved() {
        " approved"
    } else {
        ""
    };
    format!("block{state} s{start} l{length}")
}

fn opened(
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
            @if is_open {
                form method="post" action=(action) {
                    (hidden)
                    div.row {
                        label { "Project" input name="project" list="projects" value=(entry.body.project.as_deref().unwrap_or_default()) autocomplete="off"; }
                        label { "Task" input name="task" value=(entry.body.task.as_deref().unwrap_or_default()); }
                        label { "Billable" select name="billable" { @for (value, name) in [("", "as it is"), ("yes", "yes"), ("no", "no")] { option value=(value) { (name) } } } }
                        label { "From" input type="time" name="start" value=(time(entry.body.start)); }
                        label { "To" input type="time" name="end" value=(time(entry.body.end)); }
                        label { "Description" input name="description" value=(entry.body.description.as_deref().unwrap_or_default()); }
                        button.primary name="act" value="change" { "Save" }
                    }
                    datalist #projects { @for (code, name) in catalog { option value=(code) { (name) } } }
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

fn write_form(signed: &Signed, week: &Week, catalog: &[(String, String)]) -> Markup {
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
                datalist #all-projects { @for (code, name) in catalog { option value=(code) { (name) } } }
            }
        }
    }
}

type Pairs = Vec<(String, String)>;

async fn submit(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let ids = ticked(&pairs)?;
    let outcomes = app.desk(&active, &signed.who).act_on_all(&ids, &Do::Submit, BatchId(ids::fresh())).await?;
    let said = if outcomes.iter().all(|(_, outcome)| outcome.is_ok()) { "submitted" } else { "some" };
    Ok(go(value(&pairs, "back").unwrap_or("/week"), said, None, None))
}

async fn act(State(app): State<Arc<App>>, Path(id): Path<EntryId>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let entry = tx.entry_seen(&signed.who, id).await?.ok_or(Failure::NotFound)?;
    let catalog = &active.rules.catalog;
    let why = || value(&pairs, "why").unwrap_or_default().to_owned();
    let (what, said) = match value(&pairs, "act") {
        Some("change") => {
            let names = ["project", "task", "billable", "start", "end", "description"];
            let typed: Vec<_> = names.into_iter().filter_map(|name| value(&pairs, name).map(|value| format!("{name}={value}"))).collect();
            (Do::Change(fields::acts(&mut tx, catalog, &entry, &changed(&entry, typed)).await?), "saved")
        }
        Some("split") => {
            let share: u32 =
                value(&pairs, "share").and_then(|share| share.parse().ok()).filter(|share| (1..100).contains(share)).unwrap_or(50);
            let part =
                |share: u32, name: &str| value(&pairs, name).map_or_else(|| share.to_string(), |code| format!("{share}:project={code}"));
            let parts = [part(share, "first"), part(100 - share, "second")];
            (Do::Change(vec![fields::divided(&mut tx, catalog, &entry, &parts).await?]), "saved")
        }
        Some("merge") => {
            let into =
                value(&pairs, "into").and_then(|id| id.parse().ok()).ok_or_else(|| Failure::Odd("Say into which one.".to_owned()))?;
            let target = tx.entry_seen(&signed.who, into).await?.filter(|target| target.staff == entry.staff).ok_or(Failure::NotFound)?;
            (Do::Change(vec![Act::Merge { into: target.key.meeting, seen: seen(&mut tx, &entry).await? }]), "saved")
        }
        Some("not-work") => (Do::Change(vec![Act::NotWork]), "not-work"),
        Some("withdraw") => (Do::Withdraw, "withdrawn"),
        Some("approve") => (Do::Approve, "approved"),
        Some("reject") => (Do::Reject { reason: why() }, "rejected"),
        Some("reopen") => (Do::Reopen { reason: why() }, "reopened"),
        _ => return Err(Failure::NotFound),
    };
    drop(tx);
    let seen = value(&pairs, "version").and_then(|version| version.parse().ok());
    let batch = BatchId(ids::fresh());
    app.desk(&active, &signed.who).act_as(id, seen, &what, batch).await?;
    let undo = matches!(what, Do::Change(_)).then(|| batch.to_string());
    Ok(go(value(&pairs, "back").unwrap_or("/week"), said, undo.as_deref(), None))
}

/// A form sends every field; those that say what stands already are no decision.
fn changed(entry: &Entry, typed: Vec<String>) -> Vec<String> {
    let body = &entry.body;
    let time = |at: DateTime<Utc>| at.with_timezone(&body.timezone).format("%H:%M").to_string();
    let stands = [
        format!("project={}", body.project.as_deref().unwrap_or_default()),
        format!("task={}", body.task.as_deref().unwrap_or_default()),
        format!("description={}", body.description.as_deref().unwrap_or_default()),
        format!("start={}", time(body.start)),
        format!("end={}", time(body.end)),
    ];
    typed.into_iter().filter(|field| !stands.contains(field)).collect()
}

async fn write(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let odd = |words: &str| Failure::Odd(words.to_owned());
    let active = app.current().await?;
    let staff: StaffId = value(&pairs, "person").and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    let staff = app.store.read().await?.staff_member(staff).await?;
    let date: NaiveDate = value(&pairs, "date").and_then(|date| date.parse().ok()).ok_or_else(|| odd("Say on which day."))?;
    let zone = staff.zones.on(date);
    let time = |name| {
        value(&pairs, name).and_then(|time| NaiveTime::parse_from_str(time, "%H:%M").ok()).map(|time| instant(zone, date.and_time(time)))
    };
    let (Some(start), Some(end)) = (time("start"), time("end")) else { return Err(odd("Say from when until when, such as 09:30.")) };
    if start >= end {
        return Err(odd("The start is not before the end."));
    }
    let names = ["project", "description"];
    let typed: Vec<_> = names.into_iter().filter_map(|name| value(&pairs, name).map(|value| format!("{name}={value}"))).collect();
    let assignment = fields::assignment(&active.rules.catalog, &typed)?;
    let written = Written { start, end, timezone: zone, date, assignment, origin: Origin::Manual, external_ref: None };
    app.desk(&active, &signed.who).write(staff.id, written).await?;
    Ok(go(&address(monday_of(date), staff.id, None), "saved", None, None))
}
