//! Signing in: with a one-time link, or with a password where the firm wants that. Secrets are 256 random bits, and the book holds only
//! their digests.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use axum::{
    Extension, Form,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use maud::html;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{
    guard::{self, Signed, client, idle_since, is_from_here, set_cookie},
    oidc,
    pages::layout,
    routes::Route,
    server::Peer,
};
use crate::{
    app::App,
    grants::keys::digest,
    model::{audit, ids::StaffId},
};

const LINK: TimeDelta = TimeDelta::minutes(30);
/// Wrong passwords that are looked at, for one account and for one address each, in one quarter of an hour.
const TRIES: i64 = 10;
const QUARTER: TimeDelta = TimeDelta::minutes(15);
/// What a password has to have (ASVS 5.0, 6.2.1).
const PASSWORD_MIN: usize = 12;
const PASSWORD_MAX: usize = 256;
/// Every token begins so, for scanners that look for secrets in places where they should not be.
pub(crate) const TOKEN_PREFIX: &str = "kal_";

/// 256 random bits as text.
pub(super) fn secret() -> SecretString {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()).into()
}

/// A new token of a program, and its digest.
pub(crate) fn token() -> (SecretString, String) {
    let text = format!("{TOKEN_PREFIX}{}", secret().expose_secret());
    let digest = digest(&text);
    (text.into(), digest)
}

/// argon2id as ASVS 5.0 (appendix C) wants it.
fn argon() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(47_104, 1, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A password as it is kept.
///
/// # Errors
/// If it is too short or too long.
pub(crate) fn hashed(password: &str) -> anyhow::Result<String> {
    let length = password.chars().count();
    anyhow::ensure!((PASSWORD_MIN..=PASSWORD_MAX).contains(&length), "a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters");
    let hash = argon()?.hash_password(password.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(hash.to_string())
}

/// A one-time address with which a person signs in.
pub(crate) async fn link(app: &App, staff: StaffId) -> anyhow::Result<SecretString> {
    let secret = secret();
    let mut tx = app.store.write().await?;
    tx.insert_sign_in_link(&digest(secret.expose_secret()), staff, guard::now() + LINK).await?;
    tx.commit().await?;
    Ok(format!("{}?link={}", app.address("sign-in/link")?, secret.expose_secret()).into())
}

pub(super) const ROUTES: &[Route] = &[
    Route::get("/sign-in", || get(ask)),
    Route::post("/sign-in", || post(sign_in)),
    Route::get("/sign-in/link", || get(look)),
    Route::post("/sign-in/link", || post(follow)),
];

/// Leaving needs the form's token like every other change.
pub(super) const LEAVING: &[Route] = &[Route::post("/sign-out", || post(sign_out))];

#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    link: String,
}

/// Only pages of ours are gone on to.
pub(super) fn target(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains('\\') && next.chars().all(|char| char.is_ascii_graphic());
    if ours { next } else { "/" }
}

async fn ask(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    form(&app, target(&asked.next), None, StatusCode::OK)
}

fn form(app: &App, next: &str, wrong: Option<&str>, status: StatusCode) -> Response {
    let page = layout::plain(
        "Sign in",
        &html! {
            form.card method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
                label for="email" { "Address" }
                input #email type="email" name="email" autocomplete="username" required autofocus;
                label for="password" { "Password" }
                input #password type="password" name="password" autocomplete="current-password" required;
                button.primary { "Sign in" }
            }
            @for (provider, title) in oidc::places(app) {
                form method="post" action=(format!("/sign-in/with/{provider}")) {
                    input type="hidden" name="next" value=(next);
                    button { "Sign in with " (title) }
                }
            }
            p.quiet { "No password? Ask for a one-time link: " code { "kalends users link ADDRESS" } }
        },
    );
    (status, guard::leads_on(app), page).into_response()
}

/// Signing in elsewhere did not work, and why.
pub(super) fn refused(app: &App, why: &str) -> Response {
    form(app, "/", Some(why), StatusCode::UNAUTHORIZED)
}

