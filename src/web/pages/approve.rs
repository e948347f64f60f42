//! Approval: people and their weeks, what each comes to, what is still asked, and what differs since it was last seen. What is approved is
//! what was seen: the entries with their versions, not the dates (S10).

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Form,
    extract::{Query, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use chrono::{Days, NaiveDate};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Failure,
    form::{Before, go, ticked, value},
    layout::{csrf, page},
    queue_facts::what,
    text::{Style, hours, words},
    week::monday_of,
};
use crate::{
    app::App,
    model::{
        entry::{Entry, EntryStatus},
        ids::{self, BatchId, StaffId},
        principal::Role,
        staff::Staff,
    },
    review::Do,
    store::totals::DaySum,
    web::{
        guard::{Signed, now},
        routes::Route,
    },
};

/// People of one page, and weeks of each.
const PEOPLE: usize = 25;
const WEEKS: u64 = 4;

pub(super) const ROUTES: &[Route] = &[Route::get("/approve", || get(show)), Route::post("/approve", || post(approve))];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Looked {
    of: String,
    person: String,
    /// Which page of people, from 0.
    page: usize,
    #[serde(flatten)]
    before: Before,
}

/// One person's week.
#[derive(Default)]
struct Cell {
    seconds: i64,
    submitted: i64,
    approved: i64,
    held: i64,
    asked: i64,
}

async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap, Query(looked): Query<Looked>) -> Result<Markup, Failure> {
    if !signed.who.has(Role::Reviewer) {
        return Err(Failure::NotFound);
    }
    let style = Style::of(&headers);
    let mut tx = app.store.read().await?;
    let all: Vec<Staff> = tx.staff().await?.into_iter().filter(|one| signed.who.reviews(one.id)).collect();
    let people: Vec<Staff> = all.iter().skip(looked.page * PEOPLE).take(PEOPLE).cloned().collect();
    let today = app.config.clock.now().date_naive();
    let last = monday_of(looked.of.parse().unwrap_or(today));
    let mondays: Vec<NaiveDate> = (0..WEEKS).rev().map(|back| last - Days::new(7 * back)).collect();
    let (from, to) = (mondays[0], last + Days::new(6));
    let ids: Vec<StaffId> = people.iter().map(|one| one.id).collect();
    let sums = tx.day_sums(&ids, from, to).await?;
    let asked = tx.open_by_day(&ids, from, to).await?;
    let cells = cells(&sums, &asked);
    let open = looked.person.parse().ok().and_then(|id| all.iter().find(|one| one.id == id)).cloned();
    let detail = match &open {
        Some(person) => {
            let mut entries = tx.entries_on(person.id, last, last + Days::new(6)).await?;
            entries.retain(|entry| entry.status != EntryStatus::Void);
            entries.sort_by_key(|entry| (entry.body.start, entry.id));
            let seen = match signed.who.staff {
                Some(reviewer) => tx.week_seen(reviewer, person.id, last).await?,
                None => None,
            };
            Some(week(&app, &signed, person, last, &entries, seen.as_ref(), style))
        }
        None => None,
    };
    let content = html! {
        div.acts {
            a.button href=(format!("/approve?of={}", last - Days::new(7))) data-key="k" { "← Earlier " kbd { "k" } }
            a.button href=(format!("/approve?of={}", last + Days::new(7))) data-key="j" { "Later → " kbd { "j" } }
        }
        @if let Some(detail) = detail { (detail) }
        div.scroll tabindex="0" role="region" aria-label="People and weeks" { table {
            thead { tr { th scope="col" { "Person" } @for monday in &mondays { th.n scope="col" { "from " (style.date(*monday)) } } } }
            tbody { @for person in &people { tr {
                th scope="row" { (person.name) }
                @for monday in &mondays { td.n { (cell(cells.get(&(person.id, *monday)), person, *monday)) } }
            } } }
        } }
        @if people.is_empty() { p.empty { "You review nobody's time." } }
        @if all.len() > PEOPLE { p { @for number in 0..all.len().div_ceil(PEOPLE) { a.button href=(format!("/approve?of={last}&page={number}")) { (number + 1) } " " } } }
    };
    Ok(page(&signed, "Approve", "/approve", looked.before.told().as_ref(), &content))
}

fn cells(sums: &[DaySum], asked: &[(StaffId, NaiveDate, i64)]) -> BTreeMap<(StaffId, NaiveDate), Cell> {
    let mut cells: BTreeMap<_, Cell> = BTreeMap::new();
    for sum in sums {
        let Ok(date) = sum.date.parse::<NaiveDate>() else { continue };
        let cell = cells.entry((StaffId(sum.staff), monday_of(date))).or_default();
        cell.seconds += sum.seconds;
        match sum.status.as_str() {
            "submitted" => cell.submitted += sum.seconds,
            "approved" | "exported" => cell.approved += sum.seconds,
            _ => {}
        }
        cell.held += if sum.held { sum.entries } else { 0 };
    }
    for (staff, date, count) in asked {
        cells.entry((*staff, monday_of(*date))).or_default().asked += count;
    }
    cells
}

