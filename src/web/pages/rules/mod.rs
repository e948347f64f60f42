//! Rules, for ops: what is in force and how it does, a place to try events, an edited copy and what it would change, and history. What
//! these pages say is what the commands `rules …` say. Nothing here changes the rules: their folder does.

mod difference;
mod edit;
mod findings;
mod history;
mod overview;
mod playground;
mod trace;

use axum::routing::{get, post};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};

use super::{Failure, text::Style};
use crate::{
    app::App,
    model::{day::LAST_DATE, principal::Role},
    store::Tx,
    web::{guard::Signed, routes::Route},
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/rules", || get(overview::show)),
    Route::get("/rules/findings/{code}", || get(findings::meaning)),
    Route::get("/rules/playground", || get(playground::show)),
    Route::post("/rules/playground", || post(playground::answer)),
    Route::get("/rules/edit", || get(edit::show)),
    Route::post("/rules/edit", || post(edit::answer)),
    Route::get("/rules/history", || get(history::show)),
    Route::get("/rules/history/{number}", || get(history::one)),
    Route::get("/rules/compare", || get(history::compare)),
];

/// Days of a span that nobody chose.
const DAYS: u64 = 28;
/// Before it nobody had a calendar here.
const FIRST_YEAR: i32 = 1970;

/// Whoever runs the system; to others these pages are not there.
fn is_for(signed: &Signed) -> Result<(), Failure> {
    let runs = [Role::Ops, Role::Admin].iter().any(|role| signed.who.has(*role));
    runs.then_some(()).ok_or(Failure::NotFound)
}

/// The pages of rules, above each of them.
fn tabs(here: &str) -> Markup {
    let pages =
        [("/rules", "Active set"), ("/rules/playground", "Playground"), ("/rules/edit", "Edited copy"), ("/rules/history", "History")];
    html! {
        nav aria-label="Rules" { ul.filters.no-print { @for (href, name) in pages {
            li { a href=(href) aria-current=[(href == here).then_some("page")] { (name) } }
        } } }
    }
}

/// The beginning of a digest, as commands show it.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// A date and time in the reader's own zone.
fn moment(at: DateTime<Utc>, zone: Tz, style: Style) -> String {
    format!("{}, {}", style.full_date(at.with_timezone(&zone).date_naive()), style.time(at, zone))
}

/// Where the reader is.
async fn zone(tx: &mut Tx, app: &App, signed: &Signed) -> Result<Tz, Failure> {
    let today = app.config.clock.now().date_naive();
    Ok(match signed.who.staff {
        Some(staff) => tx.staff_member(staff).await?.zones.on(today),
        None => Tz::UTC,
    })
}

/// A span as it was typed, or the last four weeks.
fn span(from: &str, to: &str, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), Failure> {
    let is_known = |date: &NaiveDate| (FIRST_YEAR..=LAST_DATE.year()).contains(&date.year());
    let date = |text: &str, otherwise: NaiveDate| match text.trim() {
        "" => Ok(otherwise),
        text => text.parse().ok().filter(is_known).ok_or_else(|| Failure::Odd(format!("`{text}` is no date such as 2026-03-09."))),
    };
    let to = date(to, today)?;
    Ok((date(from, to - Days::new(DAYS - 1))?, to))
}

/// Fields for a span.
fn span_fields((from, to): (NaiveDate, NaiveDate)) -> Markup {
    html! {
        label { "From" input type="date" name="from" value=(from); }
        label { "To" input type="date" name="to" value=(to); }
    }
}
