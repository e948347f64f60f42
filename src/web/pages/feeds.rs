//! Feeds on the page of calendars: having one read, and giving it another address. The address is a password of somebody's calendar: it
//! comes in the body of a form, goes to `app::feeds`, and is written into no page, not even into the one that says what is wrong with it.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use chrono::TimeDelta;
use maud::{Markup, html};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Failure, calendars,
    form::{Before, go},
    layout::csrf,
};
use crate::{
    app::{
        App,
        feeds::{NotAdded, Wanted},
    },
    model::{
        connection::Provider,
        ids::{CalendarId, StaffId},
        principal::Role,
        staff::{Calendar, Privacy, Whose},
    },
    web::{
        guard::{self, Signed},
        routes::Route,
    },
};

pub(super) const ROUTES: &[Route] =
    &[Route::post("/calendars/feeds", || post(add)), Route::post("/calendars/{id}/address", || post(readdress))];

/// Addresses that one person may have asked in a quarter of an hour without a calendar being there: this is no way to look around.
const TRIES: i64 = 10;
const QUARTER: TimeDelta = TimeDelta::minutes(15);
const TOO_MANY: &str = "Too many attempts; try again in a quarter of an hour.";
const NAME_MAX: usize = 100;

#[derive(Default, Deserialize)]
struct Typed {
    #[serde(default)]
    address: SecretString,
    #[serde(default)]
    name: String,
    #[serde(default)]
    privacy: String,
    #[serde(default)]
    whose: String,
}

/// What was typed and not taken, without the address.
pub(super) struct Attempt {
    /// The feed that was to have another address; none if one was to be added.
    pub(super) of: Option<CalendarId>,
    wrong: String,
    name: String,
    privacy: String,
    whose: String,
}

impl Attempt {
    fn new(of: Option<CalendarId>, typed: &Typed, wrong: String) -> Self {
        let (name, privacy, whose) = (typed.name.clone(), typed.privacy.clone(), typed.whose.clone());
        Self { of, wrong, name, privacy, whose }
    }
}

/// Why nothing was added, as a status and in words.
enum Refused {
    TooMany,
    Wrong(String),
    Broken(Failure),
}

impl From<NotAdded> for Refused {
    fn from(why: NotAdded) -> Self {
        match why {
            NotAdded::Store(error) => Self::Broken(error.into()),
            NotAdded::Known => Self::Wrong("This feed is read already; it stands below.".to_owned()),
            why => Self::Wrong(format!("It was not taken: {why}.")),
        }
    }
}

impl From<crate::store::Error> for Refused {
    fn from(error: crate::store::Error) -> Self {
        Self::Broken(error.into())
    }
}

async fn add(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap, Form(typed): Form<Typed>) -> Result<Response, Failure> {
    let staff = owner(&signed)?;
    match added(&app, &signed, staff, &typed).await {
        Ok(_) => Ok(go("/calendars", "reading", None, None)),
        Err(refused) => again(&app, &signed, &headers, refused, |wrong| Attempt::new(None, &typed, wrong)).await,
    }
}

async fn added(app: &App, signed: &Signed, staff: StaffId, typed: &Typed) -> Result<Calendar, Refused> {
    let odd = || Refused::Wrong("This is no choice.".to_owned());
    let privacy: Privacy = typed.privacy.parse().map_err(|_| odd())?;
    let whose: Whose = typed.whose.parse().map_err(|_| odd())?;
    let name = Some(typed.name.trim().to_owned()).filter(|name| !name.is_empty());
    if typed.name.chars().count() > NAME_MAX {
        return Err(Refused::Wrong(format!("A name has at most {NAME_MAX} characters.")));
    }
    let staff = app.store.read().await?.staff_member(staff).await?;
    let wanted = Wanted { staff: &staff, address: &typed.address, name, owner: None, whose, privacy };
    limited(app, &staff.id, app.add_feed(&signed.who.name, wanted)).await
}

