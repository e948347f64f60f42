//! `/connect/{provider}`: a person follows the one-time link she was sent, consents at the provider, and comes back. Nothing else opens
//! these pages. The link is used up by the button, not by being looked at: chat programs fetch every link they see.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::TimeDelta;
use maud::html;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::{guard, pages::layout::plain, routes::Route};
use crate::{
    app::App,
    grants::{
        OAuth,
        connect::{Connected, NotConnected, Return, accept, begin, exchange},
        keys::{Place, digest},
    },
    model::{
        connection::Provider,
        ids::{self, StaffId},
        staff::Staff,
    },
    store::connections::Attempt,
};

/// How long a person may take at the provider.
const ATTEMPT: TimeDelta = TimeDelta::minutes(10);
const COOKIE_NAME: &str = "kalends_connect";

#[derive(Default, Deserialize)]
struct Link {
    #[serde(default)]
    link: String,
}

pub(super) const ROUTES: &[Route] = &[
    Route::get("/connect/{provider}", || get(look)),
    Route::post("/connect/{provider}", || post(go)),
    Route::get("/connect/{provider}/callback", || get(back)),
];

/// Where a provider sends people back to: each has an address of its own, so that none can answer for another (RFC 9700 §4.4.2).
fn redirect(app: &App, provider: Provider) -> Result<Url, NotConnected> {
    app.address(&format!("connect/{provider}/callback")).map_err(|error| NotConnected::Odd(error.to_string()))
}

/// The one-time link that begins connecting, for a person who is signed in.
pub(super) async fn link(app: &App, staff: StaffId, provider: Provider) -> Result<String, crate::store::Error> {
    let secret = Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string();
    let mut tx = app.store.write().await?;
    let now = app.config.clock.now();
    tx.insert_connect_link(&digest(&secret), staff, provider, now + ATTEMPT).await?;
    tx.commit().await?;
    Ok(format!("/connect/{provider}?link={secret}"))
}

fn gone() -> Response {
    let page =
        plain("This link does not work any more", &html! { p { "It works once, for 30 minutes. Ask whoever sent it for a new one." } });
    (StatusCode::GONE, page).into_response()
}

fn failed(error: &NotConnected) -> Response {
    (StatusCode::BAD_REQUEST, plain("Not connected", &html! { p role="alert" { (error) } })).into_response()
}

async fn look(State(app): State<Arc<App>>, Path(provider): Path<String>, Query(link): Query<Link>) -> Response {
    let Ok(provider) = provider.parse::<Provider>() else { return gone() };
    let now = app.config.clock.now();
    let person = async {
        let mut tx = app.store.read().await?;
        let staff = tx.connect_link(&digest(&link.link), provider, now).await?;
        match staff {
            Some(staff) => tx.staff_member(staff).await.map(Some),
            None => Ok(None),
        }
    };
    match person.await {
        Ok(Some(staff)) => {
            let markup = html! {
                p { (staff.name) ", Kalends will read your " (provider.title()) " calendars and turn events into draft time entries. It never writes to them." }
                form.card method="post" { input type="hidden" name="link" value=(link.link); button.primary autofocus { "Continue to " (provider.title()) } }
            };
            (guard::leads_on(&app), plain("Connect your calendar", &markup)).into_response()
        }
        Ok(None) => gone(),
        Err(error) => failed(&error.into()),
    }
}

async fn go(State(app): State<Arc<App>>, Path(provider): Path<String>, Form(link): Form<Link>) -> Response {
    let Ok(provider) = provider.parse::<Provider>() else { return gone() };
    match sent(&app, provider, &link.link).await {
        Ok(Some((url, cookie))) => ([(SET_COOKIE, cookie)], Redirect::to(url.as_str())).into_response(),
        Ok(None) => gone(),
        Err(error) => failed(&error),
    }
}

