//! `Idempotency-Key`: the same request with the same key is done once, and answered alike each time. Whether it was done stays known for
//! a day.

use axum::http::{HeaderMap, Uri, header::IF_MATCH};
use chrono::TimeDelta;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    operation::Answer,
    problem::{Kind, Misfit, Problem},
};
use crate::{
    app::App,
    model::ids::{TokenId, digest, hex},
    store::idempotency::Kept,
    web::guard::now,
};

pub(super) const HEADER: &str = "idempotency-key";
pub(super) const LONGEST: usize = 255;
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A request that can be told from others.
pub(super) struct Request {
    key: String,
    digest: String,
}

/// The key that was sent.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(sent) = headers.get(HEADER) else { return Ok(None) };
    let key = sent.to_str().ok().filter(|key| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    let wrong =
        || Problem::misfits(Kind::Malformed, vec![Misfit::new("/Idempotency-Key", "it has 1 to 255 plain characters and no space")]);
    key.map(|key| Some(key.to_owned())).ok_or_else(wrong)
}

impl Request {
    pub(super) fn new(token: TokenId, key: &str, (uri, headers): (&Uri, &HeaderMap), body: &[u8]) -> Self {
        let mut all = Sha256::new();
        for part in [uri.to_string().as_bytes(), headers.get(IF_MATCH).map_or(&b""[..], |tag| tag.as_bytes()), body] {
            all.update(part);
            all.update([0]);
        }
        Self { key: format!("{token} {}", digest(key)), digest: hex(&all.finalize()) }
    }
}

/// Does some work unless it was done.
pub(super) async fn once(app: &App, request: Request, work: impl Future<Output = Result<Answer, Problem>>) -> Result<Answer, Problem> {
    let mut tx = app.store.write().await?;
    let known = tx.begin_idempotent(&request.key, &request.digest, now(), now() - KEPT).await?;
    tx.commit().await?;
    if let Some(kept) = known {
        return again(&request, &kept);
    }
    let done = work.await;
    let mut tx = app.store.write().await?;
    match &done {
        Ok(answer) => {
            let body = answer.body.as_ref().map_or_else(String::new, Value::to_string);
            tx.finish_idempotent(&request.key, answer.status, &body, answer.version).await?;
        }
        // Nothing was done, so that the same may be tried again.
        Err(_) => tx.forget_idempotent(&request.key).await?,
    }
    tx.commit().await?;
    done
}

fn again(request: &Request, kept: &Kept) -> Result<Answer, Problem> {
    if kept.request != request.digest {
        return Err(Problem::invalid("/Idempotency-Key", "another request was sent with this key; take a new key for a new request"));
    }
    let Ok(status @ 200..) = u16::try_from(kept.status) else {
        let told = "The same request is being worked on, or was interrupted. Look whether it was done; if not, send it with a new key.";
        return Err(Problem::new(Kind::Conflict, told));
    };
    Ok(Answer { status, body: serde_json::from_str(&kept.body).ok(), version: kept.version })
}
