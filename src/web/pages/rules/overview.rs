//! The active set: since when and by whom, whether its folder holds something else, what is to be said of it, and what each rule gave.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
};
use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Failure, findings, is_for, moment, short, tabs, zone};
use crate::{
    app::{App, rules::Folder},
    model::{
        reload::{Reload, ReloadOutcome},
        words::counted,
    },
    rules::told::Told,
    settling::activation::Active,
    store::rule_hits::Hit,
    web::{
        guard::Signed,
        pages::{layout::page, text::Style},
    },
    yaml::diagnostic::Paint,
};

/// Days over which hits may be counted.
const SPANS: [u64; 3] = [28, 90, 365];
/// Rules that a page shows.
const SHOWN: usize = 500;

/// Which rules are looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Looked {
    q: String,
    never: String,
    days: String,
}

impl Looked {
    fn days(&self) -> u64 {
        self.days.parse().ok().filter(|days| SPANS.contains(days)).unwrap_or(90)
    }

    fn wants(&self, rule: &Told, hit: Option<&Hit>) -> bool {
        let words = [&rule.id, &rule.section, &rule.when, &rule.does].map(|text| text.to_lowercase()).join(" ");
        (self.never.is_empty() || hit.is_none()) && self.q.to_lowercase().split_whitespace().all(|word| words.contains(word))
    }
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    Query(looked): Query<Looked>,
) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let style = Style::of(&headers);
    let active = app.current().await?;
    let today = app.config.clock.now().date_naive();
    let span = (today - Days::new(looked.days() - 1), today);
    let mut tx = app.store.read().await?;
    let zone = zone(&mut tx, &app, &signed).await?;
    let (became, last) = (tx.became_active(&active.digest).await?, tx.reloads(1).await?.pop());
    let (hits, due) = (tx.rule_hits(span.0, span.1).await?, tx.days_due(app.config.clock.now()).await?);
    drop(tx);
    let (checked, folder) = (app.checked(&active).await?, app.folder(&active).await?);
    let refused = last.filter(|last| last.outcome == ReloadOutcome::Refused);
    let content = html! {
        (tabs("/rules"))
        section.card aria-label="The active set" { (facts(&app, &active, became.as_ref(), &folder, zone, style)) }
        (refusals(&folder, refused.as_ref(), zone, style))
        section { h2 { "Findings" }
            p { (findings::summary(&checked.findings)) }
            (findings::list(&checked.findings))
        }
        section { h2 { "Tests" } (findings::tests(&checked.tests, true)) }
        section { h2 #rules { "Rules" } (rules(&active.rules.told(), &hits, &looked, span, due, style)) }
    };
    Ok(page(&signed, "Rules", "/rules", None, &content))
}

fn facts(app: &App, active: &Active, became: Option<&Reload>, folder: &Folder, zone: Tz, style: Style) -> Markup {
    let catalog = &active.rules.catalog;
    let held = [
        counted(active.rules.told().len(), "rule", "rules"),
        counted(active.rules.tests_len(), "test", "tests"),
        counted(catalog.clients.len(), "client", "clients"),
        counted(catalog.projects().count(), "project", "projects"),
    ];
    html! {
        dl.facts {
            dt { "Active" } dd { code title=(active.digest) { (short(&active.digest)) }
                @if let Some(became) = became { " since " (moment(became.at, zone, style)) @if !became.actor.is_empty() { ", by " bdi { (became.actor) } } } }
            dt { "Holds" } dd { (held.join(", ")) " in " (counted(active.rule_files().count(), "file", "files")) }
            dt { "Folder" } dd { code { (app.config.rules.display()) } " " span.held[!matches!(folder, Folder::Same)] { (folder.told()) } }
        }
    }
}

/// What the folder holds and cannot become active, and why the last reload was refused, where that is something else.
fn refusals(folder: &Folder, refused: Option<&Reload>, zone: Tz, style: Style) -> Markup {
    let now = if let Folder::Refused(refusal) = folder { Some(refusal.told(Paint::Plain)) } else { None };
    let before = refused.filter(|one| one.told != now);
    html! {
        @if let Some(now) = &now {
            section.card aria-label="What the folder holds" {
                h2 { span.tag.bad { "refused" } " What the folder holds cannot become active" }
                p { "What was active before still is." }
                pre.code tabindex="0" { (now) }
            }
        }
        @if let Some(one) = before {
            section.card aria-label="The last reload" {
                h2 { span.tag.bad { "refused" } " The last reload" }
                p { (moment(one.at, zone, style)) @if !one.actor.is_empty() { ", by " bdi { (one.actor) } } ": " code { (short(&one.digest)) } " from " code { (one.folder) } }
                pre.code tabindex="0" { (one.told.as_deref().unwrap_or_default()) }
            }
        }
    }
}

fn rules(
    all: &[Told],
    hits: &BTreeMap<String, Hit>,
    looked: &Looked,
    (from, to): (NaiveDate, NaiveDate),
    due: i64,
    style: Style,
) -> Markup {
    let wanted: Vec<_> = all.iter().filter(|rule| looked.wants(rule, hits.get(&rule.id))).collect();
    let never = all.iter().filter(|rule| !hits.contains_key(&rule.id)).count();
    html! {
        p.quiet { "Hits are meetings, and days, to which a rule gave something from " (style.full_date(from)) " to " (style.full_date(to)) ", counted as days are derived. "
            (counted(never, "rule", "rules")) " of " (all.len()) " gave nothing."
            @if due > 0 { " " strong.held { (due) " days still wait to be derived" } ": what they add is not counted yet." } }
        form.row.no-print method="get" action="/rules" {
            label { "Words" input type="search" name="q" value=(looked.q); }
            label { "Counted over" select name="days" { @for days in SPANS { option value=(days) selected[days == looked.days()] { (days) " days" } } } }
            label.inline { input type="checkbox" name="never" value="1" checked[!looked.never.is_empty()]; "that never hit" }
            button { "Show" }
        }
        @if wanted.is_empty() { p.empty { "No rule is like that." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Rules" { table.stacks {
                thead { tr { th scope="col" { "Rule" } th scope="col" { "Section" } th scope="col" { "Does" } th scope="col" { "Where" } th.n scope="col" { "Hits" } th scope="col" { "Last hit" } } }
                tbody { @for rule in wanted.iter().take(SHOWN) { (row(rule, hits.get(&rule.id), style)) } }
            } }
            @if wanted.len() > SHOWN { p.quiet { "And " (wanted.len() - SHOWN) " more: narrow it down by words." } }
        }
    }
}

fn row(rule: &Told, hit: Option<&Hit>, style: Style) -> Markup {
    html! { tr {
        th scope="row" { code { (rule.id) } @if !rule.when.is_empty() { " " small { (rule.when) } } }
        td data-is="Section" { (rule.section) }
        td data-is="Does" { (rule.does) }
        td data-is="Where" { @if let Some(at) = &rule.at { code { (at) } } }
        @match hit {
            Some(hit) => { td.n data-is="Hits" { (hit.hits) } td data-is="Last hit" { (style.date(hit.last)) } }
            None => { td.n data-is="Hits" { "0" } td data-is="Last hit" { span.tag.held { "never hit" } } }
        }
    } }
}
