//! The difference between what ought to stand on some days and what does. Pure.
//!
//! Meaning only (SEMANTICS S5): a reload that changes no value writes no row. Entries match by identity across all days at once, so
//! that a moved event moves its entry and there is never a moment with two or none (S3).

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::model::{
    entry::{Body, Draft, Entry, EntryKey, EntryStatus},
    exception::{Exception, ExceptionStatus, Question, Subject, SubjectKind, cleared, next_exception},
    ids::{self, EntryId, StaffId},
};

/// Rows to write, each whole, with its next version.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Difference {
    pub(crate) entries: Vec<Entry>,
    pub(crate) exceptions: Vec<Exception>,
}

/// Entries first: exceptions name them.
pub(crate) fn entries(staff: StaffId, derived: Vec<Draft>, standing: &[Entry]) -> Vec<Entry> {
    let mut before: HashMap<EntryKey, &Entry> = standing.iter().map(|entry| (entry.key, entry)).collect();
    let mut rows: Vec<Entry> = derived.into_iter().filter_map(|draft| next_entry(staff, before.remove(&draft.key), draft)).collect();
    let mut gone: Vec<_> = before.into_values().filter(|entry| is_open(entry.status)).map(void).collect();
    gone.sort_by_key(|entry| entry.key);
    rows.extend(gone);
    rows
}

fn is_open(status: EntryStatus) -> bool {
    matches!(status, EntryStatus::Draft | EntryStatus::Rejected)
}

fn next_entry(staff: StaffId, before: Option<&Entry>, draft: Draft) -> Option<Entry> {
    let Draft { key, body, provenance } = draft;
    let Some(before) = before else {
        let id = EntryId(ids::fresh());
        return Some(Entry {
            id,
            version: 1,
            staff,
            key,
            status: EntryStatus::Draft,
            approved_at: None,
            submitted: None,
            body,
            provenance,
        });
    };
    // What was submitted and differs now goes back to draft (S9); what is approved stays whatever happens.
    let stays = before.status.is_approved() || (is_open(before.status) && same_meaning(&before.body, &body));
    let status = if is_as_submitted(before, &body) { EntryStatus::Submitted } else { EntryStatus::Draft };
    (!stays).then(|| Entry { version: before.version + 1, status, body, provenance, ..before.clone() })
}

/// Nobody took back what was submitted, only its calendar or the rules said otherwise; and now they say it again.
fn is_as_submitted(before: &Entry, body: &Body) -> bool {
    before.status == EntryStatus::Draft && !body.held && before.submitted.as_ref() == Some(&body.meaning())
}

/// Which copy of a meeting leads is not something a reader sees.
fn same_meaning(one: &Body, other: &Body) -> bool {
    Body { event: None, ..one.clone() } == Body { event: None, ..other.clone() }
}

fn void(entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    entry.version += 1;
    entry.status = EntryStatus::Void;
    entry.body.held = false;
    entry
}

/// Settling speaks of meetings and days; what is about events and calendars belongs to capture.
pub(crate) fn exceptions(
    staff: StaffId,
    derived: Vec<Question>,
    standing: &[Exception],
    entry_of: impl Fn(Subject) -> Option<EntryId>,
    (by, now): (Option<&str>, DateTime<Utc>),
) -> Vec<Exception> {
    let mut before: HashMap<Subject, &Exception> = standing
        .iter()
        .filter(|exception| matches!(exception.subject.kind, SubjectKind::Meeting | SubjectKind::Day))
        .map(|exception| (exception.subject, exception))
        .collect();
    let mut rows = Vec::new();
    for question in derived {
        let entry = entry_of(question.subject);
        rows.extend(next_exception(staff, before.remove(&question.subject), question, entry, now));
    }
    let mut gone: Vec<_> =
        before.into_values().filter(|exception| exception.status != ExceptionStatus::Cleared).map(|one| cleared(one, by, now)).collect();
    gone.sort_by_key(|exception| exception.subject);
    rows.extend(gone);
    rows
}
