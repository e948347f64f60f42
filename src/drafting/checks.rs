//! Checks of one entry on its decided values (SEMANTICS S4). Each states exactly the values it read as its cause (S14).

use serde_json::{Value, json};

use super::{Page, meetings::Meeting};
use crate::model::{
    catalog::{Field, Project},
    decision::Assignment,
    entry::{Body, Entry},
    event::{Event, Span},
    exception::Reason,
    ids::digest,
    residual::Decided,
    verdict::{Loss, Lost, Skip, Verdict},
};

/// A reason, and whether it is about the meeting (asked once, holding all its days) or about this entry alone.
#[derive(Clone)]
pub(super) struct Finding {
    pub(super) reason: Reason,
    pub(super) of_meeting: bool,
}

impl Finding {
    pub(super) fn meeting(reason: &str, cause: Value, message: String) -> Self {
        Self { of_meeting: true, ..Self::entry(reason, cause, message) }
    }

    pub(super) fn entry(reason: &str, cause: Value, message: String) -> Self {
        let reason = Reason { reason: reason.to_owned(), holding: true, evidence: Value::Null, cause, message };
        Self { reason, of_meeting: false }
    }

    pub(super) fn with(mut self, evidence: Value) -> Self {
        self.reason.evidence = evidence;
        self
    }

    /// Whether it says that the event went or moved under what people did.
    pub(super) fn is_of_whereabouts(&self) -> bool {
        matches!(self.reason.reason.as_str(), "deleted-after-edit" | "edit-outdated")
    }

    /// A settled entry whose event makes no time any more.
    pub(super) fn no_longer_derived(entry: &Entry) -> Self {
        let name = changed(entry);
        Self::entry(name, json!({ "derived": null }), format!("it was {} and its calendar makes no such time now", entry.status))
    }
}

pub(super) fn changed(entry: &Entry) -> &'static str {
    if entry.status.is_approved() { "changed-after-approval" } else { "changed-after-submission" }
}

/// Everything about one meeting's entry.
pub(super) fn meeting(page: &Page<'_>, meeting: &Meeting<'_>, body: &Body, by_person: &Assignment) -> Vec<Finding> {
    let event = meeting.lead;
    let mut findings = Vec::new();
    findings.extend(gone(meeting));
    if let Span::Timed { start, end, .. } = event.fact.span
        && end < start
    {
        findings.push(Finding::meeting("time-reversed", json!({ "start": start, "end": end }), "the event ends before it starts".into()));
    }
    findings
        .extend(disagreements(meeting).into_iter().filter(|conflict| !is_decided(by_person, conflict.field)).map(|found| conflict(&found)));
    if by_person.project.is_none() {
        findings.extend(meeting.verdict.unknown_codes.iter().map(|code| {
            let near = code.near.as_ref().map_or_else(String::new, |near| format!("; did you mean {near}?"));
            Finding::meeting("unknown-code", json!({ "code": code.code }), format!("{} is not a project code{near}", code.code))
        }));
    }
    let unmatched = body.client.is_none() && body.project.is_none() && !event.fact.visibility.is_private();
    if unmatched {
        let cause = json!({ "event": digest_of(event), "calendar": event.calendar });
        findings.push(Finding::meeting("unmatched", cause, "no rule names a client or project for it".into()));
    }
    findings.extend(catalog(page, body, unmatched));
    findings.extend(suspicions(meeting.verdict, body, by_person));
    findings
}

/// Its event was taken away under what someone did: deleted, skipped by the rules now, or without hours (S7).
fn gone(meeting: &Meeting<'_>) -> Option<Finding> {
    let event = meeting.lead.id;
    let (cause, message) = match meeting.skip {
        _ if meeting.gone => (json!({ "event": event }), "its event was deleted or called off after someone worked on it".to_owned()),
        Some(Skip { rule, why, .. }) => {
            let message = format!("{rule} skips its event now ({why}), after someone worked on it");
            (json!({ "event": event, "skip": why }), message)
        }
        None if meeting.without_hours => {
            let message = "its event lasts all day now, which makes no hours, after someone worked on it".to_owned();
            (json!({ "event": event, "all_day": true }), message)
        }
        None => return None,
    };
    Some(Finding::meeting("deleted-after-edit", cause, message))
}

fn is_decided(by_person: &Assignment, field: Field) -> bool {
    match field {
        Field::Client => by_person.client.is_some() || by_person.project.is_some(),
        Field::Project => by_person.project.is_some(),
        Field::Task => by_person.task.is_some(),
        Field::Billable => by_person.billable.is_some(),
        Field::Description => by_person.description.is_some(),
        Field::Tags => by_person.tags.is_some(),
    }
}

/// Within one copy, and between copies of the meeting (S18).
fn disagreements(meeting: &Meeting<'_>) -> Vec<Lost> {
    let mut found: Vec<Lost> = meeting.verdict.conflicts().cloned().collect();
    for field in [Field::Client, Field::Project, Field::Task, Field::Billable] {
        let Some(won) = meeting.verdict.fields.get(&field) else { continue };
        let other = meeting.others.iter().find_map(|other| other.fields.get(&field).filter(|lost| lost.value != won.value));
        found.extend(other.map(|lost| Lost { field, won: won.clone(), lost: lost.clone(), why: Loss::Conflict }));
    }
    // A client that is in doubt has its projects in doubt.
    if found.iter().any(|one| one.field == Field::Client) {
        found.retain(|one| one.field != Field::Project);
    }
    // Two rules that say the same against a third ask one question.
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|one| seen.insert((one.field, one.won.value.clone(), one.lost.value.clone())));
    found
}

