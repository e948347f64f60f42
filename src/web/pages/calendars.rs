//! Calendars: what is read for a person, how that goes in plain words, and how to connect more.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{
    Failure,
    feed_forms::{self, Attempt},
    form::{Before, go, value},
    layout::{csrf, page},
    text::{Style, words},
};
use crate::{
    app::{App, health::Health, sources::Reading},
    model::{
        connection::{Connection, ConnectionStatus, Provider},
        ids::{CalendarId, StaffId},
        principal::Role,
        staff::{Calendar, Source, Staff},
    },
    web::{connect, guard::Signed, routes::Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/calendars", || get(show)),
    Route::post("/calendars/connect", || post(begin)),
    Route::post("/calendars/{id}", || post(change)),
];

async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap, Query(before): Query<Before>) -> Result<Markup, Failure> {
    drawn(&app, &signed, &headers, &before, None).await
}

/// The page, with what was just tried and not taken.
pub(super) async fn drawn(
    app: &App,
    signed: &Signed,
    headers: &HeaderMap,
    before: &Before,
    attempt: Option<&Attempt>,
) -> Result<Markup, Failure> {
    let style = Style::of(headers);
    let health = app.health().await?;
    let everyone = signed.who.has(Role::Ops);
    let people: Vec<&Staff> = health.people.iter().filter(|one| everyone || Some(one.id) == signed.who.staff).collect();
    let providers: Vec<Provider> =
        [Provider::Google, Provider::Outlook].into_iter().filter(|one| app.config.apps.of(*one).is_some()).collect();
    let content = html! {
        section.card aria-label="Connect" {
            h2 { "Connect a calendar" }
            p { "Kalends reads your calendar and turns events into draft time entries. It never writes to it." }
            div.acts {
                @for provider in &providers {
                    form method="post" action="/calendars/connect" data-plain {
                        (csrf(signed)) button.primary name="provider" value=(provider) { "Connect " (provider.title()) }
                    }
                }
                @if providers.is_empty() { p.quiet { "No app at Google or Microsoft is configured yet; the README says how to register one." } }
            }
            (feed_forms::form(signed, attempt))
        }
        @for person in people { (of_person(&Shown { app, signed, health: &health, style, attempt }, person, everyone)) }
    };
    Ok(page(signed, "Calendars", "/calendars", before.told().as_ref(), &content))
}

/// Who looks at what.
struct Shown<'a> {
    app: &'a App,
    signed: &'a Signed,
    health: &'a Health,
    style: Style,
    attempt: Option<&'a Attempt>,
}

fn of_person(shown: &Shown<'_>, person: &Staff, named: bool) -> Markup {
    let Shown { health, signed, .. } = shown;
    let sources: Vec<_> = health.sources.iter().filter(|source| source.calendar.staff == person.id && health.stands(source)).collect();
    let broken = health.connections.iter().filter(|one| one.staff == person.id && one.status == ConnectionStatus::NeedsReconnect);
    html! {
        section aria-label=(person.name) {
            @if named { h2 { (person.name) } }
            @for one in broken { (reconnect(signed, one, person.id)) }
            @for (one, _) in health.strange(shown.app.config.clock.now()).filter(|(_, owner)| owner.id == person.id) { (strange(one, person)) }
            @if sources.is_empty() { p.quiet { "No calendar is read yet." } }
            @for source in sources { (calendar(shown, source)) }
        }
    }
}

fn reconnect(signed: &Signed, one: &Connection, staff: StaffId) -> Markup {
    html! {
        div.card { p.bad { strong { (one.provider.title()) " does not let Kalends in any more" } " for " bdi { (one.email) } ". Nothing is lost; connect it again and what was missed is read." }
            @if signed.who.staff == Some(staff) {
                form method="post" action="/calendars/connect" data-plain { (csrf(signed)) button.primary name="provider" value=(one.provider) { "Connect it again" } }
            }
        }
    }
}

fn strange(one: &Connection, person: &Staff) -> Markup {
    html! {
        div.card { p.bad { strong { bdi { (one.email) } " is not known as an address of " bdi { (person.email()) } } ", so only what names that one counts. If it is, whoever runs Kalends adds it: "
            code { "kalends staff set " (person.email()) " --add-address " (one.email) } } }
    }
}

/// How much of a calendar is kept, as a choice.
pub(super) fn kept(now: &str) -> Markup {
    choice("privacy", "Keep", &[("full", "all its words"), ("busy-block", "only that the time is taken"), ("ignore", "nothing")], now)
}

