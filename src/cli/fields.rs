//! `FIELD=VALUE`: what people type about an entry, as decisions.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, NaiveTime, Utc};

use crate::{
    app::App,
    model::{
        catalog::Catalog,
        day::instant,
        decision::{Act, Assignment, EditedTime, Seen},
        entry::Entry,
        event::Span,
    },
    settling::activation::Active,
};

/// The acts that some fields of an entry mean.
pub(super) async fn acts(app: &App, active: &Active, entry: &Entry, typed: &[String]) -> anyhow::Result<Vec<Act>> {
    let (when, what): (Vec<_>, Vec<_>) = typed
        .iter()
        .cloned()
        .partition(|field| ["start", "end", "when", "not_work"].contains(&field.split('=').next().unwrap_or_default()));
    let mut acts = Vec::new();
    if !what.is_empty() {
        acts.push(Act::Assign(assignment(&active.rules.catalog, &what)?));
    }
    let (mut start, mut end) = (entry.body.start, entry.body.end);
    for field in &when {
        match split(field)? {
            ("start", value) => start = time(entry, value)?,
            ("end", value) => end = time(entry, value)?,
            ("not_work", "yes") => acts.push(Act::NotWork),
            ("when", "follow") => acts.push(Act::Follow),
            ("when", "keep") => acts.push(Act::Keep { seen: seen(app, entry).await? }),
            ("when", "both") => acts.push(Act::Both { seen: seen(app, entry).await? }),
            (name, value) => bail!("`{name}={value}` is not known; not_work takes yes, when takes keep, follow or both"),
        }
    }
    if (start, end) != (entry.body.start, entry.body.end) {
        ensure!(start < end, "the start is not before the end");
        acts.push(Act::Time(EditedTime { start, end, seen: seen(app, entry).await? }));
    }
    ensure!(!acts.is_empty(), "that is what stands already");
    Ok(acts)
}

fn split(field: &str) -> anyhow::Result<(&str, &str)> {
    field.split_once('=').with_context(|| format!("`{field}` is not FIELD=VALUE"))
}

/// A local time of the entry's day, or an instant.
fn time(entry: &Entry, value: &str) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(value) {
        return Ok(at.to_utc());
    }
    let local = NaiveTime::parse_from_str(value, "%H:%M").ok().with_context(|| format!("`{value}` is no time such as 09:30"))?;
    Ok(instant(entry.body.timezone, entry.body.date.and_time(local)))
}

/// Where the entry's event stands now, which the person has seen.
async fn seen(app: &App, entry: &Entry) -> anyhow::Result<Seen> {
    // An entry that a person wrote is its own event.
    let Some(id) = entry.body.event else { return Ok(Seen { start: entry.body.start, end: entry.body.end }) };
    match app.store.read().await?.event(id).await?.fact.span {
        Span::Timed { start, end, .. } => Ok(Seen { start, end }),
        Span::AllDay { .. } => bail!("its event lasts all day now"),
    }
}

/// What an entry is, from fields; names are checked against the catalog.
pub(super) fn assignment(catalog: &Catalog, typed: &[String]) -> anyhow::Result<Assignment> {
    let mut wanted = Assignment::default();
    for field in typed {
        let (name, value) = split(field)?;
        let given = Some((!value.is_empty()).then(|| value.to_owned()));
        match name {
            "client" => {
                ensure!(value.is_empty() || catalog.clients.contains_key(value), unknown("client", value, catalog.clients.keys()));
                wanted.client = given;
            }
            "project" => {
                let codes: Vec<_> = catalog.projects().map(|(_, project)| &project.code).collect();
                let known = catalog.project(value).map(|(_, project)| project.code.clone());
                ensure!(value.is_empty() || known.is_some(), unknown("project", value, codes));
                wanted.project = Some(known);
            }
            "task" => wanted.task = given,
            "description" => wanted.description = given,
            "billable" => wanted.billable = Some(yes_or_no(value)?),
            "tags" => wanted.tags = Some(value.split(',').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()),
            _ => bail!("`{name}` is no field; known: client, project, task, billable, tags, description, start, end, when, not_work"),
        }
    }
    Ok(wanted)
}

fn yes_or_no(value: &str) -> anyhow::Result<bool> {
    match value {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => bail!("billable is yes or no, not `{value}`"),
    }
}

fn unknown<'a>(what: &str, value: &str, known: impl IntoIterator<Item = &'a String>) -> String {
    let distance = |one: &&String| strsim::damerau_levenshtein(&one.to_lowercase(), &value.to_lowercase());
    let near = known.into_iter().min_by_key(distance).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    format!("there is no {what} {value}{near}")
}
