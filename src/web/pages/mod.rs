//! The pages: rendered here, usable without script, quicker with it. Each loads what it shows, and hands what is done to `review`.

mod approve;
mod calendars;
mod catalog;
mod entry_fields;
mod feed_forms;
mod feeds;
mod form;
pub(super) mod layout;
mod queue;
mod queue_answers;
mod queue_choices;
mod queue_facts;
mod queue_item;
mod queue_list;
mod rule;
mod rules;
mod text;
mod week;
mod week_acts;
mod week_days;
mod week_entry;
mod week_gone;

use axum::{
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::html;

use super::{guard::Signed, routes::Route};
use crate::{
    model::principal::Role,
    review::{Refusal, Why},
    store,
};

/// Pages for people who are signed in.
pub(super) const ROUTES: &[&[Route]] = &[
    &[Route::get("/", || get(home))],
    queue::ROUTES,
    rule::ROUTES,
    week::ROUTES,
    approve::ROUTES,
    calendars::ROUTES,
    feeds::ROUTES,
    catalog::ROUTES,
    rules::ROUTES,
];

/// What pages are drawn and worked with: ours alone.
pub(super) const ASSETS: &[Route] = &[
    Route::get(layout::CSS, || get(async || asset("text/css; charset=utf-8", layout::css()))),
    Route::get(layout::JS, || get(async || asset("text/javascript; charset=utf-8", include_str!("../assets/app.js")))),
    Route::get(layout::ICON, || get(async || asset("image/svg+xml", include_str!("../assets/icon.svg")))),
];

fn asset(kind: &'static str, content: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=86400")], content)
}

async fn home(signed: Signed) -> Redirect {
    let reviews = [Role::Reviewer, Role::Ops].iter().any(|role| signed.who.has(*role));
    Redirect::to(if reviews { "/queue" } else { "/week" })
}

/// Why a page cannot be shown, or what was asked for was not done.
#[derive(Debug)]
pub(super) enum Failure {
    NotFound,
    Refused(Refusal),
    Odd(String),
    Broken(anyhow::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Odd(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Broken(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused(refusal) => match refusal.why() {
                Why::Unknown => StatusCode::NOT_FOUND,
                Why::Forbidden => StatusCode::FORBIDDEN,
                Why::Stale => StatusCode::PRECONDITION_FAILED,
                Why::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
                Why::Gone | Why::Conflict => StatusCode::CONFLICT,
                Why::Broken => StatusCode::SERVICE_UNAVAILABLE,
            },
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.status();
        let (heading, words) = match (&self, status) {
            (_, StatusCode::NOT_FOUND) => ("There is no such page", "It does not exist, or it is not for you to see.".to_owned()),
            (Self::Refused(refusal), StatusCode::PRECONDITION_FAILED) => ("Someone else was quicker", refusal.to_string()),
            (Self::Refused(Refusal::Store(error)), _) => {
                tracing::warn!("A page cannot be shown: {error}");
                ("It does not work right now", error.to_string())
            }
            (Self::Refused(refusal), _) => ("That was not done", refusal.to_string()),
            (Self::Odd(words), _) => ("That was not done", words.clone()),
            (Self::Broken(error), _) => {
                tracing::warn!("A page cannot be shown: {error:#}");
                ("It does not work right now", error.to_string())
            }
            (Self::NotFound, _) => ("There is no such page", String::new()),
        };
        let page = layout::plain(
            heading,
            &html! {
                p role="alert" { (words) }
                p { a href="/" { "Back to your pages" } ", or go back to the page before." }
            },
        );
        (status, page).into_response()
    }
}
