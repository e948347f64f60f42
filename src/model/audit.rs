//! The audit: who did what to what, when and why, with what stood before and after. Holds no words of events (S8, S22).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::model::{entry::Entry, exception::Exception, ids::StaffId};

/// Derivation, as an actor.
pub(crate) const DERIVATION: &str = "kalends";

/// One act.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the verb of an act is its act")]
pub(crate) struct Act {
    /// Whose book; none for what is nobody's, such as a token or a role.
    pub(crate) staff: Option<StaffId>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: String,
    /// A verb: `approve`, `assign`, `lock` …
    pub(crate) act: String,
    pub(crate) subject_kind: &'static str,
    pub(crate) subject: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
    pub(crate) why: Option<String>,
}

impl Act {
    /// Someone did something to a record of some kind. What else there is to say is added.
    pub(crate) fn new(actor: &str, act: &str, at: DateTime<Utc>, subject_kind: &'static str, subject: &impl ToString) -> Self {
        let (actor, act, subject) = (actor.to_owned(), act.to_owned(), subject.to_string());
        Self { staff: None, at, actor, act, subject_kind, subject, before: None, after: None, why: None }
    }

    /// In this person's book.
    pub(crate) fn of(self, staff: StaffId) -> Self {
        Self { staff: Some(staff), ..self }
    }

    pub(crate) fn from(self, before: Value) -> Self {
        Self { before: Some(before), ..self }
    }

    pub(crate) fn to(self, after: Value) -> Self {
        Self { after: Some(after), ..self }
    }

    pub(crate) fn because(self, why: Option<String>) -> Self {
        Self { why, ..self }
    }

    /// What happened to an entry.
    pub(crate) fn on_entry(
        actor: &str,
        act: &str,
        at: DateTime<Utc>,
        (before, after): (Option<&Entry>, &Entry),
        why: Option<String>,
    ) -> Self {
        let done = Self::new(actor, act, at, "entry", &after.id).of(after.staff).to(entry(after)).because(why);
        Self { before: before.map(entry), ..done }
    }

    /// What happened to a question.
    pub(crate) fn on_exception(
        actor: &str,
        act: &str,
        at: DateTime<Utc>,
        (before, after): (&Exception, &Exception),
        why: Option<String>,
    ) -> Self {
        let done = Self::new(actor, act, at, "exception", &after.id).of(after.staff).because(why);
        done.from(exception(before, at)).to(exception(after, at))
    }
}

fn entry(entry: &Entry) -> Value {
    let mut shown = entry.body.meaning();
    shown["status"] = json!(entry.status);
    shown["version"] = json!(entry.version);
    shown["held"] = json!(entry.body.held);
    shown
}

fn exception(exception: &Exception, now: DateTime<Utc>) -> Value {
    json!({
        "standing": exception.standing(now), "version": exception.version, "assignee": exception.assignee,
        "snoozed_until": exception.snoozed_until, "reasons": exception.reasons.iter().map(|reason| &reason.reason).collect::<Vec<_>>(),
    })
}
