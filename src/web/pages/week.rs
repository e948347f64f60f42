//! A person's week: her time on an axis, what is to come, what is not accounted for, and everything she can do about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    routing::{get, post},
};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Failure,
    form::Before,
    layout::{Done, csrf, page},
    text::{Style, hours},
    week_acts,
    week_days::{axis, day_of},
    week_entry::{opened, write_form},
    week_gone::{gone, takes_out},
};
use crate::{
    app::{App, explain},
    model::{
        entry::{Entry, EntryStatus},
        event::{Event, Text},
        ids::{EntryId, StaffId},
        staff::Staff,
    },
    review,
    store::audit::AuditFilter,
    web::{guard::Signed, routes::Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/week", || get(show)),
    Route::post("/week/submit", || post(week_acts::submit)),
    Route::post("/week/write", || post(week_acts::write)),
    Route::post("/entries/{id}", || post(week_acts::act)),
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

pub(super) fn address(monday: NaiveDate, staff: StaffId, entry: Option<EntryId>) -> String {
    let entry = entry.map_or_else(String::new, |id| format!("&entry={id}"));
    format!("/week?of={monday}&person={staff}{entry}")
}

/// For titles that are not for a reviewer to read.
const NOT_SHOWN: &str = "(not shown)";

/// Everything of one week.
pub(super) struct Week {
    pub(super) staff: Staff,
    pub(super) monday: NaiveDate,
    pub(super) entries: Vec<Entry>,
    /// What people took out.
    pub(super) gone: Vec<Entry>,
    /// Events that make no time yet.
    pub(super) to_come: Vec<Event>,
    pub(super) titles: BTreeMap<EntryId, String>,
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
    let mut taken_out: Vec<Entry> = entries.extract_if(.., |entry| entry.status == EntryStatus::Void).collect();
    let decisions = tx.decisions_about(&taken_out.iter().map(|entry| entry.key.meeting.0).collect::<Vec<_>>()).await?;
    taken_out.retain(|entry| decisions.iter().any(|decision| takes_out(decision, entry)));
    entries.sort_by_key(|entry| (entry.body.start, entry.id));
    let events = tx.events_on(staff.id, monday, sunday).await?;
    let reads = |event: &Event, is_matched: bool| review::words::reads(&signed.who, app.config.titles, event, is_matched);
    let hidden: BTreeSet<EntryId> = entries
        .iter()
        .chain(&taken_out)
        .filter(|entry| events.iter().any(|event| Some(event.id) == entry.body.event && !reads(event, entry.body.is_matched())))
        .map(|entry| entry.id)
        .collect();
    let of = |entry: &Entry| {
        let event = events.iter().find(|event| Some(event.id) == entry.body.event)?;
        Some(if hidden.contains(&entry.id) { NOT_SHOWN.to_owned() } else { event.fact.text.title.clone() })
    };
    let titles = entries
        .iter()
        .chain(&taken_out)
        .filter_map(|entry| Some((entry.id, of(entry).or_else(|| entry.body.description.clone())?)))
        .collect();
    let mut to_come: Vec<Event> =
        events.into_iter().filter(|event| event.is_live() && staff.zones.starts_at(&event.fact.span) > now).collect();
    for event in &mut to_come {
        if !reads(event, false) {
            event.fact.text = Arc::new(Text { title: NOT_SHOWN.to_owned(), ..Text::clone(&event.fact.text) });
        }
    }
    to_come.sort_by_key(|event| staff.zones.starts_at(&event.fact.span));
    let week = Week { staff, monday, entries, gone: taken_out, to_come, titles };
    let open = looked.entry.parse().ok().map(EntryId).and_then(|id| week.entries.iter().find(|entry| entry.id == id));
    let detail = match open {
        Some(entry) => {
            let why = if hidden.contains(&entry.id) {
                None
            } else {
                explain::of_book(&mut tx, &active, &entry.id.to_string(), now).await.ok().map(|explained| explained.told())
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
            let entry = if hidden.contains(&entry.id) { review::words::without(entry.clone()) } else { entry.clone() };
            Some(opened(&signed, &week, &entry, why.as_deref(), &done, &catalog, style))
        }
        None => None,
    };
    let title = if Some(week.staff.id) == signed.who.staff { "My week".to_owned() } else { format!("The week of {}", week.staff.name) };
    let content = html! {
        (head(&signed, &week, style, now))
        @if let Some(detail) = detail { (detail) }
        div.scroll tabindex="0" role="region" aria-label="The week's days" { div.week { (axis(style)) @for day in 0..7 { (day_of(&week, monday + Days::new(day), open, style, now)) } } }
        (gone(&signed, &week, style))
        (write_form(&signed, &week, &active.rules.catalog.projects().map(|(client, project)| (project.code.clone(), client.name.clone())).collect::<Vec<_>>()))
    };
    let done = looked.before.told().map(|done| Done { back: Some(address(monday, week.staff.id, None)), ..done });
    Ok(page(&signed, &title, "/week", done.as_ref(), &content))
}

fn head(signed: &Signed, week: &Week, style: Style, now: DateTime<Utc>) -> Markup {
    let sum: i64 = week.entries.iter().map(|entry| entry.body.seconds).sum();
    let held = week.entries.iter().filter(|entry| entry.body.held).count();
    let due: i64 = (0..7).map(|day| i64::from(week.staff.working.on(week.monday + Days::new(day)))).sum();
    // What was sent back is handed in again by itself, once someone has looked at it.
    let ready = week.entries.iter().filter(|entry| entry.status == EntryStatus::Draft && !entry.body.held);
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
