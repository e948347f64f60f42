//! Signing in with the account that people connect anyway: each provider has a way back of its own, an attempt is good once, for this
//! browser, for ten minutes.

use std::sync::Arc;

use axum::{
    Form,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use url::Url;
use uuid::Uuid;

use super::{guard, routes::Route, signin};
use crate::{
    app::App,
    grants::{
        OAuth,
        connect::{NotConnected, Return},
        identify::{self, Account, Asked},
        keys::{Place, digest},
    },
    model::{
        audit::Act,
        connection::{Connection, ConnectionStatus, Provider, SignInAt},
        ids::{self, StaffId},
    },
    store::access::SignInAttempt,
};

const ATTEMPT: TimeDelta = TimeDelta::minutes(10);
const COOKIE_NAME: &str = "kalends_sign_in";

pub(super) const ROUTES: &[Route] =
    &[Route::post("/sign-in/with/{provider}", || post(go)), Route::get("/sign-in/with/{provider}/callback", || get(back))];

/// Where providers send people back to.
fn redirect(app: &App, provider: SignInAt) -> Result<Url, NotConnected> {
    app.address(&format!("sign-in/with/{provider}/callback")).map_err(|error| NotConnected::Odd(error.to_string()))
}

fn place(state: &str) -> Place {
    Place { table: "sign_in_attempt", row: ids::derived(Uuid::nil(), &digest(state)), column: "verifier" }
}

async fn go(State(app): State<Arc<App>>, Path(provider): Path<SignInAt>, headers: HeaderMap, Form(asked): Form<signin::Asked>) -> Response {
    if !guard::is_from_here(&app, &headers) {
        return guard::forbidden("This request comes from another site.");
    }
    match begun(&app, provider, signin::target(&asked.next)).await {
        Ok(response) => response,
        Err(error) => signin::refused(&app, &error.to_string()),
    }
}

/// Who is asked there, if it is configured.
fn asked(app: &App, provider: SignInAt) -> Option<Asked<'_>> {
    match provider {
        SignInAt::Google => app.config.apps.of(Provider::Google).map(Asked::Account),
        SignInAt::Microsoft => app.config.apps.of(Provider::Outlook).map(Asked::Account),
        SignInAt::Firm => app.config.firm.as_ref().map(Asked::Firm),
    }
}

/// Where people can sign in, each as its button names it.
pub(super) fn places(app: &App) -> Vec<(SignInAt, &str)> {
    let named = |provider: &SignInAt| {
        Some(match (provider, asked(app, *provider)?) {
            (_, Asked::Firm(firm)) => (*provider, firm.title.as_str()),
            (SignInAt::Google, _) => (*provider, "Google"),
            _ => (*provider, "Microsoft"),
        })
    };
    SignInAt::ALL.iter().filter_map(named).collect()
}

