//! History: every reload, what was refused and why, the files of a set, and where two sets say something else.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Failure, difference::Written, is_for, moment, short, span, span_fields, tabs, zone};
use crate::{
    app::{App, rules::COMPARED_MAX},
    model::{
        reload::{Reload, ReloadOutcome},
        words::counted,
    },
    settling::{
        activation::{self, Active},
        backtest::UNTOLD,
        behaviour::{Behaviour, Cause, Differing},
    },
    store,
    web::{
        guard::Signed,
        pages::{
            layout::page,
            text::{Style, hours, words},
        },
    },
};

/// Reloads that a page shows.
const SHOWN: i64 = 100;
/// Examples of each difference, and differences of a page.
const EXAMPLES: usize = 3;
const GROUPS: usize = 200;
/// What may hold words of events, which ops do not read.
const WORDY: [&str; 4] = ["task", "description", "tags", "conflict"];

pub(super) async fn show(State(app): State<Arc<App>>, signed: Signed, headers: HeaderMap) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let style = Style::of(&headers);
    let active = app.current().await?;
    let mut tx = app.store.read().await?;
    let (zone, reloads) = (zone(&mut tx, &app, &signed).await?, tx.reloads(SHOWN).await?);
    drop(tx);
    let today = app.config.clock.now().date_naive();
    let sets: Vec<&Reload> = reloads.iter().filter(|one| one.outcome == ReloadOutcome::Active).collect();
    let before = sets.iter().find(|one| one.digest != active.digest).map(|one| one.number.to_string());
    let content = html! {
        (tabs("/rules/history"))
        @if sets.len() > 1 { (choose(&sets, &Compared { one: before.unwrap_or_default(), ..Compared::default() }, span("", "", today)?)) }
        div.scroll tabindex="0" role="region" aria-label="Reloads" { table.stacks {
            thead { tr { th scope="col" { "No" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "From" } th scope="col" { "Rule set" } th scope="col" { "Outcome" } th.n scope="col" { "Days due" } } }
            tbody { @for one in &reloads { @let became = one.outcome == ReloadOutcome::Active; tr {
                th scope="row" { a href=(format!("/rules/history/{}", one.number)) { (one.number) } }
                td data-is="When" { (moment(one.at, zone, style)) }
                td data-is="Who" { @if one.actor.is_empty() { span.quiet { "not written down" } } @else { bdi { (one.actor) } } }
                td data-is="From" { code { (one.folder) } }
                td data-is="Rule set" { code { (short(&one.digest)) } @if one.digest == active.digest && became { " " span.tag.good { "active" } } }
                td data-is="Outcome" { @if became { "became active" } @else { span.bad { "refused" } } }
                td.n data-is="Days due" { @if became { (one.days) } }
            } } }
        } }
        @if reloads.len() >= usize::try_from(SHOWN).unwrap_or(usize::MAX) { p.quiet { "The last " (SHOWN) "; all: " code { "kalends rules history" } } }
    };
    Ok(page(&signed, "History of the rules", "/rules", None, &content))
}

/// One reload: its files, or why it was refused.
pub(super) async fn one(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    Path(number): Path<i64>,
) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let style = Style::of(&headers);
    let mut tx = app.store.read().await?;
    let (zone, reload) = (zone(&mut tx, &app, &signed).await?, tx.reload(number).await?.ok_or(Failure::NotFound)?);
    drop(tx);
    let active = app.current().await?;
    let kept = match reload.outcome {
        ReloadOutcome::Active => Some(activation::kept(&app.store, &number.to_string()).await),
        ReloadOutcome::Refused => None,
    };
    let content = html! {
        (tabs(""))
        section.card aria-label="The reload" { dl.facts {
            dt { "When" } dd { (moment(reload.at, zone, style)) }
            dt { "Who" } dd { @if reload.actor.is_empty() { "not written down" } @else { bdi { (reload.actor) } " from " code { (reload.folder) } } }
            dt { "Rule set" } dd { code { (reload.digest) } }
            dt { "Outcome" } dd { @match reload.outcome { ReloadOutcome::Active => { "became active; " (reload.days) " days became due" } ReloadOutcome::Refused => span.bad { "refused" } } }
        } }
        @match &kept {
            None => {
                h2 { "Why it was refused" } pre.code tabindex="0" { (reload.told.as_deref().unwrap_or_default()) }
                p.quiet { "Files of refused sets are not kept: what was said of them is all there is." }
            }
            Some(Err(_)) => p.held { "This version of the program cannot read the files of this set any more." },
            Some(Ok(set)) => {
                @if set.digest != active.digest { p { a.button href=(format!("/rules/compare?one={number}&other=active")) { "Compare with what is active" } } }
                h2 { "Files" }
                (files(set, &active))
            }
        }
    };
    Ok(page(&signed, &format!("Reload {number}"), "/rules", None, &content))
}

