//! The playground: an event that someone types, and what the active rules make of it. It is written nowhere, and told to no log; the form
//! is sent as a body, so that its words stand in no address either.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{NaiveDate, NaiveDateTime};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Failure, is_for, tabs, trace};
use crate::{
    app::{App, explain},
    model::{
        event::{EventStatus, Response as Answered, ShowAs, Visibility},
        staff::Staff,
    },
    rules::test_events::TestEvent,
    settling::activation::Active,
    web::{
        guard::Signed,
        pages::{form::value, layout::csrf, layout::page},
    },
};

/// Fields of one line that an event may have besides those that most have.
const MORE: [(&str, &str); 8] = [
    ("calendar", "Calendar"),
    ("location", "Place"),
    ("categories", "Categories"),
    ("timezone", "Time zone"),
    ("series", "Series (UID)"),
    ("colour", "Colour"),
    ("event_type", "Kind of event"),
    ("conference", "Call"),
];
/// Fields of a test's event that the form has as they are.
const PLAIN: [&str; 7] = ["title", "start", "end", "duration", "description", "my_response", "show_as"];

type Pairs = Vec<(String, String)>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The number of a test whose event is to be tried.
    test: Option<usize>,
}

pub(super) async fn show(State(app): State<Arc<App>>, signed: Signed, Query(asked): Query<Asked>) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let active = app.current().await?;
    let test = match asked.test {
        Some(number) => Some(active.rules.test_event(number, &active.files).ok_or(Failure::NotFound)?),
        None => None,
    };
    let (typed, left_out) = test.as_ref().map(|test| of_test(&test.event)).unwrap_or_default();
    let about = html! { @if let Some(test) = &test { (said_of(test, &left_out)) } };
    drawn(&app, &signed, &typed, &about).await
}

fn said_of(test: &TestEvent, left_out: &[String]) -> Markup {
    html! {
        p { "From the test " strong { (test.name) } ". Press “See what becomes of it”." }
        @if test.has_company { p.held { "That test says what else is on the day; here the event is tried alone." } }
        @if !left_out.is_empty() { p.held { "This form has no field for what the test says of " (left_out.join(", ")) "." } }
    }
}

pub(super) async fn answer(State(app): State<Arc<App>>, signed: Signed, Form(typed): Form<Pairs>) -> Result<Response, Failure> {
    is_for(&signed)?;
    let active = app.current().await?;
    let people = app.store.read().await?.staff().await?;
    let event = event(&typed, &people, app.config.clock.now().date_naive());
    let (status, told) = match explained(&active, &event) {
        Ok(told) => (StatusCode::OK, told),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, html! { p.wrong role="alert" { (format!("{error:#}")) } }),
    };
    Ok((status, drawn(&app, &signed, &typed, &told).await?).into_response())
}

fn explained(active: &Active, event: &Value) -> anyhow::Result<Markup> {
    let text = event.to_string();
    let why = explain::typed((&active.rules, &active.digest), "the event", &text)?.json();
    Ok(trace::shown(event, &why, &explain::test_of_typed(&active.rules, &text)?))
}