async fn begun(app: &App, provider: SignInAt, target: &str) -> Result<Response, NotConnected> {
    let asked = asked(app, provider).ok_or_else(|| NotConnected::Odd(format!("{provider} is not configured")))?;
    let client = asked.client(&app.api).await?;
    let begun = identify::begin(&OAuth::new(&client, &app.api)?, &redirect(app, provider)?)?;
    let state = begun.state.expose_secret();
    let cookie = signin::secret();
    let verifier = app.vault.keys()?.seal(place(state), &begun.verifier)?;
    let (now, browser) = (guard::now(), digest(cookie.expose_secret()));
    let attempt = SignInAttempt { provider: provider.to_string(), verifier, browser, target: target.to_owned(), until: now + ATTEMPT };
    let mut tx = app.store.write().await?;
    tx.insert_sign_in_attempt(&digest(state), &attempt, now).await?;
    tx.commit().await?;
    let secure = if guard::is_secure(app) { "; Secure" } else { "" };
    let (age, secret) = (ATTEMPT.num_seconds(), cookie.expose_secret());
    let cookie = format!("{COOKIE_NAME}={secret}; Path=/sign-in/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    Ok(([(axum::http::header::SET_COOKIE, cookie)], Redirect::to(begun.url.as_str())).into_response())
}

async fn back(State(app): State<Arc<App>>, Path(provider): Path<SignInAt>, headers: HeaderMap, Query(back): Query<Return>) -> Response {
    match finished(&app, provider, &headers, back).await {
        Ok((staff, target)) => {
            let signed = signin::begin(&app, staff, &target, provider.as_str()).await;
            signed.unwrap_or_else(|error| signin::refused(&app, &error.to_string()))
        }
        Err(error) => signin::refused(&app, &error.to_string()),
    }
}

async fn finished(app: &App, provider: SignInAt, headers: &HeaderMap, back: Return) -> Result<(StaffId, String), NotConnected> {
    let unknown = || NotConnected::Odd("this is not the page that was waited for; sign in again".to_owned());
    let state = back.state.clone().ok_or_else(unknown)?;
    let mut tx = app.store.write().await?;
    let attempt = tx.take_sign_in_attempt(&digest(&state)).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let same_browser = guard::cookies(headers, COOKIE_NAME).any(|cookie| digest(&cookie) == attempt.browser);
    let now = guard::now();
    if attempt.provider != provider.as_str() || attempt.until < now || !same_browser {
        return Err(unknown());
    }
    let asked = asked(app, provider).ok_or_else(unknown)?;
    let verifier = app.vault.keys()?.open(place(&state), &attempt.verifier)?;
    let client = asked.client(&app.api).await?;
    let account = identify::finish(asked, (&client, &app.api), &redirect(app, provider)?, &verifier, back, now).await?;
    Ok((person(app, provider, &account).await?, attempt.target))
}

/// Who an account is here: whose address the provider vouches for. Microsoft vouches for none, so there it is who connected her own account,
/// under a name that is one of her addresses. An account that someone connected for another person signs nobody in; and what was so
/// once is asked each time, since addresses and connections end.
async fn person(app: &App, provider: SignInAt, account: &Account) -> Result<StaffId, NotConnected> {
    let mut tx = app.store.write().await?;
    let people = tx.staff().await?;
    let whose = |email: &Option<String>| people.iter().find(|one| email.as_ref().is_some_and(|email| one.has_address(email)));
    let connections = tx.connections().await?;
    let is_connected = |staff: StaffId| {
        let is_it = |one: &Connection| one.staff == staff && one.provider == Provider::Outlook && one.account == account.account;
        connections.iter().any(|one| is_it(one) && one.status != ConnectionStatus::Removed)
    };
    let found = match provider {
        SignInAt::Microsoft => whose(&account.user_name).filter(|one| is_connected(one.id)),
        SignInAt::Google | SignInAt::Firm => whose(&account.email),
    };
    let Some(staff) = found.map(|one| one.id) else {
        if tx.forget_identity(&account.issuer, &account.subject).await? {
            tx.commit().await?;
        }
        return Err(NotConnected::Odd(nobody(provider).to_owned()));
    };
    if tx.identity(&account.issuer, &account.subject).await? != Some(staff) {
        tx.lock_staff(staff).await?;
        tx.save_identity(&account.issuer, &account.subject, staff).await?;
        let told = serde_json::json!({ "at": provider, "account": account.account });
        let address = account.email.as_ref().or(account.user_name.as_ref());
        let actor = address.map_or("", String::as_str);
        tx.audit(&[Act::new(actor, "bind-account", guard::now(), "staff", &staff).of(staff).to(told)]).await?;
        tx.commit().await?;
    }
    Ok(staff)
}

fn nobody(provider: SignInAt) -> &'static str {
    match provider {
        SignInAt::Microsoft => {
            "this account is nobody's here: the name it signs in with must be one of your addresses, and its calendar connected for you; \
                sign in another way first"
        }
        SignInAt::Google | SignInAt::Firm => {
            "this account is nobody's here; sign in with one whose address Kalends knows you by, or another way"
        }
    }
}