async fn readdress(
    State(app): State<Arc<App>>,
    Path(id): Path<CalendarId>,
    signed: Signed,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, Failure> {
    let staff = owner(&signed)?;
    let (source, connection) = app.store.read().await?.source(id).await?;
    let is_feed = connection.is_some_and(|one| one.provider == Provider::Feed);
    if source.calendar.staff != staff || source.removed_at.is_some() || !is_feed {
        return Err(Failure::NotFound);
    }
    match limited(&app, &staff, app.readdress(&signed.who.name, &source, &typed.address)).await {
        Ok(()) => Ok(go("/calendars", "reading", None, None)),
        Err(refused) => again(&app, &signed, &headers, refused, |wrong| Attempt::new(Some(id), &typed, wrong)).await,
    }
}

/// Whose feeds someone may add: her own, if her time is recorded.
fn owner(signed: &Signed) -> Result<StaffId, Failure> {
    signed.who.staff.filter(|_| signed.who.has(Role::Staff)).ok_or(Failure::NotFound)
}

/// Asks an address unless this person had too many asked in vain; a calendar that was found does not count.
async fn limited<T>(app: &App, staff: &StaffId, work: impl Future<Output = Result<T, NotAdded>>) -> Result<T, Refused> {
    let (bucket, now) = (format!("feed {staff}"), guard::now());
    let mut tx = app.store.write().await?;
    let tries = tx.throttle(&bucket, now - QUARTER, now).await?;
    tx.commit().await?;
    if tries >= TRIES {
        return Err(Refused::TooMany);
    }
    let done = work.await?;
    let mut tx = app.store.write().await?;
    tx.unthrottle(&bucket).await?;
    tx.commit().await?;
    Ok(done)
}

/// The same page with what was typed, but for the address, and what is wrong.
async fn again(
    app: &App,
    signed: &Signed,
    headers: &HeaderMap,
    refused: Refused,
    attempt: impl FnOnce(String) -> Attempt,
) -> Result<Response, Failure> {
    let (status, wrong) = match refused {
        Refused::Broken(failure) => return Err(failure),
        Refused::TooMany => (StatusCode::TOO_MANY_REQUESTS, TOO_MANY.to_owned()),
        Refused::Wrong(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, wrong),
    };
    let page = calendars::drawn(app, signed, headers, &Before::default(), Some(&attempt(wrong))).await?;
    Ok((status, page).into_response())
}

/// Where a feed is added, for whoever may.
pub(super) fn form(signed: &Signed, attempt: Option<&Attempt>) -> Markup {
    let attempt = attempt.filter(|attempt| attempt.of.is_none());
    let typed = |of: fn(&Attempt) -> &str| attempt.map_or("", of);
    html! {
        @if owner(signed).is_ok() {
            details #feed open[attempt.is_some()] {
                summary { "A calendar that is published at an address" }
                p.quiet {
                    "Its settings show a secret address: in Google under “Integrate calendar”, in Outlook under “Shared calendars”, elsewhere "
                    "under “publish” or “iCal”. Whoever has it can read the calendar, so it is locked away as soon as you send it and never shown again."
                }
                form method="post" action="/calendars/feeds" autocomplete="off" {
                    (csrf(signed))
                    (address("feed-address", "Secret address", attempt))
                    div.row.below {
                        label { "What to call it" input name="name" value=(typed(|one| &one.name)) maxlength=(NAME_MAX) autocomplete="off"; }
                        (calendars::kept(typed(|one| &one.privacy)))
                        (calendars::counted(typed(|one| &one.whose)))
                    }
                    div.acts { button.primary { "Read this calendar" } }
                }
            }
        }
    }
}

/// Where a feed gets another address.
pub(super) fn readdressing(signed: &Signed, id: CalendarId, attempt: Option<&Attempt>) -> Markup {
    let attempt = attempt.filter(|attempt| attempt.of == Some(id));
    html! {
        @if owner(signed).is_ok() {
            details open[attempt.is_some()] {
                summary { "Its address changed" }
                p.quiet { "It stays the same calendar: what it said before stands, and the former address is forgotten." }
                form method="post" action=(format!("/calendars/{id}/address")) autocomplete="off" {
                    (csrf(signed))
                    (address(&format!("address-{id}"), "New secret address", attempt))
                    div.acts { button { "Read it there" } }
                }
            }
        }
    }
}

/// A field that is read while it is typed. As a password field people could not see whether they pasted all of it, and browsers would
/// keep it as the password of this site and offer that one in its place; what must not happen to it is said to the browser instead.
fn address(id: &str, label: &str, attempt: Option<&Attempt>) -> Markup {
    let hint = format!("{id}-wrong");
    html! {
        @if let Some(attempt) = attempt { p.wrong #(hint) role="alert" { (attempt.wrong) " Type the address again." } }
        label for=(id) { (label) }
        input.wide #(id) type="url" name="address" required placeholder="https://…/basic.ics" autocomplete="off" spellcheck="false"
            autocapitalize="none" data-focus[attempt.is_some()] autofocus[attempt.is_some()]
            aria-invalid=[attempt.map(|_| "true")] aria-describedby=[attempt.map(|_| &hint)];
    }
}
