//! One question: the event, its day, why it is asked, what it most likely was, and everything that can be said to it.

use maud::{Markup, html};
use serde_json::json;

use super::{
    Failure,
    layout::csrf,
    queue::Looked,
    queue_choices::{answers, edit, overlaps},
    queue_facts::{facts, timeline},
    text::{Style, words},
};
use crate::{
    app::{App, explain},
    model::{
        catalog::{Catalog, Field},
        entry::{Entry, EntryStatus},
        event::Event,
        exception::{Exception, ExceptionStatus, Reason, SubjectKind},
        ids::ExceptionId,
        principal::Principal,
        staff::Staff,
    },
    review::{
        self, QuestionAct,
        likely::{self, About, Likely},
    },
    settling::activation::Active,
    store::Tx,
    web::guard::Signed,
};

/// Everything about one question.
pub(super) struct Item {
    pub(super) event: Option<Event>,
    pub(super) entry: Option<Entry>,
    pub(super) day: Vec<Entry>,
    pub(super) likely: Vec<Likely>,
    pub(super) trace: Option<String>,
    pub(super) alike: i64,
    pub(super) person: Option<Staff>,
    pub(super) people: Vec<Staff>,
    pub(super) catalog: Vec<(String, String)>,
    /// What its project is made of, where nothing says which of these it was.
    pub(super) tasks: Vec<String>,
    pub(super) viewer: chrono_tz::Tz,
}

/// Whether this reader may read the words of the event that a question is about.
pub(super) fn reads(app: &App, signed: &Signed, exception: &Exception, event: &Event) -> bool {
    review::words::reads(&signed.who, app.config.titles, event, exception.lead() != "unmatched")
}

pub(super) async fn load(
    tx: &mut Tx,
    app: &App,
    active: &Active,
    signed: &Signed,
    people: &[Staff],
    exception: &Exception,
) -> Result<Item, Failure> {
    let reads = |event: &Event| reads(app, signed, exception, event);
    let About { entry, event, likely } = likely::about(tx, exception, reads, &active.rules.catalog).await?;
    let is_hidden = |entry: &Entry| !signed.who.reads_words_of(entry.staff) || (entry.body.event.is_some() && event.is_none());
    let entry = entry.map(|entry| if is_hidden(&entry) { review::words::without(entry) } else { entry });
    let mut day = tx.entries_on(exception.staff, exception.date, exception.date).await?;
    day.retain(|entry| entry.status != EntryStatus::Void);
    day.sort_by_key(|entry| (entry.body.start, entry.id));
    let trace = match &event {
        Some(_) => {
            explain::of_book(tx, active, &exception.id.to_string(), app.config.clock.now()).await.ok().map(|explained| explained.told())
        }
        None => None,
    };
    let alike = tx.questions_alike(&signed.who, (exception.lead(), &exception.common()), app.config.clock.now(), 501).await?;
    let person = people.iter().find(|one| one.id == exception.staff).cloned();
    let own = people.iter().find(|one| Some(one.id) == signed.who.staff).or(person.as_ref());
    let viewer = own.map_or(chrono_tz::UTC, |one| one.zones.on(exception.date));
    let rights = tx.rights().await?;
    let sees = |one: &&Staff| {
        let (roles, reviews) = rights.get(&one.id).cloned().unwrap_or_default();
        Principal { staff: Some(one.id), roles, reviews, ..Principal::default() }.sees(exception.staff)
    };
    let people = people.iter().filter(sees).cloned().collect();
    let tasks = entry.as_ref().map(|entry| tasks(exception, entry, &active.rules.catalog)).unwrap_or_default();
    let catalog = open_projects(&active.rules.catalog, exception.date);
    Ok(Item { event, entry, day, likely, trace, alike, person, people, catalog, tasks, viewer })
}

/// The tasks of its project, if one is missing.
fn tasks(exception: &Exception, entry: &Entry, catalog: &Catalog) -> Vec<String> {
    let lacks = |one: &Reason| {
        one.reason == "missing-field" && one.cause["fields"].as_array().is_some_and(|fields| fields.contains(&json!(Field::Task)))
    };
    let project = entry.body.project.as_deref().filter(|_| exception.reasons.iter().any(lacks)).and_then(|code| catalog.project(code));
    project.map(|(_, project)| project.tasks.clone()).unwrap_or_default()
}

