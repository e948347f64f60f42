//! The queue beside the open question: reasons and filters, alike questions together, what was cleared meanwhile, the keys.

use std::collections::HashMap;

use chrono::NaiveDate;
use maud::{Markup, html};

use super::{
    layout::csrf,
    queue::Looked,
    text::{Style, words},
};
use crate::{
    model::{
        exception::{Exception, Standing},
        ids::{ExceptionId, StaffId},
        staff::Staff,
    },
    web::guard::{Signed, now},
};

pub(super) fn filters(
    looked: &Looked,
    counts: &[(String, i64)],
    oldest: Option<NaiveDate>,
    style: Style,
    people: &[Staff],
    clients: &[String],
) -> Markup {
    let total: i64 = counts.iter().map(|(_, count)| count).sum();
    let to = |reason: &str| looked.at(reason).address(None);
    html! {
        p.quiet { strong { (total) } " open" @if let Some(oldest) = oldest { ", the oldest of " (style.date(oldest)) } " · " button.link type="button" data-help { "Keys " kbd { "?" } } }
        ul.filters aria-label="Reasons" {
            li { a href=(to("")) aria-current=[looked.reason.is_empty().then_some("true")] { "all" } }
            @for (reason, count) in counts {
                li { a href=(to(reason)) aria-current=[(looked.reason == *reason).then_some("true")] { (reason) " " (count) } }
            }
        }
        details.no-print {
            summary { "Filter" }
            form.row method="get" action="/queue" {
                input type="hidden" name="reason" value=(looked.reason);
                label { "Person" select name="person" { option value="" { "everyone" } @for one in people { option value=(one.email()) selected[one.email() == looked.person] { (one.name) } } } }
                label { "Client" select name="client" { option value="" { "any" } @for key in clients { option value=(key) selected[*key == looked.client] { (key) } } } }
                label { "Waiting at least" select name="age" { @for (days, name) in [("", "any time"), ("2", "2 days"), ("7", "a week"), ("30", "30 days")] { option value=(days) selected[days == looked.age] { (name) } } } }
                label.inline { input type="checkbox" name="mine" value="1" checked[!looked.mine.is_empty()]; "assigned to me" }
                label.inline { input type="checkbox" name="asleep" value="1" checked[!looked.asleep.is_empty()]; "those put off, too" }
                button { "Show" }
            }
        }
    }
}

pub(super) fn items(
    list: &[Exception],
    open: Option<&Exception>,
    looked: &Looked,
    people: &[Staff],
    titles: &HashMap<ExceptionId, String>,
    style: Style,
) -> Markup {
    let mut groups: Vec<Vec<&Exception>> = Vec::new();
    for one in list {
        match groups.last_mut() {
            Some(group) if group[0].lead() == one.lead() && group[0].common() == one.common() => group.push(one),
            _ => groups.push(vec![one]),
        }
    }
    let name = |id: StaffId| people.iter().find(|one| one.id == id).map_or("", |one| one.name.as_str());
    html! {
        ul.items {
            @for group in &groups {
                li {
                    @if group.len() > 1 { h2 { (group[0].lead()) " · " (group.len()) " alike" } }
                    ul {
                        @for one in group {
                            @let current = open.is_some_and(|open| open.id == one.id);
                            li aria-current=[current.then_some("true")] {
                                input type="checkbox" name="one" value={ (one.id) ":" (one.version) } aria-label={ "Tick " (one.lead()) " of " (name(one.staff)) } data-key=[current.then_some("x")];
                                a href=(looked.address(Some(one.id))) aria-current=[current.then_some("true")] {
                                    @match titles.get(&one.id) { Some(title) if !title.is_empty() => (words(title)), _ => span.quiet { (one.lead()) } }
                                    small { (style.date(one.date)) " · " (name(one.staff)) " · " (one.lead()) @if one.reasons.len() > 1 { " +" (one.reasons.len() - 1) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn cleared(signed: &Signed, closed: &[Exception], people: &[Staff], style: Style) -> Markup {
    let by_itself: Vec<_> = closed
        .iter()
        .filter(|one| one.standing(now()) == Standing::Cleared || one.resolved_by.as_deref().is_none_or(|by| !signed.who.is(by)))
        .collect();
    html! { @if !by_itself.is_empty() {
        details.no-print {
            summary { "Cleared since you looked: " (by_itself.len()) }
            ul { @for one in by_itself {
                li { (style.date(one.date)) " · " (people.iter().find(|person| person.id == one.staff).map_or("", |person| person.name.as_str())) " · " (one.lead()) " · "
                    @match &one.resolved_by { Some(by) => { "answered by " (by) } None => "its cause went" } }
            } }
            form method="post" action="/queue/seen" { (csrf(signed)) button { "I have seen these" } }
        }
    } }
}

pub(super) fn help() -> Markup {
    let keys = [
        ("1 – 9", "give that answer"),
        ("a", "and the same to all alike"),
        ("j / k", "next / previous"),
        ("e", "edit: say what it was, or when"),
        ("d", "accept as it is"),
        ("n", "it was not work"),
        ("s", "put off until tomorrow"),
        ("x", "tick"),
        ("u", "undo"),
        ("r", "make it a rule"),
        ("?", "this help"),
        ("Esc", "leave a field, close"),
    ];
    html! {
        dialog #help aria-label="Keys" {
            h2 { "Keys" }
            dl.facts { @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } } }
            button data-close { "Close" }
        }
    }
}
