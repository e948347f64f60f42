//! Likely answers to a question: what alike time turned out to be, ranked, each with its reason.
//!
//! Everything that an event has in common with earlier time is a witness, and divides one vote among the projects it knows: how often
//! each was right, what is long ago counting less. So a title that always meant one project says more than a word that every project uses.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::{
    model::{
        catalog::{Catalog, Client, Project},
        entry::Entry,
        event::Event,
        exception::{Exception, ExceptionStatus, SubjectKind},
        ids::StaffId,
    },
    store::{Error, Tx, alike::Alike},
};

/// How far back alike time is looked for.
const DAYS: u64 = 120;
/// As many as there are number keys.
const MAX: usize = 9;
/// A witness that saw little is believed less.
const DOUBT: f64 = 0.5;
/// What is known to be another client's is hardly ever right.
const OTHER_CLIENT: f64 = 0.2;

/// One answer that may be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Likely {
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
    /// It was no work.
    pub(crate) not_work: bool,
    /// For a person: `same series, 4 times`.
    pub(crate) why: String,
}

/// What speaks for an answer, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ground {
    Nearest,
    Series,
    Colleague,
    Title,
    Rule,
    Name,
    Word,
    Person,
    Domain,
    Client,
    Recent,
}

impl Ground {
    fn weight(self) -> f64 {
        match self {
            Self::Nearest => 12.0,
            Self::Series => 10.0,
            Self::Colleague => 8.0,
            Self::Title => 6.0,
            Self::Rule | Self::Name => 5.0,
            Self::Word => 4.0,
            Self::Person => 3.0,
            Self::Domain | Self::Client => 2.0,
            Self::Recent => 1.0,
        }
    }

    /// How much of its say is left a day later. A series goes on under a new project from one week to the next.
    fn fading(self) -> f64 {
        match self {
            Self::Series | Self::Colleague => 0.93,
            _ => 0.985,
        }
    }

    fn words(self, count: usize) -> String {
        let times = if count > 1 { format!(", {count} times") } else { String::new() };
        match self {
            Self::Nearest => "the code that is nearest".to_owned(),
            Self::Series => format!("same series{times}"),
            Self::Colleague => format!("same meeting of a colleague{times}"),
            Self::Title => format!("same title{times}"),
            Self::Rule => "a rule says so".to_owned(),
            Self::Name => "its name is in the title".to_owned(),
            Self::Word => format!("alike title{times}"),
            Self::Person => format!("same people{times}"),
            Self::Domain => format!("same firm{times}"),
            Self::Client => "a project of the client".to_owned(),
            Self::Recent => "most recent".to_owned(),
        }
    }
}

/// What a question is about, and what it most likely was, best first.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) entry: Option<Entry>,
    /// None too where its words are not for whoever asks.
    pub(crate) event: Option<Event>,
    pub(crate) likely: Vec<Likely>,
}

/// What a question is about, and likely answers if it is open and about a meeting. `reads` says whether whoever asks may read the words
/// of an event: no answer rests on what she may not.
pub(crate) async fn about(tx: &mut Tx, exception: &Exception, reads: impl Fn(&Event) -> bool, catalog: &Catalog) -> Result<About, Error> {
    let entry = match exception.entry {
        Some(id) => Some(tx.entry_of(id).await?),
        None => None,
    };
    let event = match entry.as_ref().and_then(|entry| entry.body.event) {
        Some(id) => Some(tx.event(id).await?).filter(reads),
        None => None,
    };
    // Two at one time are asked about in words of their own.
    let asks_what = !matches!(exception.lead(), "overlap" | "duplicate");
    let is_asked = asks_what && exception.subject.kind == SubjectKind::Meeting && exception.status == ExceptionStatus::Open;
    let client = entry.as_ref().and_then(|entry| entry.body.client.as_deref());
    let likely = if is_asked { answers(tx, exception, (event.as_ref(), client), catalog).await? } else { Vec::new() };
    Ok(About { entry, event, likely })
}

/// `client` is whose the entry is known to be.
async fn answers(
    tx: &mut Tx,
    exception: &Exception,
    (event, client): (Option<&Event>, Option<&str>),
    catalog: &Catalog,
) -> Result<Vec<Likely>, Error> {
    let from = exception.date.checked_sub_days(Days::new(DAYS)).unwrap_or(exception.date);
    let until = exception.date + Days::new(DAYS);
    let mut alike = tx.alike(exception.staff, from, until).await?;
    if let Some(event) = event {
        alike.extend(tx.alike_of_series(&event.fact.ical_uid, exception.staff).await?);
    }
    // Whose a conflict is about is what is asked.
    let client = client.filter(|_| exception.reasons.iter().all(|reason| reason.reason != "conflict"));
    Ok(ranked(exception, (event, client), catalog, &alike))
}

