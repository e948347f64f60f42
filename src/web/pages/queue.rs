//! The queue: alike questions beside each other, one of them open, answered by a key.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Form,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use chrono::{Days, NaiveDate, TimeDelta};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Failure,
    form::{Before, go, value},
    layout::{csrf, page},
    queue_item,
    text::{Style, words},
};
use crate::{
    app::App,
    model::{
        event::Event,
        exception::{Exception, Standing},
        ids::{self, BatchId, ExceptionId, StaffId},
        staff::Staff,
    },
    review::{Answer, fields},
    store::queue::QuestionsWanted,
    web::{
        guard::{Signed, now},
        routes::Route,
    },
};

/// Questions of one page.
const PAGE: i64 = 50;
/// Alike questions that are answered at one stroke.
const ALIKE: i64 = 500;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/queue", || get(show)),
    Route::post("/queue/seen", || post(seen)),
    Route::post("/queue/bulk", || post(bulk)),
    Route::post("/queue/{id}", || post(answer)),
    Route::post("/undo/{batch}", || post(undo)),
];

/// What is looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Looked {
    pub(super) reason: String,
    pub(super) client: String,
    pub(super) person: String,
    /// Days that it waits at least.
    pub(super) age: String,
    pub(super) mine: String,
    item: String,
    after: String,
    #[serde(flatten)]
    before: Before,
}

impl Looked {
    /// The address of the same look, with something else open.
    pub(super) fn address(&self, item: Option<ExceptionId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = [("reason", &self.reason), ("client", &self.client), ("person", &self.person), ("age", &self.age), ("mine", &self.mine)];
        for (name, value) in kept.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(item) = item {
            query.append_pair("item", &item.to_string());
        }
        format!("/queue?{}", query.finish())
    }

    fn wanted(&self, people: &[Staff], signed: &Signed) -> Result<QuestionsWanted, Failure> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let after = if self.after.is_empty() { None } else { Some(cursor(&self.after).ok_or(Failure::NotFound)?) };
        let days = self.age.parse::<u32>().ok();
        Ok(QuestionsWanted {
            lead: some(&self.reason),
            client: some(&self.client),
            staff: people.iter().find(|one| one.email() == self.person).map(|one| one.id),
            before: days.map(|days| now() - TimeDelta::days(i64::from(days))),
            assignee: signed.who.staff.filter(|_| !self.mine.is_empty()),
            after,
            limit: PAGE,
            ..QuestionsWanted::default()
        })
    }
}

/// Where a page ends: its last question, written so that it can stand in an address.
fn written(last: &Exception) -> String {
    [last.lead().to_owned(), last.common(), last.date.to_string(), last.id.to_string()].join("\u{1f}")
}

fn cursor(text: &str) -> Option<(String, String, NaiveDate, ExceptionId)> {
    let mut parts = text.split('\u{1f}');
    let (lead, cause) = (parts.next()?.to_owned(), parts.next()?.to_owned());
    Some((lead, cause, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap, Query(looked): Query<Looked>) -> Result<Markup, Failure> {
    let style = Style::of(&headers);
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let people = tx.staff().await?;
    let counts = tx.questions_by_lead(&signed.who).await?;
    let oldest = tx.oldest_question(&signed.who).await?;
    let mut list = tx.questions_wanted(&signed.who, &looked.wanted(&people, &signed)?, app.config.clock.now()).await?;
    let item = looked.item.parse().ok();
    let open = match item.map(ExceptionId) {
        Some(id) => match list.iter().find(|one| one.id == id) {
            Some(one) => Some(one.clone()),
            // One answer can clear the next question too; then it is the turn of the one after.
            None if looked.before.told().is_some() && !list.is_empty() => list.first().cloned(),
            None => tx.question_seen(&signed.who, id).await?,
        },
        None => list.first().cloned(),
    };
    if let Some(open) = open.as_ref().filter(|open| !list.iter().any(|one| one.id == open.id)) {
        list.insert(0, open.clone());
    }
    let titles = titles(&mut tx, &app, &signed, &list).await?;
    let since = match signed.who.staff {
        Some(staff) => tx.looked_at(staff, "queue").await?,
        None => None,
    };
    let closed = tx.closed_since(&signed.who, since.unwrap_or(now() - TimeDelta::days(7)), 20).await?;
    let detail = match &open {
        Some(open) => Some(queue_item::load(&mut tx, &app, &active, &signed, &people, open).await?),
        None => None,
    };
    drop(tx);
    let next = list.last().filter(|_| list.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX));
    let content = html! {
        (filters(&looked, &counts, oldest, style, &people, &active.rules.catalog.clients.keys().cloned().collect::<Vec<_>>()))
        @if list.is_empty() {
            div.empty { p { strong { "Nothing waits for an answer." } } p { "Questions come by themselves when calendars and rules leave one." } }
        } @else {
            div.queue {
                section aria-label="Questions" {
                    form #bulk method="post" action="/queue/bulk" {
                        (csrf(&signed)) input type="hidden" name="back" value=(looked.address(None));
                        (items(&list, open.as_ref(), &looked, &people, &titles, style))
                        @if let Some(next) = next {
                            p { a.button href={ (looked.address(None)) "&after=" (url::form_urlencoded::byte_serialize(written(next).as_bytes()).collect::<String>()) } { "More" } }
                        }
                        div.acts.no-print {
                            button name="act" value="dismiss" { "Accept ticked" }
                            button name="act" value="not-work" { "Ticked are not work" }
                        }
                    }
                }
                section aria-label="The open question" {
                    @if let (Some(open), Some(detail)) = (&open, &detail) {
                        (queue_item::shown(&app, &signed, open, detail, &looked, &neighbours(&list, open), style))
                    }
                }
            }
        }
        (cleared(&signed, &closed, &people, style))
        (help())
    };
    Ok(page(&signed, "Queue", "/queue", looked.before.told().as_ref(), &content))
}