#[derive(Deserialize)]
struct Typed {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

async fn sign_in(State(app): State<Arc<App>>, peer: Option<Extension<Peer>>, headers: HeaderMap, Form(typed): Form<Typed>) -> Response {
    if !is_from_here(&app, &headers) {
        return guard::forbidden("This request comes from another site.");
    }
    let next = target(&typed.next);
    let from = client(&app, peer.as_deref(), &headers);
    match checked(&app, &typed, &from).await {
        Ok(Ok(staff)) => begin(&app, staff, next, "password").await.unwrap_or_else(|error| failed(&error)),
        Ok(Err(wrong)) => form(&app, next, Some(wrong), StatusCode::UNAUTHORIZED),
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> Response {
    tracing::warn!("Nobody could be signed in: {error:#}");
    (StatusCode::SERVICE_UNAVAILABLE, "It does not work right now; try again.").into_response()
}

/// Whose password it is. Takes as long for an address that nobody has.
async fn checked(app: &App, typed: &Typed, from: &str) -> anyhow::Result<Result<StaffId, &'static str>> {
    const WRONG: &str = "Address or password is wrong.";
    let (email, now) = (typed.email.trim().to_lowercase(), guard::now());
    let buckets = [format!("account {}", digest(&email)), format!("address {}", digest(from))];
    let mut tx = app.store.write().await?;
    let mut tries = 0;
    for bucket in &buckets {
        tries = tries.max(tx.throttle(bucket, now - QUARTER, now).await?);
    }
    let known = tx.password(&email).await?;
    tx.commit().await?;
    if tries >= TRIES {
        return Ok(Err("Too many attempts; try again in a quarter of an hour."));
    }
    let password = typed.password.clone();
    let right = tokio::task::spawn_blocking(move || {
        let argon = argon()?;
        let given = password.expose_secret().as_bytes();
        let Some((staff, hash)) = known else {
            // The same work for nobody: the time tells nothing.
            let _same_work = argon.hash_password(given);
            return Ok::<_, anyhow::Error>(None);
        };
        let hash = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(argon.verify_password(given, &hash).is_ok().then_some(staff))
    })
    .await??;
    let Some(staff) = right else { return Ok(Err(WRONG)) };
    let mut tx = app.store.write().await?;
    for bucket in &buckets {
        tx.unthrottle(bucket).await?;
    }
    tx.commit().await?;
    Ok(Ok(staff))
}

/// Begins a session with an id of its own, whatever the browser had before.
pub(super) async fn begin(app: &App, staff: StaffId, next: &str, how: &str) -> anyhow::Result<Response> {
    let (cookie, csrf, now) = (secret(), secret(), guard::now());
    let mut tx = app.store.write().await?;
    if tx.staff_member(staff).await?.has_left(app.config.clock.now()) {
        return Ok(refused(app, "Your last day has passed: nobody signs in after hers."));
    }
    let who = tx.principal(staff).await?;
    tx.insert_session(&digest(cookie.expose_secret()), staff, csrf.expose_secret(), now).await?;
    tx.audit(&[audit::Act::new(&who.name, "sign-in", now, "session", &staff).to(json!({ "with": how }))]).await?;
    tx.commit().await?;
    let (name, value) = set_cookie(app, Some(cookie.expose_secret()));
    Ok(([(name, value)], Redirect::to(next)).into_response())
}

/// A link is used up by the button, not by being looked at: chat programs fetch every link they see.
async fn look(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    let known = async { app.store.read().await?.sign_in_link(&digest(&asked.link), guard::now()).await };
    match known.await {
        Ok(Some(_)) => layout::plain(
            "Sign in",
            &html! {
                form.card method="post" action="/sign-in/link" {
                    input type="hidden" name="link" value=(asked.link);
                    button.primary autofocus { "Sign in" }
                }
            },
        )
        .into_response(),
        Ok(None) => over(),
        Err(error) => failed(&error.into()),
    }
}

fn over() -> Response {
    let page = layout::plain("This link does not work any more", &html! { p { "It works once, for 30 minutes. Ask for a new one." } });
    (StatusCode::GONE, page).into_response()
}

async fn follow(State(app): State<Arc<App>>, headers: HeaderMap, Form(asked): Form<Asked>) -> Response {
    if !is_from_here(&app, &headers) {
        return guard::forbidden("This request comes from another site.");
    }
    let followed = async {
        let (digest, now) = (digest(&asked.link), guard::now());
        let mut tx = app.store.write().await?;
        let staff = tx.sign_in_link(&digest, now).await?;
        let used = tx.use_sign_in_link(&digest, now).await?;
        tx.commit().await?;
        match staff.filter(|_| used) {
            Some(staff) => begin(&app, staff, "/", "link").await.map(Some),
            None => Ok(None),
        }
    };
    match followed.await {
        Ok(Some(response)) => response,
        Ok(None) => over(),
        Err(error) => failed(&error),
    }
}

async fn sign_out(State(app): State<Arc<App>>, _signed: Signed, headers: HeaderMap) -> Response {
    let ended = async {
        let mut tx = app.store.write().await?;
        tx.end_session(&digest(&guard::cookie(&app, &headers).unwrap_or_default()), idle_since(guard::now())).await?;
        tx.commit().await
    };
    match ended.await {
        Ok(()) => ([set_cookie(&app, None)], Redirect::to("/sign-in")).into_response(),
        Err(error) => failed(&error.into()),
    }
}
