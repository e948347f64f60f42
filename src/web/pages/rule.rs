//! Make it a rule: what a decision would look like as a rule, what else it would change, and the key that writes it.

use std::sync::Arc;

use anyhow::Context;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::{Markup, html};

use super::{
    Failure,
    form::go,
    layout::{csrf, page},
    queue_item::reads,
};
use crate::{
    app::App,
    model::{audit, ids::ExceptionId},
    review::propose::{self, Proposal},
    settling::{
        activation::Active,
        reload::{Ask, Reloaded},
        settle_due,
    },
    web::{
        guard::{Signed, now},
        routes::Route,
    },
};

pub(super) const ROUTES: &[Route] = &[Route::get("/rule/{id}", || get(show)), Route::post("/rule/{id}", || post(write))];

async fn show(State(app): State<Arc<App>>, Path(id): Path<ExceptionId>, signed: Signed) -> Result<Markup, Failure> {
    let active = app.current().await?;
    let proposal = proposed(&app, &active, &signed, id).await?;
    let content = html! {
        @match &proposal {
            None => p { "No rule could be found that decides it and nothing it must not. Write one by hand; " code { "kalends rules explain" } " says what the rules see." },
            Some(one) => {
                p { "It answers " strong { (one.clears) } " more open " @if one.clears == 1 { "question" } @else { "questions" } ", and changes " strong { (one.changes) } " other events since " (propose::tried_from(app.config.clock.now())) "." }
                @if !one.examples.is_empty() { ul { @for example in &one.examples { li { (example) } } } }
                h2 { code { "rules/" (one.file) } }
                pre { (one.yaml) }
                form method="post" action=(format!("/rule/{id}")) { (csrf(&signed)) button.primary data-key="r" data-focus { "Write it " kbd { "r" } } }
                p.quiet { "It is a file of its own: take it away, and the rule is taken back. Where the folder of the rules cannot be written from here, put the file there by hand, and run " code { "kalends sync" } "." }
            }
        }
        p { a.button href="/queue" data-key="j" { "Back to the queue " kbd { "j" } } }
    };
    Ok(page(&signed, "Make it a rule", "/queue", None, &content))
}

async fn proposed(app: &App, active: &Active, signed: &Signed, id: ExceptionId) -> Result<Option<Proposal>, Failure> {
    let mut tx = app.store.read().await?;
    let exception = tx.question_seen(&signed.who, id).await?.ok_or(Failure::NotFound)?;
    if !signed.who.reviews(exception.staff) {
        return Err(Failure::NotFound);
    }
    let Some(entry) = exception.entry else { return Ok(None) };
    let Some(event) = tx.entry_of(entry).await?.body.event else { return Ok(None) };
    let event = tx.event(event).await?;
    if !reads(app, signed, &exception, &event) {
        return Ok(None);
    }
    Ok(propose::rule(&mut tx, &signed.who, active, &event, app.config.clock.now()).await?)
}

async fn write(State(app): State<Arc<App>>, Path(id): Path<ExceptionId>, signed: Signed) -> Result<Response, Failure> {
    let active = app.current().await?;
    let proposal = proposed(&app, &active, &signed, id).await?.ok_or(Failure::NotFound)?;
    let file = app.config.rules.join(&proposal.file);
    let written = async {
        // Under a hidden name first: whoever watches the folder sees it whole.
        let beside = file.with_file_name(format!(".{}.new", proposal.file));
        let put = async {
            tokio::fs::write(&beside, &proposal.yaml).await?;
            tokio::fs::rename(&beside, &file).await
        };
        put.await.with_context(|| format!("cannot write {}", file.display()))?;
        if let Reloaded::Refused(refusal) = app.reload(&app.config.rules, &signed.who.name, Ask::Asked).await? {
            anyhow::bail!("{}; see: kalends rules status", refusal.summary());
        }
        anyhow::Ok(())
    };
    if let Err(error) = written.await {
        // Nothing half done is left behind.
        drop(tokio::fs::remove_file(&file).await);
        return Err(error.into());
    }
    let mut tx = app.store.write().await?;
    let told = serde_json::json!({ "file": proposal.file, "clears": proposal.clears, "changes": proposal.changes });
    tx.audit(&[audit::Act::new(&signed.who.name, "add-rule", now(), "rule", &proposal.id).to(told)]).await?;
    tx.commit().await?;
    // In a task of its own: who leaves the page, or waits too long, does not stop it halfway.
    let settling = app.clone();
    let settled = tokio::spawn(async move {
        let active = settling.current().await?;
        anyhow::Ok(settle_due(&settling.store, active.basis(settling.config.clock.now()), settling.vault.daemon).await?)
    });
    settled.await.context("settling ended early")??;
    Ok(go("/queue", "written", None, None).into_response())
}
