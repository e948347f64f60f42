//! Likely answers to a question: what alike time turned out to be, ranked, each with its reason.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::{
    model::{catalog::Catalog, event::Event, exception::Exception, ids::StaffId},
    store::{Error, Tx, queue::Alike},
};

/// How far back alike time is looked for.
const DAYS: u64 = 120;
/// As many as there are number keys.
const MAX: usize = 9;

/// One answer that may be right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Likely {
    pub(crate) client: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) task: Option<String>,
    pub(crate) billable: Option<bool>,
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
    People,
    Recent,
}

impl Ground {
    fn weight(self) -> f64 {
        match self {
            Self::Nearest => 12.0,
            Self::Series => 10.0,
            Self::Colleague => 8.0,
            Self::Title => 6.0,
            Self::Rule => 5.0,
            Self::People => 3.0,
            Self::Recent => 0.5,
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
            Self::People => format!("same people{times}"),
            Self::Recent => "most recent".to_owned(),
        }
    }
}

/// Likely answers about an event, best first.
pub(crate) async fn answers(tx: &mut Tx, exception: &Exception, event: Option<&Event>, catalog: &Catalog) -> Result<Vec<Likely>, Error> {
    let from = exception.date.checked_sub_days(Days::new(DAYS)).unwrap_or(exception.date);
    let until = exception.date + Days::new(DAYS);
    let mut alike = tx.alike(exception.staff, from, until).await?;
    if let Some(event) = event {
        alike.extend(tx.alike_of_series(&event.fact.ical_uid, exception.staff).await?);
    }
    Ok(ranked(exception, event, catalog, &alike))
}

fn ranked(exception: &Exception, event: Option<&Event>, catalog: &Catalog, alike: &[Alike]) -> Vec<Likely> {
    let mut scores: BTreeMap<(Option<String>, Option<String>), Score> = BTreeMap::new();
    let mut add = |client: Option<String>, project: Option<String>, ground: Ground, age: i64, row: Option<&Alike>| {
        let score = scores.entry((client, project)).or_default();
        let fading = 0.985_f64.powi(i32::try_from(age.abs()).unwrap_or(i32::MAX));
        score.sum += ground.weight() * fading;
        if score.ground.is_none_or(|known| ground <= known) {
            score.count = if score.ground == Some(ground) { score.count + 1 } else { 1 };
            score.ground = Some(ground);
        }
        if let Some(row) = row {
            score.task.clone_from(&row.task);
            score.billable = row.billable;
        }
    };
    for named in named_by_reasons(exception, catalog) {
        add(named.0, named.1, named.2, 0, None);
    }
    for row in alike.iter().rev() {
        let ground = ground_of(row, exception.staff, event);
        add(row.client.clone(), row.project.clone(), ground, (exception.date - row.date).num_days(), Some(row));
    }
    let open = |project: &Option<String>| {
        let known = project.as_deref().and_then(|code| catalog.project(code));
        project.is_none() || known.is_some_and(|(_, project)| project.is_open_on(exception.date))
    };
    let mut found: Vec<_> = scores.into_iter().filter(|((_, project), _)| open(project)).collect();
    found.sort_by(|(_, one), (_, other)| other.sum.total_cmp(&one.sum));
    found.into_iter().take(MAX).map(|((client, project), score)| score.likely(client, project)).collect()
}

#[derive(Default)]
struct Score {
    sum: f64,
    ground: Option<Ground>,
    count: usize,
    task: Option<String>,
    billable: Option<bool>,
}

impl Score {
    fn likely(self, client: Option<String>, project: Option<String>) -> Likely {
        let why = self.ground.map_or_else(String::new, |ground| ground.words(self.count));
        Likely { client, project, task: self.task, billable: self.billable, why }
    }
}

fn ground_of(row: &Alike, staff: StaffId, event: Option<&Event>) -> Ground {
    let Some(event) = event else { return Ground::Recent };
    let text = &event.fact.text;
    if row.staff != staff {
        return Ground::Colleague;
    }
    if !event.fact.ical_uid.is_empty() && row.ical_uid == event.fact.ical_uid {
        return Ground::Series;
    }
    if !text.title.trim().is_empty() && row.title.trim().eq_ignore_ascii_case(text.title.trim()) {
        return Ground::Title;
    }
    let domain = |email: &str| email.rsplit('@').next().unwrap_or_default().to_lowercase();
    let here: Vec<_> = text.attendees.iter().filter(|one| !one.resource).map(|one| domain(&one.email)).collect();
    let own = event.fact.text.organizer.as_deref().map(domain);
    let shared = row.domains.iter().any(|there| here.contains(there) && Some(there) != own.as_ref());
    if shared { Ground::People } else { Ground::Recent }
}

/// What the reasons themselves name: both sides of a conflict, the code that is nearest, other projects of the client of a closed one.
fn named_by_reasons(exception: &Exception, catalog: &Catalog) -> Vec<(Option<String>, Option<String>, Ground)> {
    let project =
        |code: &str, ground| catalog.project(code).map(|(client, project)| (Some(client.key.clone()), Some(project.code.clone()), ground));
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
                    Some("client") => only_project(catalog, value, exception.date).or(Some((Some(value.to_owned()), None, Ground::Rule))),
                    _ => None,
                }));
            }
            "closed-project" => {
                let client = reason.cause["project"].as_str().and_then(|code| catalog.project(code)).map(|(client, _)| client);
                let open = client.into_iter().flat_map(|client| client.projects.values().map(move |project| (client, project)));
                let open = open.filter(|(_, project)| project.is_open_on(exception.date));
                named.extend(open.map(|(client, project)| (Some(client.key.clone()), Some(project.code.clone()), Ground::Rule)));
            }
            _ => {}
        }
    }
    named
}

/// The one project that a client has open on a date.
fn only_project(catalog: &Catalog, client: &str, date: NaiveDate) -> Option<(Option<String>, Option<String>, Ground)> {
    let client = catalog.client(client)?;
    let mut open = client.projects.values().filter(|project| project.is_open_on(date));
    match (open.next(), open.next()) {
        (Some(only), None) => Some((Some(client.key.clone()), Some(only.code.clone()), Ground::Rule)),
        _ => None,
    }
}
