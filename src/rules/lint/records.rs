//! Rules and the catalog: what has ended, names that are too common, flags against the catalog; and what the book says of both.

use super::{Findings, History, Known, Ruled};
use crate::{
    model::{
        catalog::{Catalog, Client, Project, ProjectKind},
        words::counted,
    },
    rules::{RuleSet, boundaries::is_ideograph, compile::Read, findings::Place, fold::folded},
    yaml::{code::Code, diagnostic::Source, positions::Positions},
};

/// Names that stand in anybody's titles.
const COMMON: &[&str] = &[
    "admin", "all", "board", "budget", "call", "catch-up", "check-in", "client", "company", "core", "data", "day", "demo", "design", "dev",
    "event", "first", "focus", "group", "home", "internal", "kickoff", "lunch", "meeting", "new", "office", "one", "plan", "planning",
    "pro", "project", "prep", "product", "release", "retro", "review", "sales", "service", "sprint", "standup", "status", "support",
    "sync", "team", "test", "training", "update", "weekly", "work", "workshop",
];
const NAME_MIN: usize = 3;
const IDEOGRAPHS_MIN: usize = 2;

/// What one rule says against the catalog and the day.
pub(super) fn of_rule(rule: &Ruled<'_>, set: &RuleSet, known: &Known<'_>, found: &mut Findings) {
    ended(rule, &set.catalog, known, found);
    flags(rule, &set.catalog, found);
    if let Some(history) = known.history {
        in_use(rule, history, found);
    }
}

fn ended(rule: &Ruled<'_>, catalog: &Catalog, known: &Known<'_>, found: &mut Findings) {
    if let Some(until) = rule.rule.until.filter(|until| *until < known.today) {
        let label = format!("its last date was {until}: take it away, unless days before that are still to be derived");
        rule.place().complain(found, Code::Closed, "until", format!("`{}` has ended", rule.rule.id), &label);
        return;
    }
    let split =
        rule.rule.split.iter().flatten().enumerate().map(|(index, share)| (format!("split[{index}].project"), share.project.as_ref()));
    let named = rule.rule.set.iter().map(|set| ("set.project".to_owned(), set.project.as_ref())).chain(split);
    for (at, code) in named.filter_map(|(at, code)| Some((at, code?))) {
        let closed = catalog.project(code).and_then(|(_, project)| Some((project, project.until?)));
        if let Some((project, until)) = closed.filter(|(_, until)| *until < known.today) {
            let label = format!(
                "its last date was {until}: what is booked on it later is asked about; give the rule `until: {until}`, or another project"
            );
            let ended = rule.rule.until.is_some_and(|last| last <= until);
            if !ended {
                rule.place().complain(found, Code::Closed, &at, format!("`{}` has ended", project.code), &label);
            }
        }
    }
}

fn flags(rule: &Ruled<'_>, catalog: &Catalog, found: &mut Findings) {
    let split = rule
        .rule
        .split
        .iter()
        .flatten()
        .enumerate()
        .map(|(index, share)| (format!("split[{index}]"), share.project.as_ref(), share.billable));
    let set = rule.rule.set.iter().map(|set| ("set".to_owned(), set.project.as_ref(), set.billable));
    for (at, code, billable) in set.chain(split) {
        let (Some((_, project)), Some(billable)) = (code.and_then(|code| catalog.project(code)), billable) else { continue };
        if let Some(label) = against(project, billable) {
            let message = format!("`billable: {billable}` against clients.yaml");
            rule.place().complain(found, Code::Billable, &format!("{at}.billable"), message, &label);
        }
    }
}

fn against(project: &Project, billable: bool) -> Option<String> {
    let kind = if project.kind == ProjectKind::Delivery { String::new() } else { format!(", of kind {}", project.kind) };
    let says = format!("`{}` is `billable: {}`{kind} there: leave it out here, or correct it there", project.code, project.billable);
    (project.billable != billable).then_some(says)
}

