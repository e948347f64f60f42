//! Why a typed event became what it is. Drawn from what `rules explain --event --format json` and the API answer, so that all three say the
//! same.

use maud::{Markup, html};
use serde_json::Value;

use super::short;
use crate::{model::catalog::Field, web::pages::text::words};

pub(super) fn shown(event: &Value, why: &Value, test: &str) -> Markup {
    let title = event["title"].as_str().unwrap_or_default();
    html! {
        article.card data-focus tabindex="-1" aria-label="What becomes of it" {
            h2 { @if title.is_empty() { "(no title)" } @else { (marked(title, &spans(why))) } }
            p { span.tag.good[why["outcome"] == "entry"].held[why["outcome"] == "exception"] { (text(&why["outcome"])) } " " (text(&why["result"])) }
            @if !why["skip"].is_null() { p { "Skipped by " (rule(&why["skip"], "rule")) ": " (text(&why["skip"]["why"])) } }
            @if let Some(split) = why["split"].as_object() { p { "Split by " code { (text(&split["rule"])) } ": " (shares(&split["shares"])) } }
            (fields(why))
            @if list(&why["reasons"]).next().is_some() {
                h3 { "Why it is asked about" }
                ul { @for reason in list(&why["reasons"]) { li { strong { (text(&reason["reason"])) } " " (words(text(&reason["message"]))) @if reason["holding"] == false { " " span.tag { "for information" } } } } }
            }
            (nearest(why))
            p.quiet { @let held: Vec<_> = list(&why["matched"]).map(text).collect(); "Rules that held: " @if held.is_empty() { "none" } @else { (held.join(", ")) } ". Rule set " code { (short(text(&why["rule_set"]))) } }
            @if let Some(ender) = why["ended_by"].as_str() {
                p.quiet { code { (ender) } " ended it: no rule after it was asked" @let cut: Vec<_> = list(&why["not_asked"]).map(text).collect(); @if !cut.is_empty() { ", though these would have held: " (cut.join(", ")) } "." }
            }
            details { summary { "As a test of the rule files" }
                p.quiet { "Under " code { "tests" } " of any file it holds these rules to what they say now." }
                pre.code #test tabindex="0" { (test) }
            }
            details { summary { "As JSON" }
                h3 { "The event, as " code { "rules explain --event" } " takes it" }
                pre.code #event tabindex="0" { (pretty(event)) }
                h3 { "What it answers" }
                pre.code #why tabindex="0" { (pretty(why)) }
            }
        }
    }
}

/// Each field: who gave it and on which words, and below who wanted something else.
fn fields(why: &Value) -> Markup {
    let given = |field: &Field| why["fields"].get(field.as_str());
    let losers = |field: &'static str| list(&why["losers"]).filter(move |one| one["field"] == field);
    html! {
        div.scroll tabindex="0" role="region" aria-label="Fields" { table.stacks {
            thead { tr { th scope="col" { "Field" } th scope="col" { "Value" } th scope="col" { "Rule" } th scope="col" { "Found in" } } }
            tbody { @for field in Field::ALL {
                @if let Some(one) = given(field) { tr {
                    th scope="row" { (field) }
                    td data-is="Value" { strong { (words(text(&one["value"]))) } }
                    td data-is="Rule" { (rule(one, "rule")) }
                    td data-is="Found in" { (found(one)) }
                } } @else { tr { th scope="row" { (field) } td data-is="Value" { span.quiet { "–" } } td data-is="Rule" { span.quiet { "no rule" } } td data-is="Found in" {} } }
                @for one in losers(field.as_str()) { tr.lost {
                    th scope="row" { span.quiet { (field) } }
                    td data-is="Value" { s { (words(text(&one["value"]))) } " " span.tag.bad[one["why"] == "conflict"] { "lost" } }
                    td data-is="Rule" { (rule(one, "rule")) }
                    td data-is="Found in" { (found(one)) " " small { (why_lost(one)) } }
                } }
            } }
        } }
    }
}

fn why_lost(one: &Value) -> String {
    let winner = text(&one["lost_to"]);
    match text(&one["why"]) {
        "conflict" => "conflict: nobody said which goes over which".to_owned(),
        "over" => format!("{winner} goes over it"),
        "later" => format!("{winner} stands in an earlier section"),
        "other-client" => "it is not a project of that client".to_owned(),
        other => other.to_owned(),
    }
}

fn nearest(why: &Value) -> Markup {
    html! { @if list(&why["nearest"]).next().is_some() {
        h3 { "What nearly matched" }
        div.scroll tabindex="0" role="region" aria-label="What nearly matched" { table.stacks {
            thead { tr { th scope="col" { "Rule" } th scope="col" { "The one condition that failed" } th scope="col" { "What the event has" } } }
            tbody { @for one in list(&why["nearest"]) { @let lacked = &one["lacked"][0]; tr {
                th scope="row" { (rule(one, "rule")) }
                td data-is="Wanted" { code { (text(&lacked["condition"])) " " (text(&lacked["wants"])) } }
                td data-is="It has" { (words(text(&lacked["has"]))) }
            } } }
        } }
    } }
}

/// `rule (file:line)`.
fn rule(of: &Value, name: &str) -> Markup {
    html! { @match of[name].as_str() {
        Some(rule) => { code { (rule) } @if let Some(at) = of["at"].as_str() { " " small { (at) } } }
        None => span.quiet { "no rule" },
    } }
}

fn found(of: &Value) -> Markup {
    let words = list(&of["evidence"]).map(|one| (text(&one["place"]), text(&one["text"])));
    html! { @for (place, found) in words { span.found { (place) " " mark { (self::words(found)) } } " " } }
}

fn shares(shares: &Value) -> String {
    let of = |share: &Value| {
        let words: Vec<_> = ["project", "client", "task"].iter().filter_map(|name| share[*name].as_str()).collect();
        format!("{} % {}", share["percent"], words.join(" "))
    };
    list(shares).map(of).collect::<Vec<_>>().join(", ")
}

/// Bytes of the title that some rule rests on, in order and apart.
fn spans(why: &Value) -> Vec<(usize, usize)> {
    let given = why["fields"].as_object().into_iter().flat_map(|fields| fields.values()).chain(list(&why["losers"]));
    let place = |one: &Value, name: &str| one[name].as_u64().and_then(|byte| usize::try_from(byte).ok());
    let in_title = given.flat_map(|one| list(&one["evidence"])).filter(|one| one["place"] == "title");
    let mut spans: Vec<_> = in_title.filter_map(|one| Some((place(one, "start")?, place(one, "end")?))).collect();
    spans.sort_unstable();
    spans.into_iter().fold(Vec::new(), |mut apart: Vec<(usize, usize)>, (start, end)| {
        match apart.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => apart.push((start, end)),
        }
        apart
    })
}

/// A title with what was found in it marked.
fn marked(title: &str, spans: &[(usize, usize)]) -> Markup {
    let mut at = 0;
    let part = |from: usize, to: usize| title.get(from..to).unwrap_or_default();
    let parts: Vec<_> = spans.iter().map(|(start, end)| (part(std::mem::replace(&mut at, *end), *start), part(*start, *end))).collect();
    html! { @for (before, found) in &parts { (words(before)) mark { (words(found)) } } (words(part(at, title.len()))) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
