//! One question: the event, its day, why it is asked, what it most likely was, and everything that can be said to it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{
    Failure,
    layout::csrf,
    queue::Looked,
    text::{Style, hours, link, words},
};
use crate::{
    app::{App, explain},
    model::{
        catalog::Catalog,
        entry::{Entry, EntryStatus},
        event::Event,
        exception::{Exception, ExceptionStatus, SubjectKind},
        ids::ExceptionId,
        staff::Staff,
    },
    review::{
        self,
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
    day: Vec<Entry>,
    likely: Vec<Likely>,
    trace: Option<String>,
    alike: i64,
    person: Option<Staff>,
    people: Vec<Staff>,
    catalog: Vec<(String, String)>,
    viewer: chrono_tz::Tz,
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
    let mut day = tx.entries_on(exception.staff, exception.date, exception.date).await?;
    day.retain(|entry| entry.status != EntryStatus::Void);
    day.sort_by_key(|entry| (entry.body.start, entry.id));
    let trace = match &event {
        Some(_) => explain::of_book(tx, active, &exception.id.to_string()).await.ok().map(|explained| explained.told()),
        None => None,
    };
    let alike = tx.questions_alike(&signed.who, exception.lead(), &exception.common(), 501).await?;
    let person = people.iter().find(|one| one.id == exception.staff).cloned();
    let own = people.iter().find(|one| Some(one.id) == signed.who.staff).or(person.as_ref());
    let viewer = own.map_or(chrono_tz::UTC, |one| one.zones.on(exception.date));
    let rights = tx.rights().await?;
    let people = people.iter().filter(|one| rights.contains_key(&one.id)).cloned().collect();
    let catalog = open_projects(&active.rules.catalog, exception.date);
    Ok(Item { event, entry, day, likely, trace, alike, person, people, catalog, viewer })
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
                    @if exception.reasons.iter().any(|reason| reason.reason == "overlap") { (overlaps(item)) } @else { (answers(exception, item)) }
                    @if item.alike > 1 {
                        label.inline { input type="checkbox" name="all" value="1" data-key="a"; "the same to all " (item.alike.min(500)) @if item.alike > 500 { "+" } " alike " kbd { "a" } }
                    }
                }
                div.acts {
                    form method="post" action=(address) { (hidden(signed, exception, looked, next)) button name="act" value="dismiss" data-key="d" { "Accept as it is " kbd { "d" } } }
                    @if exception.subject.kind == SubjectKind::Meeting {
                        form method="post" action=(address) { (hidden(signed, exception, looked, next)) button name="act" value="not-work" data-key="n" { "Not work " kbd { "n" } } }
                    }
                    form method="post" action=(address) { (hidden(signed, exception, looked, next)) input type="hidden" name="days" value="1"; button name="act" value="snooze" data-key="s" { "Tomorrow " kbd { "s" } } }
                    @if let Some(before) = before { a.button href=(looked.address(Some(*before))) data-key="k" { "Previous " kbd { "k" } } }
                    @if let Some(after) = after { a.button href=(looked.address(Some(*after))) data-key="j" { "Next " kbd { "j" } } }
                }
                @if item.entry.is_some() { (edit(signed, exception, item, looked, next, &address)) }
                details {
                    summary { "Hand it to someone" }
                    form.row method="post" action=(address) {
                        (hidden(signed, exception, looked, next))
                        label { "Who" select name="to" { option value="" { "nobody in particular" } @for one in &item.people { option value=(one.id) selected[exception.assignee == Some(one.id)] { (one.name) } } } }
                        button name="act" value="assign" { "Hand over" }
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

fn hidden(signed: &Signed, exception: &Exception, looked: &Looked, next: Option<ExceptionId>) -> Markup {
    html! {
        (csrf(signed))
        input type="hidden" name="version" value=(exception.version);
        input type="hidden" name="next" value=(looked.address(next));
    }
}

fn facts(exception: &Exception, item: &Item, style: Style) -> Markup {
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
            dt { "When" } dd { (style.full_date(exception.date))
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

/// One answer with a number: the field that a form sends, its value, the words on it and why it may be right.
struct Choice {
    name: &'static str,
    value: String,
    words: String,
    why: String,
}

/// What is most likely right, first: where something is missing that is a project, where something is only odd that it is fine.
fn choices(exception: &Exception, item: &Item) -> Vec<Choice> {
    let said =
        |name, value: &str, words: &str, why: &str| Choice { name, value: value.to_owned(), words: words.to_owned(), why: why.to_owned() };
    let accept = said("act", "dismiss", "Accept it as it is", "seen, no problem");
    let asks_what = ["unmatched", "missing-field", "unknown-code", "conflict", "closed-project", "low-confidence"];
    let likely = item.likely.iter().map(|one| {
        let value = match (&one.project, &one.client) {
            (Some(code), _) => format!("project={code}"),
            (None, Some(key)) => format!("client={key}"),
            _ => String::new(),
        };
        let words = one.project.clone().or_else(|| one.client.clone()).unwrap_or_default();
        Choice { name: "likely", value, words, why: one.why.clone() }
    });
    let mut choices = match exception.lead() {
        "internal-billable" => vec![said("likely", "billable=no", "Not billable", "nobody from outside was there"), accept],
        "duplicate" => vec![said("act", "not-work", "Not work: it is there twice", "the other one stays"), accept],
        lead if asks_what.contains(&lead) => Vec::new(),
        _ => vec![accept],
    };
    choices.extend(likely);
    choices.truncate(9);
    choices
}

fn answers(exception: &Exception, item: &Item) -> Markup {
    let choices = choices(exception, item);
    html! {
        @if choices.is_empty() { p.quiet { "Nothing alike is known; say what it was with " kbd { "e" } "." } }
        ol.answers {
            @for (number, one) in choices.iter().enumerate() {
                li { button name=(one.name) value=(one.value) data-key=(number + 1) data-focus[number == 0] {
                    kbd { (number + 1) } " " (words(&one.words)) small.quiet { (one.why) }
                } }
            }
        }
    }
}

fn overlaps(item: &Item) -> Markup {
    let ways = [
        ("this", "This keeps its time; the other gives way"),
        ("other", "The other keeps its time; this gives way"),
        ("split", "Cut the common time in the middle"),
        ("prorate", "Share the whole time out, as long as each was"),
    ];
    let this = item.entry.as_ref().map(|entry| entry.id);
    html! {
        ol.answers { @for (number, (value, name)) in ways.iter().enumerate() {
            li { button name="overlap" value=(value) data-key=(number + 1) data-focus[number == 0] disabled[this.is_none()] { kbd { (number + 1) } " " (name) } }
        } }
    }
}

fn edit(signed: &Signed, exception: &Exception, item: &Item, looked: &Looked, next: Option<ExceptionId>, address: &str) -> Markup {
    let Some(entry) = &item.entry else { return html! {} };
    let time = |at: DateTime<Utc>| at.with_timezone(&entry.body.timezone).format("%H:%M").to_string();
    html! {
        details #edit {
            summary data-key="e" data-opens="edit" { "Say what it was, or when " kbd { "e" } }
            form method="post" action=(address) {
                (hidden(signed, exception, looked, next))
                div.row {
                    label { "Project" input name="project" list="projects" value=(entry.body.project.as_deref().unwrap_or_default()) autocomplete="off"; }
                    label { "Task" input name="task" value=(entry.body.task.as_deref().unwrap_or_default()); }
                    label { "Billable" select name="billable" { @for (value, name) in [("", "as the project"), ("yes", "yes"), ("no", "no")] { option value=(value) { (name) } } } }
                    label { "From" input type="time" name="start" value=(time(entry.body.start)); }
                    label { "To" input type="time" name="end" value=(time(entry.body.end)); }
                    label { "Description" input name="description"; }
                    @if exception.reasons.iter().any(|reason| reason.reason == "edit-outdated") {
                        label { "Its event moved" select name="when" { @for (value, name) in [("", "–"), ("keep", "keep my time"), ("follow", "follow the event"), ("both", "both")] { option value=(value) { (name) } } } }
                    }
                    button.primary { "Save" }
                }
                datalist #projects { @for (code, name) in &item.catalog { option value=(code) { (name) } } }
            }
        }
    }
}

/// The day as a line: every entry where it lies, this one marked.
fn timeline(item: &Item, exception: &Exception, style: Style) -> Markup {
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
