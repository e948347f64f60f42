//! What can be answered to a question: what is most likely right by a key, and everything else in a form.

use maud::{Markup, html};

use super::{
    entry_fields::{fields, projects},
    queue::Looked,
    queue_item::{Item, hidden},
    text::words,
};
use crate::{
    model::{exception::Exception, ids::ExceptionId},
    review::QuestionAct,
    web::guard::Signed,
};

/// One answer with a number: the field that a form sends, its value, the words on it and why it may be right.
struct Choice {
    name: &'static str,
    value: String,
    words: String,
    why: String,
}

/// What is most likely right, first: where something is missing that is a project, where something is only odd that it is fine.
fn choices(exception: &Exception, item: &Item, may: impl Fn(QuestionAct) -> bool) -> Vec<Choice> {
    let said =
        |name, value: &str, words: &str, why: &str| Choice { name, value: value.to_owned(), words: words.to_owned(), why: why.to_owned() };
    let accept = said("act", "dismiss", "Accept it as it is", "seen, no problem");
    let asks_what = ["unmatched", "missing-field", "unknown-code", "conflict", "closed-project", "low-confidence"];
    let stands = item.entry.as_ref().and_then(|entry| entry.body.project.as_ref());
    let tasks = item.tasks.iter().map(|task| said("likely", &format!("task={task}"), task, "a task of its project"));
    // Where the task is what is missing, its project is no answer.
    let others = item.likely.iter().filter(|one| item.tasks.is_empty() || one.project.as_ref() != stands);
    let likely = others.map(|one| {
        if one.not_work {
            return said("act", "not-work", "Not work", &one.why);
        }
        let value = match (&one.project, &one.client) {
            (Some(code), _) => format!("project={code}"),
            (None, Some(key)) => format!("client={key}"),
            _ => String::new(),
        };
        let words = one.project.clone().or_else(|| one.client.clone()).unwrap_or_default();
        Choice { name: "likely", value, words, why: one.why.clone() }
    });
    let mut choices = match exception.lead() {
        "internal-billable" => vec![said("likely", "billable=no", "Not billable", "nobody from outside was there"), accept],
        "duplicate" => vec![said("act", "not-work", "Not work: it is there twice", "the other one stays"), accept],
        lead if asks_what.contains(&lead) => tasks.collect(),
        _ => vec![accept],
    };
    choices.extend(likely);
    choices.retain(|one| match one.value.as_str() {
        "dismiss" => may(QuestionAct::Dismiss),
        "not-work" => may(QuestionAct::NotWork),
        _ => may(QuestionAct::Answer),
    });
    choices.truncate(9);
    choices
}

pub(super) fn answers(exception: &Exception, item: &Item, may: impl Fn(QuestionAct) -> bool) -> Markup {
    let choices = choices(exception, item, &may);
    html! {
        @if !may(QuestionAct::Answer) { p.quiet { "A reviewer of this person answers it." } }
        @else if choices.is_empty() { p.quiet { "Nothing alike is known; say what it was with " kbd { "e" } "." } }
        ol.answers {
            @for (number, one) in choices.iter().enumerate() {
                li { button name=(one.name) value=(one.value) data-key=(number + 1) data-focus[number == 0] {
                    kbd { (number + 1) } " " (words(&one.words)) small.quiet { (one.why) }
                } }
            }
        }
    }
}

pub(super) fn overlaps(item: &Item) -> Markup {
    let ways = [
        ("this", "This keeps its time; the other gives way"),
        ("other", "The other keeps its time; this gives way"),
        ("split", "Cut the common time in the middle"),
        ("prorate", "Share the whole time out, as long as each was"),
    ];
    let this = item.entry.as_ref().map(|entry| entry.id);
    html! {
        ol.answers { @for (number, (value, name)) in ways.iter().enumerate() {
            li { button name="overlap" value=(value) data-key=(number + 1) data-focus[number == 0] disabled[this.is_none()] { kbd { (number + 1) } " " (name) } }
        } }
    }
}

pub(super) fn edit(
    signed: &Signed,
    exception: &Exception,
    item: &Item,
    looked: &Looked,
    next: Option<ExceptionId>,
    address: &str,
) -> Markup {
    let Some(entry) = &item.entry else { return html! {} };
    html! {
        details #edit {
            summary data-key="e" data-opens="edit" { "Say what it was, or when " kbd { "e" } }
            form method="post" action=(address) {
                (hidden(signed, exception, looked, next))
                div.row {
                    (fields(&entry.body, "as the project"))
                    @if exception.reasons.iter().any(|reason| reason.reason == "edit-outdated") {
                        label { "Its event moved" select name="when" { @for (value, name) in [("", "–"), ("keep", "keep my time"), ("follow", "follow the event"), ("both", "both")] { option value=(value) { (name) } } } }
                    }
                    button.primary { "Save" }
                }
                (projects("projects", &item.catalog))
            }
        }
    }
}
