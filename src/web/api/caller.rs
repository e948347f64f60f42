//! Which program calls, and how often: tokens, by the digest of their secret, and a window of requests for each.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use chrono::TimeDelta;

use super::problem::{Kind, Problem};
use crate::{
    app::App,
    grants::keys::digest,
    model::{ids::TokenId, principal::Principal},
    web::guard::now,
};

const WINDOW: Duration = Duration::from_mins(1);
/// A token is used more often than that has to be noted.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// Whose token it is, and what it may do.
pub(super) struct Caller {
    pub(super) token: TokenId,
    pub(super) who: Principal,
}

/// The token of a request.
pub(super) async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let unknown = || Problem::new(Kind::Unauthorized, "Send `Authorization: Bearer kal_…` with a token that still works.");
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
    let secret = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, secret)| secret.trim());
    let secret = secret.filter(|secret| secret.starts_with("kal_")).ok_or_else(unknown)?;
    let mut tx = app.store.read().await?;
    let token = tx.token(&digest(secret)).await?;
    let works = token.filter(|one| one.revoked_at.is_none() && one.until.is_none_or(|until| until > now()));
    let token = works.ok_or_else(unknown)?;
    if tx.staff_member(token.staff).await?.has_left(app.config.clock.now()) {
        return Err(unknown());
    }
    let owner = tx.principal(token.staff).await?;
    drop(tx);
    if token.used_at.is_none_or(|used| now() - used > NOTED) {
        let mut tx = app.store.write().await?;
        tx.touch_token(token.id, now()).await?;
        tx.commit().await?;
    }
    Ok(Caller { token: token.id, who: owner.with_token(&token.name, token.scopes) })
}

/// How many requests each token has sent in the window that runs. It is forgotten when the program ends, which does no harm.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<TokenId, (Instant, u32)>>);

impl Pace {
    /// Counts a request.
    ///
    /// # Errors
    /// If there were too many; says when the next window begins.
    pub(super) fn count(&self, token: TokenId, most: u32) -> Result<(), Problem> {
        let Ok(mut windows) = self.0.lock() else { return Ok(()) };
        let begun = Instant::now();
        let window = windows.entry(token).or_insert((begun, 0));
        if window.0.elapsed() > WINDOW {
            *window = (begun, 0);
        }
        window.1 += 1;
        if window.1 <= most {
            return Ok(());
        }
        let wait = WINDOW.saturating_sub(window.0.elapsed()).as_secs() + 1;
        let told = format!("This token sent more than {most} requests in a minute; go on in {wait} seconds.");
        Err(Problem { wait: Some(wait), ..Problem::new(Kind::TooMany, told) })
    }
}