fn files(set: &Active, active: &Active) -> Markup {
    let now: BTreeMap<&str, &str> = active.rule_files().collect();
    html! { @for (name, text) in set.rule_files() {
        details { summary { code { (name) } " " span.quiet { (counted(text.lines().count(), "line", "lines"))
            @match now.get(name) { None => ", not in the active set", Some(other) if *other != text => ", differs from the active set", Some(_) => "" } } }
            pre.code tabindex="0" { (text) } }
    } }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Compared {
    one: String,
    other: String,
    from: String,
    to: String,
}

pub(super) async fn compare(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    Query(asked): Query<Compared>,
) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let dates = span(&asked.from, &asked.to, app.config.clock.now().date_naive())?;
    let (one, other) = (named(&app, &asked.one).await?, named(&app, &asked.other).await?);
    let found = app.compared(one.clone(), other.clone(), dates).await.map_err(|error| Failure::Odd(format!("{error:#}")))?;
    let reloads = app.store.read().await?.reloads(SHOWN).await?;
    let sets: Vec<&Reload> = reloads.iter().filter(|one| one.outcome == ReloadOutcome::Active).collect();
    let written = Written(one.rule_files().chain(other.rule_files()).map(|(_, text)| text).collect());
    let content = html! {
        (tabs(""))
        (choose(&sets, &asked, dates))
        section.card #difference aria-label="Difference" {
            p { strong { (found.differing) " of " (counted(found.events, "event", "events")) " read differently" @if found.days > 0 { ", and " (counted(found.days, "day", "days")) " by their totals" } } " under " code { (short(&one.digest)) } " and under " code { (short(&other.digest)) } "." }
            @for (what, from, to) in &found.policy { p { "The configuration says another " code { (what) } ": " (from) ", then " (to) "." } }
            @if !found.groups.is_empty() { (differences(&told(&found, &written), Style::of(&headers))) }
        }
    };
    Ok(page(&signed, "Two rule sets", "/rules", None, &content))
}

/// A set that was active at some time, or is.
async fn named(app: &App, typed: &str) -> Result<Arc<Active>, Failure> {
    match typed.trim() {
        "" | "active" => Ok(app.current().await?),
        typed => match activation::kept(&app.store, typed).await {
            Ok(set) => Ok(Arc::new(set)),
            Err(store::Error::NoneEnds(_) | store::Error::Several(_)) => Err(Failure::NotFound),
            Err(error) => Err(error.into()),
        },
    }
}

fn choose(sets: &[&Reload], asked: &Compared, dates: (chrono::NaiveDate, chrono::NaiveDate)) -> Markup {
    let options = |chosen: &str| {
        html! {
            option value="active" selected[chosen.is_empty() || chosen == "active"] { "what is active" }
            @for one in sets { option value=(one.number) selected[one.number.to_string() == chosen] { (one.number) ": " (short(&one.digest)) " of " (one.at.format("%Y-%m-%d %H:%M")) } }
        }
    };
    html! { form.card.wide.no-print method="get" action="/rules/compare" aria-label="Compare two sets" {
        div.row {
            label { "One set" select name="one" { (options(&asked.one)) } }
            label { "The other" select name="other" { (options(&asked.other)) } }
            (span_fields(dates))
            button { "Compare" }
        }
        p.quiet { "By behaviour: on which events of these days (at most " (COMPARED_MAX) ") the two say something else. Files that say the same in other words do not differ." }
    } }
}

/// The differences without words of events: those that become alike are told together.
fn told(found: &Behaviour, written: &Written<'_>) -> Vec<(Cause, Differing)> {
    let mut groups: BTreeMap<Cause, Differing> = BTreeMap::new();
    for (cause, seen) in &found.groups {
        let value = |text: &str| if WORDY.contains(&cause.what.as_str()) { untold(text, written) } else { text.to_owned() };
        let cause = Cause { from: value(&cause.from), to: value(&cause.to), ..cause.clone() };
        let sum = groups.entry(cause).or_default();
        sum.events += seen.events;
        sum.seconds += seen.seconds;
        sum.examples.extend(seen.examples.iter().cloned());
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.events));
    groups
}

/// A value in whose every part is a word of the rule files, or of ours.
fn untold(text: &str, written: &Written<'_>) -> String {
    let is_told = |part: &str| part == "nothing" || written.tells(part);
    if text.split(", ").flat_map(|part| part.split(" against ")).all(is_told) { text.to_owned() } else { UNTOLD.to_owned() }
}

fn differences(groups: &[(Cause, Differing)], style: Style) -> Markup {
    let rules = |cause: &Cause| {
        if cause.rules.0 == cause.rules.1 { cause.rules.0.clone() } else { format!("{} → {}", cause.rules.0, cause.rules.1) }
    };
    html! {
        div.scroll tabindex="0" role="region" aria-label="Differences" { table.stacks {
            thead { tr { th scope="col" { "What" } th scope="col" { "From" } th scope="col" { "To" } th scope="col" { "Rule" } th.n scope="col" { "Events" } th.n scope="col" { "h" } th scope="col" { "Such as" } } }
            tbody { @for (cause, seen) in groups.iter().take(GROUPS) { tr {
                th scope="row" { (cause.what) } td data-is="From" { (words(&cause.from)) } td data-is="To" { (words(&cause.to)) } td data-is="Rule" { code { (rules(cause)) } }
                td.n data-is="Events" { (seen.events) } td.n data-is="h" { (hours(seen.seconds)) }
                td data-is="Such as" { @for (date, id) in seen.examples.iter().take(EXAMPLES) { span.example { (style.date(*date)) " " code { (id) } } " " } }
            } } }
        } }
        @if groups.len() > GROUPS { p.quiet { "And " (groups.len() - GROUPS) " more: " code { "kalends rules diff" } } }
    }
}