/// The questions before and after one.
fn neighbours(list: &[Exception], open: &Exception) -> (Option<ExceptionId>, Option<ExceptionId>) {
    let place = list.iter().position(|one| one.id == open.id).unwrap_or_default();
    let before = place.checked_sub(1).and_then(|place| list.get(place)).map(|one| one.id);
    (before, list.get(place + 1).map(|one| one.id))
}

/// What each question is about, where its reader may know.
async fn titles(
    tx: &mut crate::store::Tx,
    app: &App,
    signed: &Signed,
    list: &[Exception],
) -> Result<HashMap<ExceptionId, String>, Failure> {
    let entries: Vec<_> = list.iter().filter_map(|one| one.entry).collect();
    let entries = tx.entries_of(&entries).await?;
    let events: Vec<_> = entries.iter().filter_map(|entry| entry.body.event).collect();
    let events: HashMap<_, Event> = tx.events_by_ids(&events).await?.into_iter().map(|event| (event.id, event)).collect();
    let mut titles = HashMap::new();
    for one in list {
        let entry = entries.iter().find(|entry| Some(entry.id) == one.entry);
        let event = entry.and_then(|entry| entry.body.event).and_then(|id| events.get(&id));
        if let Some(event) = event.filter(|event| queue_item::reads(app, signed, one, event)) {
            titles.insert(one.id, event.fact.text.title.clone());
        }
    }
    Ok(titles)
}

fn filters(
    looked: &Looked,
    counts: &[(String, i64)],
    oldest: Option<NaiveDate>,
    style: Style,
    people: &[Staff],
    clients: &[String],
) -> Markup {
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    let to = |reason: &str| Looked { reason: reason.to_owned(), ..looked.clone() }.address(None);
    html! {
        p.quiet { strong { (total) } " open" @if let Some(oldest) = oldest { ", the oldest of " (style.date(oldest)) } " · " button.link type="button" data-help { "Keys " kbd { "?" } } }
        ul.filters aria-label="Reasons" {
            li { a href=(to("")) aria-current=[looked.reason.is_empty().then_some("true")] { "all" } }
            @for (reason, count) in counts {
                li { a href=(to(reason)) aria-current=[(looked.reason == *reason).then_some("true")] { (reason) " " (count) } }
            }
        }
        details.no-print {
            summary { "Filter" }
            form.row method="get" action="/queue" {
                input type="hidden" name="reason" value=(looked.reason);
                label { "Person" select name="person" { option value="" { "everyone" } @for one in people { option value=(one.email()) selected[one.email() == looked.person] { (one.name) } } } }
                label { "Client" select name="client" { option value="" { "any" } @for key in clients { option value=(key) selected[*key == looked.client] { (key) } } } }
                label { "Waiting at least" select name="age" { @for (days, name) in [("", "any time"), ("2", "2 days"), ("7", "a week"), ("30", "30 days")] { option value=(days) selected[days == looked.age] { (name) } } } }
                label.inline { input type="checkbox" name="mine" value="1" checked[!looked.mine.is_empty()]; "assigned to me" }
                button { "Show" }
            }
        }
    }
}