/// Uses the link up and remembers the attempt, bound to this browser.
async fn sent(app: &App, provider: Provider, link: &str) -> Result<Option<(Url, String)>, NotConnected> {
    let now = app.config.clock.now();
    let registered = app.config.apps.of(provider).ok_or_else(|| NotConnected::Odd(format!("{} is not configured", provider.title())))?;
    let redirect = redirect(app, provider)?;
    let mut tx = app.store.write().await?;
    let Some(staff) = tx.connect_link(&digest(link), provider, now).await? else { return Ok(None) };
    let person = tx.staff_member(staff).await?;
    let begun = begin(registered, &OAuth::new(&registered.client, &app.api)?, &redirect, Some(person.email()))?;
    if !tx.use_connect_link(&digest(link), now).await? {
        return Ok(None);
    }
    let state = secrecy::ExposeSecret::expose_secret(&begun.state).to_owned();
    let cookie = Uuid::new_v4().simple().to_string() + &Uuid::new_v4().simple().to_string();
    let verifier = app.vault.keys()?.seal(verifier_place(&state), &begun.verifier)?;
    let attempt = Attempt { staff, provider, verifier, browser: digest(&cookie), until: now + ATTEMPT };
    tx.insert_attempt(&digest(&state), &attempt, now).await?;
    tx.commit().await?;
    let secure = if redirect.scheme() == "https" { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={cookie}; Path=/connect/; HttpOnly; SameSite=Lax; Max-Age={}{secure}", ATTEMPT.num_seconds());
    Ok(Some((begun.url, cookie)))
}

fn verifier_place(state: &str) -> Place {
    Place { table: "connect_attempt", row: ids::derived(Uuid::nil(), &digest(state)), column: "verifier" }
}

async fn back(State(app): State<Arc<App>>, Path(provider): Path<String>, headers: HeaderMap, Query(back): Query<Return>) -> Response {
    let Ok(provider) = provider.parse::<Provider>() else { return gone() };
    match finished(&app, provider, &headers, back).await {
        Ok((connected, staff)) => {
            let names: Vec<_> = connected.added.iter().map(|calendar| calendar.name.as_str()).collect();
            let markup = html! {
                p { "Kalends reads the calendars of " bdi { (connected.connection.email) } "." @if !names.is_empty() { " It reads " bdi { (names.join(", ")) } "." } }
                @if !staff.has_address(&connected.connection.email) {
                    p role="alert" { "Kalends does not know " bdi { (connected.connection.email) } " as an address of " bdi { (staff.email()) } ", so only what names that one counts. "
                        "If it is yours, tell whoever runs Kalends, who adds it; if you chose the wrong account, say that too." }
                }
                p { a.button href="/calendars" { "Your calendars" } " This page can be closed." }
            };
            plain("Connected", &markup).into_response()
        }
        Err(error) => failed(&error),
    }
}

async fn finished(app: &App, provider: Provider, headers: &HeaderMap, back: Return) -> Result<(Connected, Staff), NotConnected> {
    let unknown = || NotConnected::Odd("this is not the page that was waited for; open the link you were sent again".to_owned());
    let state = back.state.clone().ok_or_else(unknown)?;
    let now = app.config.clock.now();
    let mut tx = app.store.write().await?;
    let attempt = tx.take_attempt(&digest(&state)).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let is_same_browser = guard::cookies(headers, COOKIE_NAME).any(|cookie| digest(&cookie) == attempt.browser);
    if attempt.provider != provider || attempt.until < now || !is_same_browser {
        return Err(unknown());
    }
    let registered = app.config.apps.of(provider).ok_or_else(unknown)?;
    let verifier = app.vault.keys()?.open(verifier_place(&state), &attempt.verifier)?;
    let oauth = OAuth::new(&registered.client, &app.api)?;
    let tokens = exchange(&registered.client.authorize_url, &oauth, &redirect(app, provider)?, &verifier, back).await?;
    let staff = app.store.read().await?.staff_member(attempt.staff).await?;
    let connected = accept(&app.store, &app.vault, &app.api, registered, &staff, (&tokens, false), (staff.email(), now)).await?;
    Ok((connected, staff))
}
