//! An edited copy of one file of the active set: what is wrong with it, how the tests go, and what it would change. Nothing is written and
//! nothing becomes active; the file or the patch is taken along, and put into the folder of the rules by whoever keeps that.

use std::{sync::Arc, time::Duration};

use axum::{
    Form,
    extract::{Query, State},
    http::{
        HeaderMap,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use chrono::NaiveDate;
use maud::{Markup, html};
use serde::Deserialize;
use similar::TextDiff;

use super::{
    Failure,
    difference::{Difference, Written},
    findings, is_for, short, span, span_fields, tabs,
};
use crate::{
    app::{
        App,
        rules::{TRIED_MAX, Tried},
    },
    model::words::counted,
    settling::activation::Active,
    web::{
        guard::{BODY_MAX, Signed},
        pages::{
            form::value,
            layout::{csrf, page},
            text::Style,
        },
    },
    yaml::code::Level,
};

/// What the rest of the form needs at most.
const REST: usize = 4 << 10;
const TOO_LARGE: &str = "too large to be edited here; try it with: kalends rules backtest --rules";
/// A patch of texts that have little in common need not be the shortest one.
const DIFFED_FOR: Duration = Duration::from_secs(2);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    file: String,
}

pub(super) async fn show(State(app): State<Arc<App>>, signed: Signed, Query(asked): Query<Asked>) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let active = app.current().await?;
    let today = app.config.clock.now().date_naive();
    let content = match asked.file.as_str() {
        "" => choose(&active),
        file => {
            let text = text_of(&active, file)?;
            if !fits(text) {
                return Err(Failure::Odd(format!("{file} is {TOO_LARGE}.")));
            }
            html! { (tabs("/rules/edit")) (form(&signed, &active, (file, text), &active.digest, span("", "", today)?)) }
        }
    };
    Ok(page(&signed, "Edited copy", "/rules", None, &content))
}

fn text_of<'a>(active: &'a Active, file: &str) -> Result<&'a str, Failure> {
    active.rule_files().find(|(name, _)| *name == file).map(|(_, text)| text).ok_or(Failure::NotFound)
}

fn choose(active: &Active) -> Markup {
    html! {
        (tabs("/rules/edit"))
        p { "Choose a file of the active set. You edit a copy of it, and see what it would change; nothing is written, and nothing becomes active." }
        ul.files { @for (name, text) in active.rule_files() {
            li {
                @if fits(text) { a href={ "/rules/edit?file=" (url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>()) } { code { (name) } } " " span.quiet { (counted(text.lines().count(), "line", "lines")) } }
                @else { code { (name) } " " span.held { (TOO_LARGE) } }
            }
        } }
    }
}

/// Whether a form can carry it back, with every line broken as forms do.
fn fits(text: &str) -> bool {
    let sent = text.replace("\r\n", "\n").replace('\n', "\r\n");
    url::form_urlencoded::byte_serialize(sent.as_bytes()).map(str::len).sum::<usize>() + REST < BODY_MAX
}

