//! The queue: alike questions beside each other, one of them open, answered by a key.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    routing::{get, post},
};
use chrono::TimeDelta;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Failure,
    form::Before,
    layout::{Done, csrf, page},
    queue_answers, queue_item,
    queue_list::{cleared, filters, help, items},
    text::Style,
};
use crate::{
    app::App,
    model::{event::Event, exception::Exception, ids::ExceptionId, staff::Staff},
    review::{self, QuestionAct},
    store::queue::QuestionsWanted,
    web::{
        guard::{Signed, now},
        routes::Route,
    },
};

/// Questions of one page.
const PAGE: i64 = 50;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/queue", || get(show)),
    Route::post("/queue/seen", || post(queue_answers::seen)),
    Route::post("/queue/bulk", || post(queue_answers::bulk)),
    Route::post("/queue/{id}", || post(queue_answers::answer)),
    Route::post("/undo/{batch}", || post(queue_answers::undo)),
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
    /// Those that were put off, too.
    pub(super) asleep: String,
    item: String,
    after: String,
    #[serde(flatten)]
    before: Before,
}

impl Looked {
    /// The address of the same look, with something else open.
    pub(super) fn address(&self, item: Option<ExceptionId>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = [
            ("reason", &self.reason),
            ("client", &self.client),
            ("person", &self.person),
            ("age", &self.age),
            ("mine", &self.mine),
            ("asleep", &self.asleep),
            ("after", &self.after),
        ];
        for (name, value) in kept.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(item) = item {
            query.append_pair("item", &item.to_string());
        }
        format!("/queue?{}", query.finish())
    }

    /// The same look at questions of another reason.
    pub(super) fn at(&self, reason: &str) -> Self {
        Self { reason: reason.to_owned(), after: String::new(), ..self.clone() }
    }

    fn wanted(&self, people: &[Staff], signed: &Signed) -> Result<QuestionsWanted, Failure> {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let after = if self.after.is_empty() { None } else { Some(self.after.parse().map(ExceptionId).map_err(|_| Failure::NotFound)?) };
        let days = self.age.parse::<u32>().ok();
        Ok(QuestionsWanted {
            lead: some(&self.reason),
            client: some(&self.client),
            staff: people.iter().find(|one| one.email() == self.person).map(|one| one.id),
            before: days.map(|days| now() - TimeDelta::days(i64::from(days))),
            assignee: signed.who.staff.filter(|_| !self.mine.is_empty()),
            snoozed: !self.asleep.is_empty(),
            after,
            limit: PAGE,
            ..QuestionsWanted::default()
        })
    }
}

async fn show(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    Query(mut looked): Query<Looked>,
) -> Result<Markup, Failure> {
    let style = Style::of(&headers);
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let people = tx.staff().await?;
    let counts = tx.questions_by_lead(&signed.who).await?;
    let oldest = tx.oldest_question(&signed.who).await?;
    let mut list = tx.questions_wanted(&signed.who, &looked.wanted(&people, &signed)?, app.config.clock.now()).await?;
    // The last page was answered: on with what is left before it.
    if list.is_empty() && !looked.after.is_empty() {
        looked.after.clear();
        list = tx.questions_wanted(&signed.who, &looked.wanted(&people, &signed)?, app.config.clock.now()).await?;
    }
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
    let may = |act| list.iter().any(|one| review::may(&signed.who, one, act, app.config.clock.now()));
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
                            p { a.button href=(Looked { after: next.id.to_string(), ..looked.clone() }.address(None)) { "More" } }
                        }
                        div.acts.no-print {
                            @if may(QuestionAct::Dismiss) { button name="act" value="dismiss" { "Accept ticked" } }
                            @if may(QuestionAct::NotWork) { button name="act" value="not-work" { "Ticked are not work" } }
                            @if may(QuestionAct::Snooze) { button name="act" value="snooze" { "Put ticked off" } }
                            @if may(QuestionAct::Answer) {
                            label { "Project" select name="project" {
                                @for (code, title) in queue_item::open_projects(&active.rules.catalog, app.config.clock.now().date_naive()) { option value=(code) { (code) " " (title) } }
                            } }
                            button name="act" value="change" { "Ticked were for it" }
                            }
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
    let done = looked.before.told().map(|done| Done { back: Some(looked.address(None)), ..done });
    Ok(page(&signed, "Queue", "/queue", done.as_ref(), &content))
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