/// Sections without rules.
pub(super) fn sections(files: &[Read<'_>], found: &mut Findings) {
    for (source, file, positions) in files {
        let place = Place { source, positions, path: "" };
        for (index, section) in file.sections.iter().enumerate() {
            let is_used = files.iter().flat_map(|(_, file, _)| &file.rules).any(|rule| rule.section == *section);
            if !is_used {
                let label = "no rule stands in it: take it away";
                place.complain(found, Code::Unused, &format!("sections[{index}]"), format!("the section `{section}` is empty"), label);
            }
        }
    }
}

/// Names of clients that say too little, or that nobody says.
pub(super) fn of_clients(clients: Option<&(&Source, Positions)>, set: &RuleSet, known: &Known<'_>, found: &mut Findings) {
    if let Some((source, positions)) = clients {
        let place = Place { source, positions, path: "clients" };
        names(&set.catalog, &place, found);
        if let Some(history) = known.history {
            unseen(&set.catalog, history, &place, found);
        }
    }
}

/// The names of a client, each with its place and whether it is weak.
fn named(client: &Client) -> impl Iterator<Item = (String, &str, bool)> {
    let aliases = client.aliases.iter().enumerate().map(|(index, alias)| (format!("aliases[{index}]"), alias.name.as_str(), alias.weak));
    std::iter::once(("name".to_owned(), client.name.as_str(), false)).chain(aliases)
}

fn names(catalog: &Catalog, place: &Place<'_>, found: &mut Findings) {
    let all: Vec<_> = catalog.clients.values().flat_map(|client| named(client).map(move |(_, name, _)| (client, folded(name)))).collect();
    for client in catalog.clients.values().filter(|client| !client.own) {
        for (at, name, _) in named(client).filter(|(.., weak)| !weak) {
            let short = folded(name);
            let other = all
                .iter()
                .find(|(other, longer)| other.key != client.key && longer.len() > short.len() && super::inclusion::holds(longer, &short));
            let why = match () {
                () if short.chars().count() < if short.chars().all(is_ideograph) { IDEOGRAPHS_MIN } else { NAME_MIN } => {
                    "it is so short that it may stand for anything".to_owned()
                }
                () if COMMON.contains(&short.as_str()) => "it is a word of everyday titles".to_owned(),
                () => match other {
                    Some((other, longer)) => format!("`{longer}`, a name of `{}`, has it in it", other.key),
                    None => continue,
                },
            };
            let label = format!("{why}: write {{name: {name}, weak: true}}, which asks for a second witness");
            let label = if at == "name" { format!("{why}: give the client a longer name, and this one as a weak alias") } else { label };
            place.complain(found, Code::WeakName, &format!("{}.{at}", client.key), format!("`{name}` says too little"), &label);
        }
    }
}

/// What the book has of a rule.
fn in_use(rule: &Ruled<'_>, history: &History, found: &mut Findings) {
    let Some((from, to)) = history.span.filter(|_| history.events > 0) else { return };
    let place = rule.place();
    let none = super::Record::default();
    let record = history.rules.get(&rule.rule.id).unwrap_or(&none);
    let is_in_force = rule.rule.from.is_none_or(|first| first <= to) && rule.rule.until.is_none_or(|last| from <= last);
    if record.won == 0 && is_in_force {
        let lost: usize = record.lost_to.values().sum();
        let winner = record.lost_to.iter().max_by_key(|(_, times)| **times).map(|(rule, _)| rule);
        let label = match winner {
            Some(winner) if record.lost_to.len() == 1 => format!("it fits {}, and loses every one to `{winner}`", events(lost)),
            Some(winner) => format!("it fits {}, and loses them all, most to `{winner}`", events(lost)),
            None => format!("none of the {} got anything from it", events(history.events)),
        };
        // It did something all the same: without it nobody is asked.
        let (gave, label) = match record.conflicts {
            0 => ("nothing", label),
            asked => {
                let then = "without it the other one decides there, and nobody is asked";
                ("only questions", format!("{label}; on {} the two disagree, and a person is asked: {then}", events(asked)))
            }
        };
        let message = format!("`{}` gave {gave} from {from} to {to}", rule.rule.id);
        place.complain(found, Code::Dead, "id", message, &label);
    }
    if record.hidden > 0 {
        let hours = record.hidden_seconds / 3600;
        let label = format!(
            "it skips {} ({hours} h {:02} m) that were attended with people of known clients: add `guests: {{max: 0}}` to its `when`, if these are work",
            events(record.hidden),
            record.hidden_seconds / 60 % 60
        );
        place.complain(found, Code::HidesHours, "skip", format!("`{}` may hide billable hours", rule.rule.id), &label);
    }
}

fn events(count: usize) -> String {
    counted(count, "event", "events")
}

fn unseen(catalog: &Catalog, history: &History, place: &Place<'_>, found: &mut Findings) {
    let Some((from, to)) = history.span.filter(|_| history.events > 0) else { return };
    for client in catalog.clients.values().filter(|client| !client.own) {
        if !history.clients.contains(&client.key) {
            let message = format!("no event points to `{}`", client.key);
            let label = format!("neither a code, a name nor an address from {from} to {to}");
            place.complain_of_key(found, Code::Unused, &client.key, message, &label);
            continue;
        }
        for (at, name, _) in named(client).filter(|(at, name, _)| at != "name" && !history.names.contains(&folded(name))) {
            let message = format!("`{name}` stands in no title");
            place.complain(found, Code::Unused, &format!("{}.{at}", client.key), message, &format!("from {from} to {to}"));
        }
    }
}