/// Client and project; neither of what is no work.
type What = (Option<String>, Option<String>);

fn ranked(exception: &Exception, (event, client): (Option<&Event>, Option<&str>), catalog: &Catalog, alike: &[Alike]) -> Vec<Likely> {
    let mut scores: BTreeMap<What, Score> = BTreeMap::new();
    for (ground, whats) in told(exception, event, client, catalog) {
        let part = ground.weight() / f64::from(u32::try_from(whats.len()).unwrap_or(1).max(1));
        for what in whats {
            scores.entry(what).or_default().add(ground, part, 1);
        }
    }
    for (ground, rows) in witnesses(exception.staff, event, catalog, alike) {
        vote(&mut scores, ground, &rows, exception.date);
    }
    let is_possible = |what: &What| match what.1.as_deref() {
        Some(code) => catalog.project(code).is_some_and(|(_, project)| project.is_open_on(exception.date)),
        None => true,
    };
    let mut found: Vec<_> = scores.into_iter().filter(|(what, _)| is_possible(what)).collect();
    for (what, score) in &mut found {
        if client.is_some() && what.0.as_deref() != client {
            score.sum *= OTHER_CLIENT;
        }
    }
    found.sort_by(|(_, one), (_, other)| other.sum.total_cmp(&one.sum));
    found.into_iter().take(MAX).map(|(what, score)| score.likely(what, alike, catalog)).collect()
}

/// A witness divides its vote.
fn vote(scores: &mut BTreeMap<What, Score>, ground: Ground, rows: &[&Alike], date: NaiveDate) {
    let weight = |row: &Alike| ground.fading().powi(i32::try_from((date - row.date).num_days().abs()).unwrap_or(i32::MAX));
    let all: f64 = rows.iter().map(|row| weight(row)).sum();
    let mut parts: BTreeMap<What, (f64, usize)> = BTreeMap::new();
    for row in rows {
        let part = parts.entry((row.client.clone(), row.project.clone())).or_default();
        part.0 += weight(row);
        part.1 += 1;
    }
    for (what, (part, count)) in parts {
        scores.entry(what).or_default().add(ground, ground.weight() * part / (all + DOUBT), count);
    }
}

#[derive(Default)]
struct Score {
    sum: f64,
    /// What speaks loudest for it, how loud, and how often it was seen.
    loudest: Option<(Ground, f64, usize)>,
}

impl Score {
    fn add(&mut self, ground: Ground, part: f64, count: usize) {
        self.sum += part;
        if self.loudest.is_none_or(|(_, known, _)| part > known) {
            self.loudest = Some((ground, part, count));
        }
    }

    /// Task and billable flag are those of the newest time that was for the same; a task that the project has no more is none.
    fn likely(self, (client, project): What, alike: &[Alike], catalog: &Catalog) -> Likely {
        let same = alike.iter().filter(|row| row.client == client && row.project == project).max_by_key(|row| row.date);
        let why = self.loudest.map_or_else(String::new, |(ground, _, count)| ground.words(count));
        let not_work = client.is_none() && project.is_none();
        let is_there = |task: &String| match project.as_deref().and_then(|code| catalog.project(code)) {
            Some((_, project)) => project.tasks.is_empty() || project.listed_task(task).is_some(),
            None => true,
        };
        let task = same.and_then(|row| row.task.clone()).filter(is_there);
        Likely { client, project, task, billable: same.and_then(|row| row.billable), not_work, why }
    }
}

/// Everything that the event has in common with earlier time.
fn witnesses<'a>(staff: StaffId, event: Option<&Event>, catalog: &Catalog, alike: &'a [Alike]) -> Vec<(Ground, Vec<&'a Alike>)> {
    let (own, others): (Vec<&Alike>, Vec<&Alike>) = alike.iter().partition(|row| row.staff == staff);
    // That something else was no work, or something with the same people, says nothing.
    let work: Vec<&Alike> = own.iter().copied().filter(|row| !row.not_work).collect();
    let mut found = vec![(Ground::Colleague, others), (Ground::Recent, work)];
    let Some(event) = event else { return found };
    let those = |is: &dyn Fn(&Alike) -> bool| own.iter().copied().filter(|row| is(row)).collect::<Vec<_>>();
    let (text, uid) = (&event.fact.text, &event.fact.ical_uid);
    found.push((Ground::Series, those(&|row| !uid.is_empty() && row.ical_uid == *uid)));
    let title = text.title.trim();
    found.push((Ground::Title, those(&|row| !title.is_empty() && row.title.trim().eq_ignore_ascii_case(title))));
    for word in words(title) {
        found.push((Ground::Word, those(&|row| words(&row.title).iter().any(|other| are_alike(&word, other)))));
    }
    let people: BTreeSet<String> = text.attendees.iter().filter(|one| !one.resource).map(|one| one.email.to_lowercase()).collect();
    let outside: Vec<&String> = people.iter().filter(|email| !is_ours(catalog, email)).collect();
    found.extend(outside.iter().map(|email| (Ground::Person, those(&|row| !row.not_work && row.people.contains(*email)))));
    let domains: BTreeSet<&str> = outside.iter().map(|email| domain(email)).collect();
    found.extend(
        domains
            .into_iter()
            .map(|there| (Ground::Domain, those(&|row| !row.not_work && row.people.iter().any(|email| domain(email) == there)))),
    );
    found
}