fn conflict(found: &Lost) -> Finding {
    let Lost { field, won, lost, .. } = found;
    // A task or description may be words of the event, which stand nowhere else (S8).
    let words = matches!(field, Field::Task | Field::Description);
    let shown = |value: &str| if words { digest(value) } else { value.to_owned() };
    let cause = json!({ "field": field, "values": [shown(&won.value), shown(&lost.value)] });
    let message = if words {
        format!("rules disagree on the {field}: {} and {} give different ones", won.rule, lost.rule)
    } else {
        format!("rules disagree on the {field}: {} says {}, {} says {}", won.rule, won.value, lost.rule, lost.value)
    };
    Finding::meeting("conflict", cause, message).with(json!({ "rules": [&*won.rule, &*lost.rule] }))
}

/// Checks against the catalog, for written entries too.
pub(super) fn catalog(page: &Page<'_>, body: &Body, unmatched: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let missing: Vec<Field> = missing(page, body);
    if !missing.is_empty() && !unmatched {
        findings.push(incomplete(body, &missing, unlisted(page, body)));
    }
    if let Some((_, project)) = body.project.as_deref().and_then(|code| page.catalog.project(code))
        && !project.is_open_on(body.date)
    {
        let message = format!("project {} is not open on {}", project.code, body.date);
        let cause = json!({ "project": project.code, "date": body.date, "from": project.from, "until": project.until });
        findings.push(Finding::meeting("closed-project", cause, message));
    }
    findings
}

fn incomplete(body: &Body, missing: &[Field], unlisted: Option<&Project>) -> Finding {
    // Which fields are required, and which tasks there are, is the project's to say.
    let mut cause = json!({ "fields": missing, "client": body.client, "project": body.project });
    let absent = missing.iter().filter(|field| unlisted.is_none() || **field != Field::Task);
    let names = absent.map(|field| field.as_str()).collect::<Vec<_>>().join(", ");
    let mut told = if names.is_empty() { Vec::new() } else { vec![format!("it has no {names}")] };
    if let Some(project) = unlisted {
        cause["task"] = body.task.as_deref().map(digest).into();
        cause["tasks"] = project.tasks.clone().into();
        told.push(format!("its task is none of those that {} has: {}", project.code, project.tasks.join(", ")));
    }
    Finding::meeting("missing-field", cause, told.join("; "))
}

/// The project of an entry, if that lists its tasks and the entry's is another one.
pub(super) fn unlisted<'p>(page: &'p Page<'_>, body: &Body) -> Option<&'p Project> {
    let (_, project) = page.catalog.project(body.project.as_deref()?)?;
    let task = body.task.as_deref()?;
    (!project.tasks.is_empty() && project.listed_task(task).is_none()).then_some(project)
}

/// Required fields that are not there, and a task that its project does not have.
pub(super) fn missing(page: &Page<'_>, body: &Body) -> Vec<Field> {
    let unlisted = unlisted(page, body);
    let has = |field: &Field| match field {
        Field::Client => body.client.is_some(),
        Field::Project => body.project.is_some(),
        Field::Task => body.task.is_some() && unlisted.is_none(),
        Field::Billable => body.billable.is_some(),
        Field::Description => body.description.as_ref().is_some_and(|text| !text.trim().is_empty()),
        Field::Tags => !body.tags.is_empty(),
    };
    let required = page.catalog.required_for(body.project.as_deref());
    let besides = unlisted.filter(|_| !required.contains(&Field::Task)).map(|_| Field::Task);
    required.iter().copied().filter(|field| !has(field)).chain(besides).collect()
}

fn suspicions(verdict: &Verdict, body: &Body, by_person: &Assignment) -> Vec<Finding> {
    let by_rule = by_person.client.is_none() && by_person.project.is_none();
    let decided = Decided {
        client: body.client.as_deref(),
        project: body.project.as_deref(),
        task: body.task.as_deref(),
        billable: body.billable,
        seconds: body.seconds,
        confidence: verdict.confidence.filter(|_| by_rule),
    };
    let cause = json!({ "client": decided.client, "project": decided.project, "task": decided.task.map(digest), "billable": decided.billable, "seconds": decided.seconds });
    let raised = verdict.suspicions.iter().filter(|suspicion| suspicion.when.holds(&decided));
    raised
        .map(|suspicion| {
            Finding::meeting(&suspicion.reason, cause.clone(), suspicion.text.to_string()).with(json!({ "rule": &*suspicion.rule }))
        })
        .collect()
}

/// Names what an event says without saying it: words can be erased, causes stay (S8).
fn digest_of(event: &Event) -> String {
    let text = &event.fact.text;
    let mut people: Vec<&str> = text.attendees.iter().map(|attendee| attendee.email.as_str()).chain(text.organizer.as_deref()).collect();
    people.sort_unstable();
    digest(&format!("{}\n{}", text.title, people.join("\n")))
}
