//! Exceptions: questions for a person. One item per subject carries all its reasons (S4).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::model::{
    decision::Decision,
    entry::EntryKey,
    ids::{self, EntryId, ExceptionId, StaffId},
    words::words,
};

/// The reasons code raises, whatever the rules say, in the order in which they lead. Policy reasons come after them all.
pub(crate) const STRUCTURAL: &[&str] = &[
    "mass-deletion",
    "needs-reconnect",
    "unreadable-calendar",
    "source-broken",
    "source-silent",
    "bad-event",
    "unknown-timezone",
    "changed-after-approval",
    "changed-after-submission",
    "deleted-after-edit",
    "edit-outdated",
    "late",
    "time-reversed",
    "conflict",
    "unknown-code",
    "unmatched",
    "missing-field",
    "closed-project",
    "duplicate",
    "overlap",
];

/// The place of a reason in the order; policy reasons share the last.
pub(crate) fn rank(reason: &str) -> usize {
    STRUCTURAL.iter().position(|known| *known == reason).unwrap_or(STRUCTURAL.len())
}

/// One reason why a subject needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "`reason` is the word on the wire")]
pub(crate) struct Reason {
    /// Kebab-case, permanent.
    pub(crate) reason: String,
    /// Whether the entry is held back by it.
    pub(crate) holding: bool,
    /// Exactly the values the check read; a dismissal holds as long as they stay (S14).
    pub(crate) cause: Value,
    /// What a reader wants beside the message: ids, spans, rule names. Never event text.
    pub(crate) evidence: Value,
    /// One sentence for the reader, free of event text.
    pub(crate) message: String,
}

words! {
    /// What an exception is about.
    SubjectKind {
        Meeting = "meeting",
        Day = "day",
        Event = "event",
        Calendar = "calendar",
        Connection = "connection",
    }
}

/// What an exception is about. A meeting over midnight is one subject per segment; the others use segment 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Subject {
    pub(crate) kind: SubjectKind,
    pub(crate) id: Uuid,
    pub(crate) segment: i64,
}

/// A question as derivation states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) subject: Subject,
    pub(crate) date: NaiveDate,
    /// Not dismissed reasons in leading order; if empty, `dismissed` says what was.
    pub(crate) open: Vec<Reason>,
    pub(crate) dismissed: Vec<Reason>,
}

/// An open reason of a question, and one of the entries it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Concern {
    pub(crate) entry: EntryKey,
    pub(crate) subject: Subject,
    pub(crate) reason: String,
    pub(crate) message: String,
}

impl Concern {
    pub(crate) fn new(entry: EntryKey, subject: Subject, of: &Reason) -> Self {
        Self { entry, subject, reason: of.reason.clone(), message: of.message.clone() }
    }
}

impl Question {
    /// A question with these reasons, those apart that a person dismissed for exactly this cause.
    pub(crate) fn new(subject: Subject, date: NaiveDate, reasons: Vec<Reason>, decisions: &[Decision]) -> Self {
        let (dismissed, open) = reasons
            .into_iter()
            .partition(|reason| decisions.iter().any(|decision| decision.dismissal_of(subject, &reason.reason) == Some(&reason.cause)));
        Self { subject, date, open, dismissed }
    }
}

words! {
    /// Where an exception stands.
    ExceptionStatus {
        Open = "open",
        /// A person saw it and called it no problem.
        Dismissed = "dismissed",
        /// Its cause went away.
        Cleared = "cleared",
    }
}

/// A question as it stands in the book.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exception {
    pub(crate) id: ExceptionId,
    pub(crate) version: i64,
    pub(crate) staff: StaffId,
    pub(crate) subject: Subject,
    pub(crate) date: NaiveDate,
    pub(crate) status: ExceptionStatus,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) entry: Option<EntryId>,
    pub(crate) opened_at: DateTime<Utc>,
    /// How often it was opened.
    pub(crate) times: i64,
    /// Who is to answer it, where someone was named.
    pub(crate) assignee: Option<StaffId>,
    /// Out of sight until then.
    pub(crate) snoozed_until: Option<DateTime<Utc>>,
    /// Who answered it, where a person did.
    pub(crate) resolved_by: Option<String>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
}

words! {
    /// Where an exception stands, as people see it.
    Standing {
        Open = "open",
        Assigned = "assigned",
        Snoozed = "snoozed",
        Reopened = "reopened",
        /// A person answered it.
        Resolved = "resolved",
        Dismissed = "dismissed",
        /// Its cause went by itself.
        Cleared = "cleared",
    }
}

impl Exception {
    /// The reason that leads.
    pub(crate) fn lead(&self) -> &str {
        self.reasons.first().map_or("", |reason| reason.reason.as_str())
    }

