//! `/connect/{provider}`: a person follows the one-time link she was sent, consents at the provider, and comes back. Nothing else opens
//! these pages. The link is used up by the button, not by being looked at: chat programs fetch every link they see.

use std::sync::Arc;

use axum::{
    Form, Router,
    body::Body,
    extract::{Path, Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, LOCATION, SET_COOKIE},
    },
    response::Response,
    routing::get,
};
use chrono::TimeDelta;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use super::page::{answer, escaped, page};
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

/// The pages.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new().route("/connect/{provider}", get(look).post(go)).route("/connect/{provider}/callback", get(back)).with_state(app)
}

/// Where a provider sends people back to: each has an address of its own, so that none can answer for another (RFC 9700 §4.4.2).
fn redirect(app: &App, provider: Provider) -> Result<Url, NotConnected> {
    let base = app.config.public_url.clone();
    let base = base.or_else(|| Url::parse(&format!("http://{}/", app.config.listen)).ok());
    let url = base.and_then(|base| base.join(&format!("connect/{provider}/callback")).ok());
    url.ok_or_else(|| NotConnected::Odd("public_url in the configuration is no address".to_owned()))
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
    let words = "<p>It works once, for 30 minutes. Ask whoever sent it for a new one.</p>";
    page(StatusCode::GONE, "This link does not work any more", words)
}

fn failed(error: &NotConnected) -> Response {
    page(StatusCode::BAD_REQUEST, "Not connected", &format!("<p>{}</p>", escaped(&error.to_string())))
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
            let (name, title, link) = (escaped(&staff.name), provider.title(), escaped(&link.link));
            let markup = format!(
                "<p>{name}, Kalends will read your {title} calendars and turn events into draft time entries. It never writes to them.</p>\
                 <form method=\"post\"><input type=\"hidden\" name=\"link\" value=\"{link}\"><button>Continue to {title}</button></form>"
            );
            page(StatusCode::OK, "Connect your calendar", &markup)
        }
        Ok(None) => gone(),
        Err(error) => failed(&error.into()),
    }
}

async fn go(State(app): State<Arc<App>>, Path(provider): Path<String>, Form(link): Form<Link>) -> Response {
    let Ok(provider) = provider.parse::<Provider>() else { return gone() };
    match sent(&app, provider, &link.link).await {
        Ok(Some((url, cookie))) => answer(StatusCode::SEE_OTHER, &[(LOCATION, url.as_str()), (SET_COOKIE, &cookie)], Body::empty()),
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
    let begun = begin(registered, &OAuth::new(registered, &app.api)?, &redirect, Some(person.email()))?;
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
        Ok(connected) => {
            let names: Vec<_> = connected.added.iter().map(|calendar| escaped(&calendar.name)).collect();
            let reads = if names.is_empty() { String::new() } else { format!(" It reads {}.", names.join(", ")) };
            let email = escaped(&connected.connection.email);
            page(StatusCode::OK, "Connected", &format!("<p>Kalends reads the calendars of {email}.{reads} This page can be closed.</p>"))
        }
        Err(error) => failed(&error),
    }
}

async fn finished(app: &App, provider: Provider, headers: &HeaderMap, back: Return) -> Result<Connected, NotConnected> {
    let unknown = || NotConnected::Odd("this is not the page that was waited for; open the link you were sent again".to_owned());
    let state = back.state.clone().ok_or_else(unknown)?;
    let now = app.config.clock.now();
    let mut tx = app.store.write().await?;
    let attempt = tx.take_attempt(&digest(&state)).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let prefix = format!("{COOKIE_NAME}=");
    let is_same_browser = cookies.filter_map(|cookie| cookie.trim().strip_prefix(&prefix)).any(|cookie| digest(cookie) == attempt.browser);
    if attempt.provider != provider || attempt.until < now || !is_same_browser {
        return Err(unknown());
    }
    let registered = app.config.apps.of(provider).ok_or_else(unknown)?;
    let verifier = app.vault.keys()?.open(verifier_place(&state), &attempt.verifier)?;
    let oauth = OAuth::new(registered, &app.api)?;
    let tokens = exchange(registered, &oauth, &redirect(app, provider)?, &verifier, back).await?;
    let staff = app.store.read().await?.staff_member(attempt.staff).await?;
    accept(&app.store, &app.vault, &app.api, registered, &staff, (&tokens, false), now).await
}