/// Whose events of it count, as a choice.
pub(super) fn counted(now: &str) -> Markup {
    choice("whose", "Events", &[("mine", "those I organise or am invited to"), ("all", "all of them")], now)
}

fn choice(name: &str, label: &str, list: &[(&str, &str)], now: &str) -> Markup {
    html! { label { (label) select name=(name) { @for (value, words) in list { option value=(value) selected[*value == now] { (words) } } } } }
}

fn calendar(shown: &Shown<'_>, source: &Source) -> Markup {
    let Shown { signed, health, attempt, .. } = shown;
    let calendar = &source.calendar;
    let own = signed.who.staff == Some(calendar.staff);
    let feed = health.connections.iter().any(|one| Some(one.id) == calendar.connection && one.provider == Provider::Feed);
    let acts = format!("/calendars/{}", calendar.id);
    html! {
        div.card {
            h3 { (words(&calendar.name)) " " @if source.paused { span.tag { "paused" } } }
            p { (state(shown, source)) }
            @if own {
                form.row method="post" action=(acts) {
                    (csrf(signed))
                    (kept(calendar.privacy.as_str()))
                    (counted(calendar.whose.as_str()))
                    button name="act" value="set" { "Save" }
                    @if source.paused { button name="act" value="resume" { "Read it again" } } @else { button name="act" value="pause" { "Stop reading for now" } }
                }
                @if feed { (feed_forms::readdressing(signed, calendar.id, *attempt)) }
                details {
                    summary { "Remove it" }
                    p.quiet { "Kalends stops reading it" @if feed { " and forgets its address" } ". What it said stands, and no time entry is touched." }
                    form method="post" action=(acts) { (csrf(signed)) button name="act" value="remove" { "Remove it" } }
                }
            }
        }
    }
}

/// How reading it goes, in plain words.
fn state(shown: &Shown<'_>, source: &Source) -> Markup {
    let Shown { app, health, style, .. } = shown;
    let zone = health
        .people
        .iter()
        .find(|one| one.id == source.calendar.staff)
        .map_or(chrono_tz::UTC, |one| one.zones.on(app.config.clock.now().date_naive()));
    let at = |at: DateTime<Utc>| format!("{} {}", style.date(at.with_timezone(&zone).date_naive()), style.time(at, zone));
    let poll = health.poll(source);
    html! {
        @match poll.and_then(|poll| Some((poll.failing_since?, poll.failure.clone()?))) {
            Some((since, failure)) => { span.bad { "Cannot be read since " (at(since)) ": " (failure) } ". It is tried again by itself." },
            None => {
                @match source.last_success {
                    Some(last) => { span.good { "Read " (at(last)) } },
                    None => span.quiet { "Not read yet" },
                }
                @if let (Some(poll), false) = (poll, source.paused) { span.quiet { " · next " (at(poll.due_at)) } }
            }
        }
        @if let Some(held) = &source.held { br; span.held { (held.meetings) " meetings vanished at once; their time stands until that is confirmed: " code { "kalends calendar accept-removals" } } }
    }
}

/// On to the provider, by a link that only this person has.
async fn begin(State(app): State<Arc<App>>, signed: Signed, Form(pairs): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let provider: Provider = value(&pairs, "provider").and_then(|word| word.parse().ok()).ok_or(Failure::NotFound)?;
    let staff = signed.who.staff.ok_or(Failure::NotFound)?;
    let link = connect::link(&app, staff, provider).await?;
    Ok(Redirect::to(&link).into_response())
}

async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<CalendarId>,
    signed: Signed,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let (source, _) = app.store.read().await?.source(id).await?;
    if signed.who.staff != Some(source.calendar.staff) || source.removed_at.is_some() {
        return Err(Failure::NotFound);
    }
    let odd = || Failure::Odd("This is no choice.".to_owned());
    let act = value(&pairs, "act").unwrap_or_default();
    if act == "set" {
        let privacy = value(&pairs, "privacy").and_then(|word| word.parse().ok()).ok_or_else(odd)?;
        let whose = value(&pairs, "whose").and_then(|word| word.parse().ok()).ok_or_else(odd)?;
        app.set_calendar(&signed.who.name, &source, Calendar { whose, privacy, ..source.calendar.clone() }).await?;
        return Ok(go("/calendars", "saved", None, None));
    }
    let to: Reading = act.parse().map_err(|_| Failure::NotFound)?;
    app.set_reading(&signed.who.name, &source, to).await?;
    Ok(go("/calendars", if to == Reading::Remove { "removed" } else { "saved" }, None, None))
}