fn domain(email: &str) -> &str {
    email.rsplit('@').next().unwrap_or_default()
}

/// Whether an address is of our own firm, as the catalog knows it.
fn is_ours(catalog: &Catalog, email: &str) -> bool {
    let covers = |known: &String| domain(email) == known || domain(email).ends_with(&format!(".{known}"));
    catalog.clients.values().filter(|client| client.own).flat_map(|client| &client.domains).any(covers)
}

/// Words that may tell something: not numbers, not particles.
fn words(title: &str) -> BTreeSet<String> {
    let plain = title.split(|char: char| !char.is_alphanumeric()).map(str::to_lowercase);
    plain.filter(|word| word.chars().count() > 2 && !word.chars().all(|char| char.is_ascii_digit())).collect()
}

/// The same word, mistyped once, or cut short.
fn are_alike(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    one == other || long.starts_with(short) || (short.chars().count() > 4 && strsim::damerau_levenshtein(short, long) == 1)
}

/// What is said without any earlier time: by the reasons, by the names of projects, by the client that is known.
fn told(exception: &Exception, event: Option<&Event>, client: Option<&str>, catalog: &Catalog) -> Vec<(Ground, Vec<What>)> {
    let mut found: Vec<(Ground, Vec<What>)> =
        named_by_reasons(exception, catalog).into_iter().map(|(what, ground)| (ground, vec![what])).collect();
    let open = |of: &dyn Fn(&Client, &Project) -> bool| {
        let open = catalog.projects().filter(|(_, project)| project.is_open_on(exception.date));
        open.filter(|(client, project)| of(client, project)).map(|(client, project)| what(client, project)).collect::<Vec<_>>()
    };
    if let Some(event) = event {
        let title = words(&event.fact.text.title);
        let is_named = |project: &Project| words(&project.name).iter().any(|word| title.iter().any(|other| are_alike(word, other)));
        found.push((Ground::Name, open(&|_, project| is_named(project))));
    }
    found.push((Ground::Client, open(&|one, _| Some(one.key.as_str()) == client)));
    found
}

fn what(client: &Client, project: &Project) -> What {
    (Some(client.key.clone()), Some(project.code.clone()))
}

/// What the reasons themselves name: both sides of a conflict, the code that is nearest, other projects of the client of a closed one.
fn named_by_reasons(exception: &Exception, catalog: &Catalog) -> Vec<(What, Ground)> {
    let project = |code: &str, ground| catalog.project(code).map(|(client, project)| (what(client, project), ground));
    let mut named = Vec::new();
    for reason in &exception.reasons {
        match reason.reason.as_str() {
            "unknown-code" => {
                let near = reason.message.rsplit_once("did you mean ").map(|(_, near)| near.trim_end_matches('?'));
                named.extend(near.and_then(|code| project(code, Ground::Nearest)));
            }
            "conflict" => {
                let values = reason.cause["values"].as_array().into_iter().flatten().filter_map(|value| value.as_str());
                named.extend(values.filter_map(|value| match reason.cause["field"].as_str() {
                    Some("project") => project(value, Ground::Rule),
                    Some("client") => only_project(catalog, value, exception.date).or(Some(((Some(value.to_owned()), None), Ground::Rule))),
                    _ => None,
                }));
            }
            "closed-project" => {
                let client = reason.cause["project"].as_str().and_then(|code| catalog.project(code)).map(|(client, _)| client);
                let open = client.into_iter().flat_map(|client| client.projects.values().map(move |project| (client, project)));
                let open = open.filter(|(_, project)| project.is_open_on(exception.date));
                named.extend(open.map(|(client, project)| (what(client, project), Ground::Rule)));
            }
            _ => {}
        }
    }
    named
}

/// The one project that a client has open on a date.
fn only_project(catalog: &Catalog, client: &str, date: NaiveDate) -> Option<(What, Ground)> {
    let client = catalog.client(client)?;
    let mut open = client.projects.values().filter(|project| project.is_open_on(date));
    match (open.next(), open.next()) {
        (Some(only), None) => Some((what(client, only), Ground::Rule)),
        _ => None,
    }
}
