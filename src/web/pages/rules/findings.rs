//! Findings as they are drawn for a terminal, and what each code means.

use axum::extract::Path;
use maud::{Markup, html};

use super::{Failure, is_for, tabs};
use crate::{
    model::words::counted,
    rules::Found,
    settling::rule_tests::TestResult,
    web::{guard::Signed, pages::layout::page},
    yaml::{
        code::{Code, Level},
        diagnostic::Paint,
    },
};

/// Findings of one level that a page shows.
const SHOWN: usize = 100;

pub(super) async fn meaning(Path(code): Path<String>, signed: Signed) -> Result<Markup, Failure> {
    is_for(&signed)?;
    let code = Code::ALL.iter().find(|one| one.as_str().eq_ignore_ascii_case(&code)).ok_or(Failure::NotFound)?;
    let content = html! {
        (tabs(""))
        article.card {
            p { span.tag { (code.level().as_str()) } }
            // Every other part of the reference stands in a fence.
            @for (place, part) in code.help().split("```").enumerate() {
                @if place % 2 == 1 { pre { (part.trim_start_matches("yaml").trim()) } }
                @else { @for paragraph in part.split("\n\n").filter(|one| !one.trim().is_empty()) { p { (with_code(paragraph)) } } }
            }
        }
    };
    Ok(page(&signed, &format!("{code}: {}", code.title()), "/rules", None, &content))
}

/// Words of the reference, with what stands in backticks as code.
fn with_code(text: &str) -> Markup {
    html! { @for (place, part) in text.split('`').enumerate() { @if place % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// `2 errors, 1 warning`.
pub(super) fn summary(findings: &[Found]) -> String {
    let levels = [(Level::Error, "error", "errors"), (Level::Warning, "warning", "warnings"), (Level::Note, "hint", "hints")];
    let there = levels.into_iter().map(|(level, one, many)| (of(findings, level).count(), one, many));
    let parts: Vec<_> = there.filter(|(number, ..)| *number > 0).map(|(number, one, many)| counted(number, one, many)).collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

fn of(findings: &[Found], level: Level) -> impl Iterator<Item = &Found> {
    findings.iter().filter(move |(_, finding)| finding.level == level)
}

/// All of them: what is wrong open, hints behind a click.
pub(super) fn list(findings: &[Found]) -> Markup {
    html! {
        (drawn(findings, Level::Error)) (drawn(findings, Level::Warning))
        @if of(findings, Level::Note).next().is_some() {
            details { summary { "Hints" } (drawn(findings, Level::Note)) }
        }
    }
}

fn drawn(findings: &[Found], level: Level) -> Markup {
    let more = of(findings, level).count().saturating_sub(SHOWN);
    html! {
        @for (source, finding) in of(findings, level).take(SHOWN) {
            div.finding {
                p {
                    span.tag.bad[level == Level::Error].held[level == Level::Warning] { (level.as_str()) } " "
                    a href=(format!("/rules/findings/{}", finding.code)) { (finding.code) } " " (finding.message)
                }
                pre.code tabindex="0" { (finding.draw(source, Paint::Plain)) }
            }
        }
        @if more > 0 { p.quiet { "And " (more) " more: " code { "kalends rules check --notes" } } }
    }
}

/// How the tests in the files go. Those that fail say field by field what came out otherwise.
pub(super) fn tests(tests: &[TestResult], may_be_tried: bool) -> Markup {
    let (failed, passed): (Vec<_>, Vec<_>) = tests.iter().enumerate().partition(|(_, test)| !test.differences.is_empty());
    html! {
        p { (passed.len()) " passed, " strong.bad[!failed.is_empty()] { (failed.len()) " failed" } }
        @for (_, test) in &failed {
            div.finding {
                p { span.tag.bad { "failed" } " " (test.name) " " span.quiet { (test.spot) } }
                div.scroll tabindex="0" role="region" aria-label=(format!("What came out otherwise in: {}", test.name)) { table {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Expected" } th scope="col" { "Got" } } }
                    tbody { @for one in &test.differences { tr { td { (one.field) } td { (one.expected) } td { (one.got) } } } }
                } }
            }
        }
        @if may_be_tried && !tests.is_empty() {
            details { summary { "All tests" }
                ul { @for (number, test) in tests.iter().enumerate() {
                    li { a href=(format!("/rules/playground?test={number}")) { (test.name) } " " span.quiet { (test.spot) } @if !test.differences.is_empty() { " " span.tag.bad { "failed" } } }
                } }
            }
        }
    }
}