fn cell(cell: Option<&Cell>, person: &Staff, monday: NaiveDate) -> Markup {
    html! { @match cell {
        None => span.quiet { "–" },
        Some(cell) => {
            a href=(format!("/approve?of={monday}&person={}", person.id)) { (hours(cell.seconds)) }
            @if cell.approved > 0 && cell.approved == cell.seconds { " " span.good { "approved" } }
            @else if cell.submitted > 0 { br; small { (hours(cell.submitted)) " submitted" } }
            @if cell.asked > 0 { br; small.held { (cell.asked) @if cell.asked == 1 { " question" } @else { " questions" } } }
        }
    } }
}

/// What a week says, so that a later difference is noticed: that something was approved meanwhile is none.
fn digest(entries: &[Entry]) -> String {
    ids::digest(&entries.iter().map(|entry| format!("{}:{}", entry.id, entry.body.meaning())).collect::<Vec<_>>().join(" "))
}

fn week(
    app: &App,
    signed: &Signed,
    person: &Staff,
    monday: NaiveDate,
    entries: &[Entry],
    seen: Option<&(i64, String)>,
    style: Style,
) -> Markup {
    let total: i64 = entries.iter().map(|entry| entry.body.seconds).sum();
    let own = app.config.four_eyes && signed.who.staff == Some(person.id);
    let ready = |entry: &Entry| matches!(entry.status, EntryStatus::Draft | EntryStatus::Submitted) && !entry.body.held && !own;
    html! {
        article.card aria-label="A week" {
            h2 { (person.name) ", " (style.full_date(monday)) " · " (hours(total)) " h" }
            @if let Some((before, digest_before)) = seen { @if *digest_before != digest(entries) {
                p.held { "It changed since you saw it" @if *before == total { "; it still comes to " (hours(total)) " h." } @else { ": it was " (hours(*before)) " h, now it is " (hours(total)) " h." } }
            } }
            @if own { p.held { "This is your own time; someone else approves it." } }
            form method="post" action="/approve" {
                (csrf(signed))
                input type="hidden" name="person" value=(person.id); input type="hidden" name="of" value=(monday);
                input type="hidden" name="seconds" value=(total); input type="hidden" name="digest" value=(digest(entries));
                div.scroll tabindex="0" role="region" aria-label="Entries" { table {
                    thead { tr { th { span.quiet { "✓" } } th { "Day" } th { "Time" } th.n { "Hours" } th { "For" } th.hide-narrow { "Description" } th { "State" } } }
                    tbody { @for entry in entries { tr {
                        td { @if ready(entry) { input type="checkbox" name="one" value={ (entry.id) ":" (entry.version) } checked aria-label={ "Approve the entry of " (style.date(entry.body.date)) } ; } }
                        td { (style.date(entry.body.date)) }
                        td { (style.span(entry.body.start, entry.body.end, entry.body.timezone, entry.body.timezone)) }
                        td.n { (hours(entry.body.seconds)) }
                        td { (what(entry)) }
                        td.hide-narrow { (words(entry.body.description.as_deref().unwrap_or_default())) }
                        td { @if entry.body.held { a.held href="/queue" { "held" } } @else { (entry.status) } }
                    } } }
                } }
                div.acts {
                    @if entries.iter().any(ready) { button.primary name="act" value="approve" data-key="a" { "Approve what is ticked " kbd { "a" } } }
                    button name="act" value="seen" { "I have seen it" }
                    label { "Why it goes back" input name="why"; } button name="act" value="reject" { "Send back what is ticked and submitted" }
                    a.button href=(format!("/week?of={monday}&person={}", person.id)) { "Open the week" }
                }
            }
        }
    }
}

async fn approve(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let person: StaffId = value(&pairs, "person").and_then(|id| id.parse().ok()).ok_or(Failure::NotFound)?;
    if !signed.who.reviews(person) {
        return Err(Failure::NotFound);
    }
    let person = app.store.read().await?.staff_member(person).await?.id;
    let monday: NaiveDate = value(&pairs, "of").and_then(|date| date.parse().ok()).ok_or(Failure::NotFound)?;
    let back = format!("/approve?of={monday}&person={person}");
    if let Some(reviewer) = signed.who.staff {
        let seconds = value(&pairs, "seconds").and_then(|seconds| seconds.parse().ok()).unwrap_or_default();
        let mut tx = app.store.write().await?;
        tx.see_week((reviewer, person, monday), seconds, value(&pairs, "digest").unwrap_or_default(), now()).await?;
        tx.commit().await?;
    }
    let what = match value(&pairs, "act") {
        Some("seen") => return Ok(go(&back, "saved", None, None)),
        Some("approve") => Do::Approve,
        Some("reject") => Do::Reject { reason: value(&pairs, "why").unwrap_or_default().to_owned() },
        _ => return Err(Failure::NotFound),
    };
    let ids = ticked(&pairs)?;
    if ids.is_empty() {
        return Err(Failure::Odd("Nothing was ticked.".to_owned()));
    }
    let outcomes = app.desk(&active, &signed.who).act_on_all(&ids, &what, BatchId(ids::fresh())).await?;
    let all = outcomes.iter().all(|(_, outcome)| outcome.is_ok());
    let said = if !all {
        "some"
    } else if what == Do::Approve {
        "approved"
    } else {
        "rejected"
    };
    Ok(go(&back, said, None, None))
}
