//! `FIELD=VALUE`: what people type about an entry, as decisions. Commands, forms and the API say it alike.

use chrono::{DateTime, NaiveTime, Utc};

use super::{Refusal, questions::seen};
use crate::{
    model::{
        catalog::{Catalog, Field, Project},
        day::{clock_time, end_on, instant, instant_from},
        decision::{Act, Assignment, EditedTime, Leg},
        entry::{Body, Entry},
    },
    store::Tx,
};

/// Fields that say when it was, or that it was nothing.
const WHEN: [&str; 4] = ["start", "end", "when", "not_work"];

fn wrong<T>(text: String) -> Result<T, Refusal> {
    Err(Refusal::Wrong(text))
}

/// The acts that some fields of an entry mean.
pub(crate) async fn acts(tx: &mut Tx, catalog: &Catalog, entry: &Entry, typed: &[String]) -> Result<Vec<Act>, Refusal> {
    let is_when = |field: &&String| WHEN.contains(&field.split('=').next().unwrap_or_default());
    let what: Vec<String> = typed.iter().filter(|field| !is_when(field)).cloned().collect();
    let mut acts = Vec::new();
    if !what.is_empty() {
        acts.push(Act::Assign(beside(catalog, Some(&entry.body), &what)?));
    }
    let (mut start, mut end) = (entry.body.start, entry.body.end);
    for field in typed.iter().filter(is_when) {
        match split(field)? {
            ("start", value) => start = time(entry, value)?,
            ("end", value) => end = end_time(entry, value)?,
            ("not_work", "yes") => acts.push(Act::NotWork),
            ("when", "follow") => acts.push(Act::Follow),
            ("when", "keep") => acts.push(Act::Keep { seen: seen(tx, entry).await? }),
            ("when", "both") => acts.push(Act::Both { seen: seen(tx, entry).await? }),
            (name, value) => {
                return wrong(format!("`{name}={value}` is not known; not_work takes yes, when takes keep, follow or both"));
            }
        }
    }
    if (start, end) != (entry.body.start, entry.body.end) {
        if start >= end {
            return wrong("the start is not before the end".to_owned());
        }
        acts.push(Act::Time(EditedTime { start, end, seen: seen(tx, entry).await? }));
    }
    if acts.is_empty() { wrong("that is what stands already".to_owned()) } else { Ok(acts) }
}

/// Parts of an entry, each `SHARE:FIELD=VALUE,FIELD=VALUE`, as the act that divides it.
pub(crate) async fn divided(tx: &mut Tx, catalog: &Catalog, entry: &Entry, parts: &[String]) -> Result<Act, Refusal> {
    let mut legs = Vec::new();
    for part in parts {
        let (share, fields) = part.split_once(':').unwrap_or((part, ""));
        let share = share.trim().trim_end_matches('%').parse().ok().filter(|share| (1..=1000).contains(share));
        let Some(share) = share else { return wrong(format!("`{part}` is no part such as 60:project=ACME-15")) };
        let fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect();
        legs.push(Leg { share, assignment: beside(catalog, Some(&entry.body), &fields)?, number: None });
    }
    if legs.len() < 2 || legs.len() > 20 {
        return wrong("an entry is divided into 2 to 20 parts".to_owned());
    }
    Ok(Act::Split { legs, seen: seen(tx, entry).await? })
}

fn split(field: &str) -> Result<(&str, &str), Refusal> {
    field.split_once('=').map_or_else(|| wrong(format!("`{field}` is not FIELD=VALUE")), Ok)
}

fn time(entry: &Entry, value: &str) -> Result<DateTime<Utc>, Refusal> {
    if let Some(at) = instant_from(value) {
        return Ok(at);
    }
    Ok(instant(entry.body.timezone, entry.body.date.and_time(local(value)?)))
}

fn end_time(entry: &Entry, value: &str) -> Result<DateTime<Utc>, Refusal> {
    match local(value) {
        Ok(local) => Ok(end_on(entry.body.timezone, entry.body.date, local)),
        Err(_) => time(entry, value),
    }
}

fn local(value: &str) -> Result<NaiveTime, Refusal> {
    clock_time(value).map_err(|why| Refusal::Wrong(format!("`{value}` is {why}")))
}