    /// What alike questions have in common, so that they can be answered together: everything that the answer rests on. The same title
    /// and people, the same code, what is missing at the same project. Where nothing says that, it is alike to no other.
    pub(crate) fn common(&self) -> String {
        let Some(lead) = self.reasons.first() else { return self.subject.id.to_string() };
        let (cause, rule) = (&lead.cause, &lead.evidence["rule"]);
        let is_for_something = !cause["client"].is_null() || !cause["project"].is_null();
        let told = match (lead.reason.as_str(), self.subject.kind) {
            ("unmatched", _) => vec![&cause["event"]],
            ("unknown-code", _) => vec![&cause["code"]],
            ("closed-project", _) => vec![&cause["project"]],
            ("conflict", _) => vec![&cause["field"], &cause["values"]],
            ("missing-field", _) if is_for_something => vec![&cause["fields"], &cause["client"], &cause["project"]],
            (_, SubjectKind::Event) => vec![&lead.evidence["calendar"]],
            (_, SubjectKind::Day) if !rule.is_null() => vec![rule],
            _ if is_for_something && !rule.is_null() => vec![rule, &cause["client"], &cause["project"]],
            _ => Vec::new(),
        };
        if told.is_empty() {
            return self.subject.id.to_string();
        }
        told.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
    }

    /// Whether it holds its entry back now.
    pub(crate) fn is_holding(&self) -> bool {
        self.status == ExceptionStatus::Open && self.reasons.iter().any(|reason| reason.holding)
    }

    pub(crate) fn standing(&self, now: DateTime<Utc>) -> Standing {
        match self.status {
            ExceptionStatus::Open if self.snoozed_until.is_some_and(|until| until > now) => Standing::Snoozed,
            ExceptionStatus::Open if self.assignee.is_some() => Standing::Assigned,
            ExceptionStatus::Open if self.times > 1 => Standing::Reopened,
            ExceptionStatus::Open => Standing::Open,
            ExceptionStatus::Dismissed => Standing::Dismissed,
            ExceptionStatus::Cleared if self.resolved_by.is_some() => Standing::Resolved,
            ExceptionStatus::Cleared => Standing::Cleared,
        }
    }
}

/// The row a question becomes, if it differs from the one that stands.
pub(crate) fn next_exception(
    staff: StaffId,
    before: Option<&Exception>,
    question: Question,
    entry: Option<EntryId>,
    now: DateTime<Utc>,
) -> Option<Exception> {
    let status = if question.open.is_empty() { ExceptionStatus::Dismissed } else { ExceptionStatus::Open };
    let reasons = if question.open.is_empty() { question.dismissed } else { question.open };
    let Question { subject, date, .. } = question;
    let Some(before) = before else {
        let id = ExceptionId(ids::fresh());
        let closed_at = (status != ExceptionStatus::Open).then_some(now);
        let nobody = (None, None, None);
        let (assignee, snoozed_until, resolved_by) = nobody;
        let (version, times, opened_at) = (1, 1, now);
        return Some(Exception {
            id,
            version,
            staff,
            subject,
            date,
            status,
            reasons,
            entry,
            opened_at,
            times,
            assignee,
            snoozed_until,
            resolved_by,
            closed_at,
        });
    };
    let entry = entry.or(before.entry);
    let same = before.status == status && before.date == date && before.entry == entry && same_reasons(&before.reasons, &reasons);
    if same {
        return None;
    }
    let opened_at = if before.status == ExceptionStatus::Cleared { now } else { before.opened_at };
    let next = Exception { version: before.version + 1, date, status, reasons, entry, opened_at, ..before.clone() };
    Some(match (before.status, status) {
        (ExceptionStatus::Open, ExceptionStatus::Open) => next,
        (_, ExceptionStatus::Open) => {
            Exception { times: before.times + 1, closed_at: None, resolved_by: None, snoozed_until: None, ..next }
        }
        _ => Exception { closed_at: before.closed_at.or(Some(now)), ..next },
    })
}

fn same_reasons(one: &[Reason], other: &[Reason]) -> bool {
    let meaning = |reason: &Reason| (reason.reason.clone(), reason.holding, reason.cause.clone(), reason.message.clone());
    one.iter().map(meaning).eq(other.iter().map(meaning))
}

/// The cause went away, by itself or because someone acted; the reasons stay, to say what went (S14).
pub(crate) fn cleared(exception: &Exception, by: Option<&str>, now: DateTime<Utc>) -> Exception {
    let (version, resolved_by, snoozed_until) = (exception.version + 1, by.map(str::to_owned), None);
    Exception { version, status: ExceptionStatus::Cleared, resolved_by, snoozed_until, closed_at: Some(now), ..exception.clone() }
}