/// What was typed, as an event is written.
fn event(typed: &Pairs, people: &[Staff], today: NaiveDate) -> Value {
    let of = |name: &str| value(typed, name).map(|text| text.replace("\r\n", "\n"));
    let mut event: Map<String, Value> = Map::new();
    let names = PLAIN.iter().copied().chain(MORE.iter().map(|(name, _)| *name)).chain(["organizer", "visibility", "status"]);
    for name in names.filter(|name| *name != "categories") {
        event.extend(of(name).map(|text| (name.to_owned(), json!(text))));
    }
    let list = |name: &str, apart: &[char]| -> Vec<String> {
        let text = of(name).unwrap_or_default();
        text.split(apart).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    // Names come with addresses out of mail; addresses alone are also set apart by blanks.
    let apart = |one: &String| if one.contains('<') { vec![one.clone()] } else { one.split_whitespace().map(str::to_owned).collect() };
    let mut attendees: Vec<String> = list("attendees", &[',', ';', '\n']).iter().flat_map(apart).collect();
    let categories = list("categories", &[',']);
    // The calendar is hers who is the first of ours among those who are there.
    if let Some(person) = of("person").and_then(|email| people.iter().find(|one| one.addresses.contains(&email))) {
        attendees.retain(|email| !person.addresses.contains(&email.to_lowercase()));
        attendees.insert(0, person.email().to_owned());
        event.entry("timezone").or_insert_with(|| json!(person.zones.on(today)));
    }
    for (name, list) in [("attendees", attendees), ("categories", categories)] {
        if !list.is_empty() {
            event.insert(name.to_owned(), json!(list));
        }
    }
    for name in ["recurring", "all_day"] {
        if of(name).is_some() {
            event.insert(name.to_owned(), json!(true));
        }
    }
    ends_the_same_day(&mut event);
    event.into()
}

/// All day until later on that date is that date.
fn ends_the_same_day(event: &mut Map<String, Value>) {
    let date = |name: &str| event.get(name)?.as_str()?.get(..10).map(str::to_owned);
    if event.contains_key("all_day") && date("end").is_some() && date("end") == date("start") {
        event.remove("end");
    }
}

/// The form filled with a test's event, and what it has no field for.
fn of_test(event: &Value) -> (Pairs, Vec<String>) {
    let (mut pairs, mut left_out) = (Pairs::new(), Vec::new());
    for (name, given) in event.as_object().into_iter().flatten() {
        let known = PLAIN.contains(&name.as_str()) || MORE.iter().any(|(more, _)| more == name);
        let text = match (name.as_str(), given) {
            ("attendees", Value::Array(people)) => {
                left_out.extend(people.iter().any(Value::is_object).then(|| "answers and rooms among attendees".to_owned()));
                let of = |person: &Value| person.as_str().or_else(|| person["email"].as_str()).map(str::to_owned);
                Some(people.iter().filter_map(of).collect::<Vec<_>>().join(", "))
            }
            ("categories", Value::Array(all)) => Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
            ("recurring" | "all_day", Value::Bool(yes)) => yes.then(|| "1".to_owned()),
            ("start", Value::String(date)) if date.parse::<NaiveDate>().is_ok() => {
                pairs.push(("all_day".to_owned(), "1".to_owned()));
                Some(format!("{date}T00:00"))
            }
            ("organizer", Value::Object(person)) => person.get("email").and_then(Value::as_str).map(str::to_owned),
            ("organizer" | "visibility" | "status", Value::String(text)) => Some(text.clone()),
            (_, Value::String(text)) if known => Some(text.clone()),
            _ => {
                left_out.push(name.clone());
                None
            }
        };
        pairs.extend(text.map(|text| (name.clone(), text)));
    }
    (pairs, left_out)
}

async fn drawn(app: &App, signed: &Signed, typed: &Pairs, told: &Markup) -> Result<Markup, Failure> {
    let people = app.store.read().await?.staff().await?;
    let content = html! {
        (tabs("/rules/playground"))
        p.quiet { "Type an event, and see what the active rules make of it. Nothing is kept." }
        div #answer { (told) }
        (form(signed, typed, &people))
    };
    Ok(page(signed, "Playground", "/rules", None, &content))
}

fn form(signed: &Signed, typed: &Pairs, people: &[Staff]) -> Markup {
    let of = |name: &str| value(typed, name).unwrap_or_default();
    let has_more = MORE.iter().any(|(name, _)| !of(name).is_empty())
        || ["description", "show_as", "visibility", "status"].iter().any(|name| !of(name).is_empty());
    html! {
        form.card.wide method="post" action="/rules/playground" aria-label="An event" {
            (csrf(signed))
            label { "Title" input name="title" value=(of("title")) maxlength="1000" data-focus; }
            div.row {
                (when("Start", "start", of("start"))) (when("End", "end", of("end")))
                label { "or lasts" input name="duration" value=(of("duration")) placeholder="1h30m" size="8"; }
                label.inline { input type="checkbox" name="all_day" value="1" checked[!of("all_day").is_empty()]; "all day" }
                label.inline { input type="checkbox" name="recurring" value="1" checked[!of("recurring").is_empty()]; "recurring" }
            }
            label { "Attendees, apart by commas" textarea name="attendees" rows="2" { "\n" (of("attendees")) } }
            div.row {
                label { "Whose calendar" select name="person" { option value="" { "the first of ours among them" }
                    @for one in people { option value=(one.email()) selected[one.email() == of("person")] { (one.name) } } } }
                label { "Organiser" input name="organizer" value=(of("organizer")) maxlength="320"; }
                (choice("Her answer", "my_response", of("my_response"), Answered::ALL.iter().map(|one| one.as_str())))
            }
            details open[has_more] { summary { "More" }
                div.row {
                    (choice("Shows as", "show_as", of("show_as"), ShowAs::ALL.iter().map(|one| one.as_str())))
                    (choice("Visibility", "visibility", of("visibility"), Visibility::ALL.iter().map(|one| one.as_str())))
                    (choice("Status", "status", of("status"), EventStatus::ALL.iter().map(|one| one.as_str())))
                    @for (name, label) in MORE { label { (label) input name=(name) value=(of(name)) maxlength="1000"; } }
                }
                label { "Description" textarea name="description" rows="3" { "\n" (of("description")) } }
            }
            button.primary { "See what becomes of it" }
            p.quiet { "Without a start it is a Monday at ten; without an end it lasts an hour. Times are local to the person, else to the rule files, else UTC." }
        }
    }
}

/// A time is picked; one that was written with its offset stays as it was written.
fn when(label: &str, name: &str, at: &str) -> Markup {
    let is_local = at.is_empty() || NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M").is_ok();
    html! { label { (label) input type=(if is_local { "datetime-local" } else { "text" }) name=(name) value=(at); } }
}

fn choice<'a>(label: &str, name: &str, chosen: &str, words: impl Iterator<Item = &'a str>) -> Markup {
    html! { label { (label) select name=(name) { option value="" { "as usual" } @for word in words { option value=(word) selected[word == chosen] { (word) } } } } }
}