fn form(signed: &Signed, active: &Active, (file, text): (&str, &str), base: &str, dates: (NaiveDate, NaiveDate)) -> Markup {
    html! {
        // Its answer may be a file, which no script can take over.
        form.card.wide method="post" action="/rules/edit" data-plain aria-label="The copy" {
            (csrf(signed)) input type="hidden" name="file" value=(file); input type="hidden" name="base" value=(base);
            label for="text" { "A copy of " code { (file) } " of rule set " code { (short(base)) } }
            @if base != active.digest { p.held { "Another set became active since: " code { (short(&active.digest)) } ". The copy is compared with that." } }
            // The first line break of a text area is none of its text.
            textarea.code #text name="text" rows="24" spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off" { "\n" (text) }
            div.row {
                (span_fields(dates))
                button.primary name="act" value="try" { "Try it" }
                button name="act" value="file" { "Download the file" }
                button name="act" value="patch" { "Download a patch" }
            }
            p.quiet { "Tried on everyone's days between these dates, at most " (TRIED_MAX) " days. Nothing is written, and nothing becomes active." }
        }
    }
}

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    signed: Signed,
    headers: HeaderMap,
    Form(typed): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    is_for(&signed)?;
    let active = app.current().await?;
    let file = value(&typed, "file").ok_or(Failure::NotFound)?;
    let before = text_of(&active, file)?;
    // Not by `value`, which trims.
    let sent = typed.iter().find(|(name, _)| name == "text").map_or("", |(_, text)| text.as_str());
    let text = as_lines_of(before, sent);
    match value(&typed, "act") {
        Some("file") => return Ok(taken(file, "", "application/yaml", text)),
        Some("patch") => return Ok(taken(file, ".patch", "text/x-patch", patch(file, before, &text))),
        _ => {}
    }
    let of = |name: &str| value(&typed, name).unwrap_or_default();
    let dates = span(of("from"), of("to"), app.config.clock.now().date_naive())?;
    let tried = app.tried(&active, (file, &text), dates).await.map_err(|error| Failure::Odd(format!("{error:#}")))?;
    let base = Some(of("base")).filter(|base| !base.is_empty()).unwrap_or(&active.digest);
    let content = html! {
        (tabs("/rules/edit"))
        (result(&app, &signed, &active, (file, &text), &tried, Style::of(&headers)).await?)
        (form(&signed, &active, (file, &text), base, dates))
    };
    Ok(page(&signed, "Edited copy", "/rules", None, &content).into_response())
}

/// What a form sent, with its lines broken as those of the file are.
fn as_lines_of(before: &str, sent: &str) -> String {
    let text = sent.replace("\r\n", "\n");
    if before.contains("\r\n") { text.replace('\n', "\r\n") } else { text }
}

fn patch(file: &str, before: &str, after: &str) -> String {
    let found = TextDiff::configure().timeout(DIFFED_FOR).diff_lines(before, after);
    found.unified_diff().header(&format!("a/{file}"), &format!("b/{file}")).to_string()
}

fn taken(file: &str, ending: &str, kind: &'static str, text: String) -> Response {
    let name: String = file
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() || "-_.".contains(char) { char } else { '_' })
        .collect();
    let kept = format!("attachment; filename=\"{name}{ending}\"");
    ([(CONTENT_TYPE, format!("{kind}; charset=utf-8")), (CONTENT_DISPOSITION, kept)], text).into_response()
}

async fn result(
    app: &App,
    signed: &Signed,
    active: &Active,
    (file, text): (&str, &str),
    tried: &Tried,
    style: Style,
) -> Result<Markup, Failure> {
    let before = text_of(active, file)?;
    let written = Written(active.rule_files().map(|(_, text)| text).chain([text]).collect());
    let difference = match &tried.difference {
        Some(found) => Some(Difference::load(app, signed, found, &written).await?.shown(style)),
        None => None,
    };
    let checked = &tried.checked;
    let errors = checked.findings.iter().filter(|(_, finding)| finding.level == Level::Error).count();
    Ok(html! {
        section.card #result aria-label="What it would do" data-focus tabindex="-1" {
            h2 { "Difference" }
            @match difference {
                Some(difference) => (difference),
                None => p { strong.bad { (counted(errors, "error", "errors")) } " keep it from being a rule set: nothing could be tried." },
            }
            h2 { "Findings" } p { (findings::summary(&checked.findings)) } (findings::list(&checked.findings))
            h2 { "Tests" } @if tried.difference.is_none() && checked.tests.is_empty() { p.quiet { "They could not be run." } } @else { (findings::tests(&checked.tests, false)) }
            h2 { "Patch" }
            @if before == text { p.quiet { "The copy is what is active." } } @else {
                pre.code #patch tabindex="0" { (patch(file, before, text)) }
                p.quiet { "Apply it beside the folder of the rules with " code { "patch -p1" } ", or put the file there: what the folder holds becomes active by itself, or with " code { "kalends rules reload" } "." }
            }
        }
    })
}
