//! What people did about an entry, each act in a few words: fields by their names, times by the clock, never words of an event.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::model::{
    catalog::Field,
    decision::{Act, ActKind, Assignment, Decision, EditedTime, Leg},
    entry::Entry,
};

/// One act of a person.
pub(super) struct Done {
    pub(super) kind: ActKind,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) at: DateTime<Utc>,
}

impl Done {
    /// Times are told in `zone`.
    pub(super) fn of(decision: &Decision, zone: Tz) -> Self {
        let what = told(decision, zone);
        Self { kind: ActKind::of(&decision.act), what, by: decision.actor.clone(), at: decision.at }
    }
}

/// Whether a decision is about an entry, and not about another part of its meeting alone.
pub(super) fn is_about(decision: &Decision, entry: &Entry) -> bool {
    match decision.act {
        Act::Assign(_) | Act::NotWork | Act::Dismiss { .. } => true,
        Act::Submit | Act::Withdraw | Act::Approve | Act::Reject { .. } | Act::Reopen { .. } => decision.entry == Some(entry.id),
        _ => (decision.subject, decision.segment) == (entry.key.meeting.0, entry.key.segment),
    }
}

fn told(decision: &Decision, zone: Tz) -> String {
    let span = |time: &EditedTime| {
        let clock = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M").to_string();
        format!("{}-{}", clock(time.start), clock(time.end))
    };
    match &decision.act {
        Act::Assign(assignment) => format!("said {}", named(assignment)),
        Act::NotWork => "said that it is no work".to_owned(),
        Act::Time(time) => format!("gave it the time {}", span(time)),
        Act::GiveWay(time) => format!("gave up {} of it", span(time)),
        Act::Split { legs, .. } => format!("split it {}", shares(legs)),
        Act::Merge { into, .. } if into.0 == decision.subject => "joined others into it".to_owned(),
        Act::Merge { .. } => "joined it into another entry".to_owned(),
        Act::Write(_) => "wrote it".to_owned(),
        Act::Keep { .. } => "kept its time when its event moved".to_owned(),
        Act::Follow => "let it follow its event".to_owned(),
        Act::Both { .. } => "kept it beside its event's new time".to_owned(),
        Act::Dismiss { reason, .. } => format!("accepted it as it is ({reason})"),
        Act::Submit => "submitted it".to_owned(),
        Act::Withdraw => "took it back".to_owned(),
        Act::Approve => "approved it".to_owned(),
        Act::Reject { .. } => "sent it back".to_owned(),
        Act::Reopen { .. } => "reopened it".to_owned(),
        Act::AcceptRemovals { .. } => "accepted what was taken away".to_owned(),
    }
}

/// The fields it decides.
fn named(assignment: &Assignment) -> String {
    let Assignment { client, project, task, billable, tags, description } = assignment;
    let fields = [
        (Field::Client, client.is_some()),
        (Field::Project, project.is_some()),
        (Field::Task, task.is_some()),
        (Field::Billable, billable.is_some()),
        (Field::Tags, tags.is_some()),
        (Field::Description, description.is_some()),
    ];
    let decided = fields.iter().filter(|(_, is_decided)| *is_decided);
    format!("what it is for: {}", decided.map(|(field, _)| field.as_str()).collect::<Vec<_>>().join(", "))
}

fn shares(legs: &[Leg]) -> String {
    legs.iter().map(|leg| leg.share.to_string()).collect::<Vec<_>>().join(":")
}