/// What a new entry is, from fields; names are checked against the catalog.
pub(crate) fn assignment(catalog: &Catalog, typed: &[String]) -> Result<Assignment, Refusal> {
    beside(catalog, None, typed)
}

/// What an entry is, from fields, beside what it is already.
fn beside(catalog: &Catalog, stands: Option<&Body>, typed: &[String]) -> Result<Assignment, Refusal> {
    let mut wanted = Assignment::default();
    for field in typed {
        let (name, value) = split(field)?;
        let given = Some((!value.is_empty()).then(|| value.to_owned()));
        match name {
            "client" => wanted.client = given,
            "project" => wanted.project = given,
            "task" => wanted.task = given,
            "description" => wanted.description = given,
            "billable" => wanted.billable = Some(yes_or_no(value)?),
            "tags" => wanted.tags = Some(value.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()),
            _ => {
                let known = "client, project, task, billable, tags, description, start, end, when, not_work";
                return wrong(format!("`{name}` is no field; known: {known}"));
            }
        }
    }
    let found: Vec<_> = against(catalog, stands, &mut wanted).into_iter().map(|(_, told)| told).collect();
    if found.is_empty() { Ok(wanted) } else { wrong(found.join("; ")) }
}

/// What is wrong with the names in an assignment, by field, where it comes beside what stands. A code or task that was written in another
/// case, or has changed since, becomes what it is now.
pub(crate) fn against(catalog: &Catalog, stands: Option<&Body>, wanted: &mut Assignment) -> Vec<(Field, String)> {
    let mut found = Vec::new();
    let key = wanted.client.clone().flatten();
    if let Some(key) = key.as_ref().filter(|key| !catalog.clients.contains_key(*key)) {
        found.push((Field::Client, unknown("client", key, catalog.clients.keys())));
    }
    if let Some(Some(code)) = &mut wanted.project {
        match catalog.project(code) {
            Some((client, _)) if key.as_ref().is_some_and(|key| *key != client.key) => {
                found.push((Field::Project, format!("{code} is a project of {}, not of {}", client.key, key.unwrap_or_default())));
            }
            Some((_, project)) => code.clone_from(&project.code),
            None => found.push((Field::Project, unknown("project", code, catalog.projects().map(|(_, project)| &project.code)))),
        }
    }
    if found.is_empty()
        && let Some(project) = project_of(catalog, stands, wanted).filter(|project| !project.tasks.is_empty())
        && let Some(Some(task)) = &mut wanted.task
    {
        match project.listed_task(task) {
            Some(listed) => task.clone_from(listed),
            None => found.push((Field::Task, unlisted(project, task))),
        }
    }
    found
}

/// Which project it will be. Another client lets go of the project of the one before.
fn project_of<'c>(catalog: &'c Catalog, stands: Option<&Body>, wanted: &Assignment) -> Option<&'c Project> {
    let kept = stands.filter(|body| wanted.client.as_ref().is_none_or(|client| *client == body.client));
    let code = wanted.project.as_ref().map_or_else(|| kept.and_then(|body| body.project.as_ref()), Option::as_ref)?;
    catalog.project(code).map(|(_, project)| project)
}

/// Few enough to be read at once, so all are told; the nearest only where a slip explains it.
fn unlisted(project: &Project, task: &str) -> String {
    let slips = |known: &&String| strsim::damerau_levenshtein(&known.to_lowercase(), &task.to_lowercase());
    let near = project.tasks.iter().min_by_key(slips).filter(|near| slips(near) <= 2);
    let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!("{} has no task {task}; it has {}{near}", project.code, project.tasks.join(", "))
}

fn yes_or_no(value: &str) -> Result<bool, Refusal> {
    match value {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => wrong(format!("billable is yes or no, not `{value}`")),
    }
}

fn unknown<'a>(what: &str, value: &str, known: impl IntoIterator<Item = &'a String>) -> String {
    let distance = |one: &&String| strsim::damerau_levenshtein(&one.to_lowercase(), &value.to_lowercase());
    let near = known.into_iter().min_by_key(distance).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!("there is no {what} {value}{near}")
}
