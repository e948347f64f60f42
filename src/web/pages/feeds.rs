//! What people do to feeds: having one read, and giving it another address. The address is a password of somebody's calendar: it
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
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Failure, calendars,
    feed_forms::{Attempt, NAME_MAX, owner},
    form::{Before, go},
};
use crate::{
    app::{
        App,
        feeds::{NotAdded, Wanted},
    },
    model::{
        connection::Provider,
        ids::{CalendarId, StaffId},
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

impl Typed {
    /// Without the address.
    fn attempt(&self, of: Option<CalendarId>, wrong: String) -> Attempt {
        let (name, privacy, whose) = (self.name.clone(), self.privacy.clone(), self.whose.clone());
        Attempt { of, wrong, name, privacy, whose }
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
        Err(refused) => again(&app, &signed, &headers, refused, |wrong| typed.attempt(None, wrong)).await,
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
        Err(refused) => again(&app, &signed, &headers, refused, |wrong| typed.attempt(Some(id), wrong)).await,
    }
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