fn items(
    list: &[Exception],
    open: Option<&Exception>,
    looked: &Looked,
    people: &[Staff],
    titles: &HashMap<ExceptionId, String>,
    style: Style,
) -> Markup {
    let mut groups: Vec<Vec<&Exception>> = Vec::new();
    for one in list {
        match groups.last_mut() {
            Some(group) if group[0].lead() == one.lead() && group[0].common() == one.common() => group.push(one),
            _ => groups.push(vec![one]),
        }
    }
    let name = |id: StaffId| people.iter().find(|one| one.id == id).map_or("", |one| one.name.as_str());
    html! {
        ul.items {
            @for group in &groups {
                li {
                    @if group.len() > 1 { h2 { (group[0].lead()) " · " (group.len()) " alike" } }
                    ul {
                        @for one in group {
                            @let current = open.is_some_and(|open| open.id == one.id);
                            li aria-current=[current.then_some("true")] {
                                input type="checkbox" name="one" value={ (one.id) ":" (one.version) } aria-label={ "Tick " (one.lead()) " of " (name(one.staff)) } data-key=[current.then_some("x")];
                                a href=(looked.address(Some(one.id))) aria-current=[current.then_some("true")] {
                                    @match titles.get(&one.id) { Some(title) if !title.is_empty() => (words(title)), _ => span.quiet { (one.lead()) } }
                                    small { (style.date(one.date)) " · " (name(one.staff)) " · " (one.lead()) @if one.reasons.len() > 1 { " +" (one.reasons.len() - 1) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cleared(signed: &Signed, closed: &[Exception], people: &[Staff], style: Style) -> Markup {
    let by_itself: Vec<_> = closed
        .iter()
        .filter(|one| one.standing(now()) == Standing::Cleared || one.resolved_by.as_deref() != Some(&signed.who.name))
        .collect();
    html! { @if !by_itself.is_empty() {
        details.no-print {
            summary { "Cleared since you looked: " (by_itself.len()) }
            ul { @for one in by_itself {
                li { (style.date(one.date)) " · " (people.iter().find(|person| person.id == one.staff).map_or("", |person| person.name.as_str())) " · " (one.lead()) " · "
                    @match &one.resolved_by { Some(by) => { "answered by " (by) } None => "its cause went" } }
            } }
            form method="post" action="/queue/seen" { (csrf(signed)) button { "I have seen these" } }
        }
    } }
}

fn help() -> Markup {
    let keys = [
        ("1 – 9", "give that answer"),
        ("a", "and the same to all alike"),
        ("j / k", "next / previous"),
        ("e", "edit: say what it was, or when"),
        ("d", "accept as it is"),
        ("n", "it was not work"),
        ("s", "put off until tomorrow"),
        ("x", "tick"),
        ("u", "undo"),
        ("r", "make it a rule"),
        ("?", "this help"),
        ("Esc", "leave a field, close"),
    ];
    html! {
        dialog #help aria-label="Keys" {
            h2 { "Keys" }
            dl.facts { @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } } }
            button data-close { "Close" }
        }
    }
}

type Pairs = Vec<(String, String)>;

/// The answer that a form gives.
async fn given(app: &App, active: &crate::settling::activation::Active, exception: &Exception, pairs: &Pairs) -> Result<Answer, Failure> {
    if let Some(winner) = value(pairs, "overlap") {
        return Ok(Answer::Overlap(winner.parse().map_err(|_| Failure::Odd("This is no way out of an overlap.".to_owned()))?));
    }
    match value(pairs, "act") {
        Some("dismiss") => return Ok(Answer::Dismiss { why: value(pairs, "why").map(str::to_owned) }),
        Some("not-work") => return Ok(Answer::NotWork),
        Some("snooze") => {
            let days = value(pairs, "days").and_then(|days| days.parse().ok()).filter(|days| (1..=366).contains(days)).unwrap_or(1);
            let zones = app.store.read().await?.staff_member(exception.staff).await?.zones;
            let today = zones.date_of(app.config.clock.now());
            return Ok(Answer::Snooze { until: Some(zones.start(today + Days::new(days))) });
        }
        Some("assign") => {
            let to = value(pairs, "to").map(|id| id.parse().map_err(|_| Failure::NotFound)).transpose()?;
            return Ok(Answer::Assign { to });
        }
        _ => {}
    }
    let typed: Vec<String> = match value(pairs, "likely") {
        Some(likely) => vec![likely.to_owned()],
        None => ["client", "project", "task", "billable", "description", "start", "end", "when"]
            .into_iter()
            .filter_map(|name| value(pairs, name).map(|value| format!("{name}={value}")))
            .collect(),
    };
    if typed.is_empty() {
        return Err(Failure::Odd("Say what it was: nothing was filled in.".to_owned()));
    }
    let Some(id) = exception.entry else { return Err(Failure::Odd("This question is about no entry.".to_owned())) };
    let mut tx = app.store.read().await?;
    let entry = tx.entry_of(id).await?;
    Ok(Answer::Change(fields::acts(&mut tx, &active.rules.catalog, &entry, &typed).await?))
}

async fn answer(
    State(app): State<Arc<App>>,
    Path(id): Path<ExceptionId>,
    signed: Signed,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let exception = tx.question_seen(&signed.who, id).await?.ok_or(Failure::NotFound)?;
    let alike = if value(&pairs, "all").is_some() {
        let wanted = QuestionsWanted {
            lead: Some(exception.lead().to_owned()),
            cause: Some(exception.common()),
            limit: ALIKE,
            ..QuestionsWanted::default()
        };
        tx.questions_wanted(&signed.who, &wanted, app.config.clock.now()).await?
    } else {
        Vec::new()
    };
    drop(tx);
    let first = given(&app, &active, &exception, &pairs).await?;
    let (desk, batch) = (app.desk(&active, &signed.who), BatchId(ids::fresh()));
    let seen = value(&pairs, "version").and_then(|version| version.parse().ok());
    let (_, undo) = desk.answer_as(id, seen, &first, batch).await?;
    let mut left = 0;
    for other in alike.iter().filter(|other| other.id != id) {
        // What one answer cleared along the way needs none of its own.
        let next = given(&app, &active, other, &pairs).await?;
        left += usize::from(desk.answer_as(other.id, Some(other.version), &next, batch).await.is_err());
    }
    let done = match &first {
        _ if left > 0 => "some",
        Answer::Dismiss { .. } => "dismissed",
        Answer::NotWork => "not-work",
        Answer::Snooze { .. } => "snoozed",
        Answer::Assign { .. } => "assigned",
        _ => "answered",
    };
    let ruled = matches!(first, Answer::Change(_) | Answer::NotWork).then(|| id.to_string());
    let back = value(&pairs, "next").unwrap_or("/queue");
    Ok(go(back, done, undo.map(|batch| batch.to_string()).as_deref(), ruled.as_deref()))
}

async fn bulk(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Pairs>) -> Result<Response, Failure> {
    let active = app.current().await?;
    let (desk, batch) = (app.desk(&active, &signed.who), BatchId(ids::fresh()));
    let what = match value(&pairs, "act") {
        Some("dismiss") => Answer::Dismiss { why: None },
        Some("not-work") => Answer::NotWork,
        _ => return Err(Failure::NotFound),
    };
    let (mut done, mut left) = (0, 0);
    for (_, one) in pairs.iter().filter(|(name, _)| name == "one") {
        let (id, version) = one.split_once(':').ok_or(Failure::NotFound)?;
        let (id, version) = (id.parse().map_err(|_| Failure::NotFound)?, version.parse().map_err(|_| Failure::NotFound)?);
        let seen = app.store.read().await?.question_seen(&signed.who, id).await?;
        let outcome = if seen.is_some() { desk.answer_as(id, Some(version), &what, batch).await.is_ok() } else { false };
        if outcome { done += 1 } else { left += 1 }
    }
    if done + left == 0 {
        return Err(Failure::Odd("Nothing was ticked.".to_owned()));
    }
    let said = if left > 0 {
        "some"
    } else if what == Answer::NotWork {
        "not-work"
    } else {
        "dismissed"
    };
    let batch = batch.to_string();
    Ok(go(value(&pairs, "back").unwrap_or("/queue"), said, (done > 0).then_some(batch.as_str()), None))
}

async fn undo(
    State(app): State<Arc<App>>,
    Path(batch): Path<BatchId>,
    signed: Signed,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Failure> {
    let active = app.current().await?;
    app.desk(&active, &signed.who).undo(batch).await?;
    Ok(go(value(&pairs, "back").unwrap_or("/queue"), "undone", None, None))
}

async fn seen(State(app): State<Arc<App>>, signed: Signed) -> Result<Response, Failure> {
    if let Some(staff) = signed.who.staff {
        let mut tx = app.store.write().await?;
        tx.look(staff, "queue", now()).await?;
        tx.commit().await?;
    }
    Ok(go("/queue", "saved", None, None))
}