/// Codes and names of what can be worked for on a day.
pub(super) fn open_projects(catalog: &Catalog, on: chrono::NaiveDate) -> Vec<(String, String)> {
    let open = catalog.projects().filter(|(_, project)| project.is_open_on(on));
    open.map(|(client, project)| (project.code.clone(), format!("{} – {}", client.name, project.name))).collect()
}

pub(super) fn shown(
    app: &App,
    signed: &Signed,
    exception: &Exception,
    item: &Item,
    looked: &Looked,
    (before, after): &(Option<ExceptionId>, Option<ExceptionId>),
    style: Style,
) -> Markup {
    let next = after.or(*before);
    let address = format!("/queue/{}", exception.id);
    let now = app.config.clock.now();
    let may = |act| review::may(&signed.who, exception, act, now);
    html! {
        article.card #item aria-label="Question" {
            (facts(exception, item, style))
            @if item.day.len() > 1 { (timeline(item, exception, style)) }
            ul { @for reason in &exception.reasons {
                li { strong { (reason.reason) } " " (words(&reason.message)) @if !reason.holding { " " span.tag { "for information" } } }
            } }
            @if exception.status == ExceptionStatus::Open {
                form #answer method="post" action=(address) {
                    (hidden(signed, exception, looked, next))
                    @if exception.reasons.iter().any(|reason| reason.reason == "overlap") { @if may(QuestionAct::Answer) { (overlaps(item)) } } @else { (answers(exception, item, may)) }
                    @if item.alike > 1 && (may(QuestionAct::Answer) || may(QuestionAct::Snooze)) {
                        label.inline { input type="checkbox" name="all" value="1" data-key="a"; "the same to all " (item.alike.min(500)) @if item.alike > 500 { "+" } " alike " kbd { "a" } }
                    }
                }
                div.acts {
                    // These belong to the form above: what is ticked there holds for them too.
                    @if may(QuestionAct::Dismiss) { button form="answer" name="act" value="dismiss" data-key="d" { "Accept as it is " kbd { "d" } } }
                    @if exception.subject.kind == SubjectKind::Meeting && may(QuestionAct::NotWork) {
                        button form="answer" name="act" value="not-work" data-key="n" { "Not work " kbd { "n" } }
                    }
                    @if may(QuestionAct::Snooze) { button form="answer" name="act" value="snooze" data-key="s" { "Tomorrow " kbd { "s" } } }
                    @if let Some(before) = before { a.button href=(looked.address(Some(*before))) data-key="k" { "Previous " kbd { "k" } } }
                    @if let Some(after) = after { a.button href=(looked.address(Some(*after))) data-key="j" { "Next " kbd { "j" } } }
                }
                @if item.entry.is_some() && may(QuestionAct::Answer) { (edit(signed, exception, item, looked, next, &address)) }
                @if may(QuestionAct::Assign) {
                    details {
                        summary { "Hand it to someone" }
                        form.row method="post" action=(address) {
                            (hidden(signed, exception, looked, next))
                            label { "Who" select name="to" { option value="" { "nobody in particular" } @for one in &item.people { option value=(one.id) selected[exception.assignee == Some(one.id)] { (one.name) } } } }
                            button name="act" value="assign" { "Hand over" }
                        }
                    }
                }
            } @else {
                p { span.tag { (exception.standing(now)) } @if let Some(by) = &exception.resolved_by { " by " bdi { (by) } } }
            }
            @if let Some(trace) = &item.trace {
                details #why { summary { "Why is it here?" } pre { (trace) } }
            }
        }
    }
}

pub(super) fn hidden(signed: &Signed, exception: &Exception, looked: &Looked, next: Option<ExceptionId>) -> Markup {
    html! {
        (csrf(signed))
        input type="hidden" name="version" value=(exception.version);
        input type="hidden" name="next" value=(looked.address(next));
    }
}
