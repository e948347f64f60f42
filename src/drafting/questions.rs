//! Findings become questions: one per subject, reasons in leading order, what a person dismissed taken out (SEMANTICS S4, S14).

use serde_json::{Value, json};

use super::{Asked, Page, Piece, checks, checks::Finding};
use crate::model::{
    decision::Decision,
    entry::EntryKey,
    exception::{Concern, Question, Reason, Subject, SubjectKind, rank},
    ids,
};

/// A day's total is asked about again once it is this much above the one that was dismissed.
const REOPEN_SECONDS: i64 = 30 * 60;

/// Makes the questions of a page, and holds the entries they are about.
pub(super) fn settle(page: &Page<'_>, pieces: &mut [Piece<'_>], decisions: &[&Decision]) -> (Vec<Question>, Vec<Concern>) {
    let mut questions = Vec::from_iter(day_limits(page, pieces, decisions));
    let day_holds = questions.iter().any(|day| day.open.iter().any(|reason| reason.holding));
    let mut concerns = Vec::new();
    for day in &questions {
        let here = pieces.iter().filter(|piece| piece.is_here(page));
        concerns.extend(here.flat_map(|piece| day.open.iter().map(|reason| Concern::new(piece.key, day.subject, reason))));
    }
    for piece in pieces.iter_mut() {
        let (key, is_settled, mut taken) = (piece.key, piece.settled.is_some(), std::mem::take(&mut piece.taken));
        let mut held = day_holds;
        for part in taken.iter_mut().chain([&mut *piece]) {
            let Told { question, open } = ask(page, part, is_settled, decisions);
            held |= open.iter().any(|(_, reason)| reason.holding);
            concerns.extend(open.iter().map(|(subject, reason)| Concern::new(key, *subject, reason)));
            add(&mut questions, question);
        }
        piece.body.held = held;
    }
    questions.iter_mut().for_each(order);
    questions.retain(|question| !question.open.is_empty() || !question.dismissed.is_empty());
    questions.sort_by_key(|question| question.subject);
    (questions, concerns)
}

/// What is asked about one piece.
struct Told {
    question: Question,
    /// Everything about it that nobody has seen yet, and where that is asked: here or with the meeting.
    open: Vec<(Subject, Reason)>,
}

fn ask(page: &Page<'_>, piece: &mut Piece<'_>, is_settled: bool, decisions: &[&Decision]) -> Told {
    if is_settled {
        piece.findings.iter_mut().for_each(|finding| finding.reason.holding = false);
    }
    let subject = subject(piece.key);
    // Where the books are closed nothing is released, so that it was seen is enough.
    let incomplete = !page.is_locked() && !checks::missing(page, &piece.body).is_empty();
    let seen = |subject: Subject, reason: &Reason| {
        is_dismissed(decisions, subject, reason) && !(incomplete && matches!(reason.reason.as_str(), "unmatched" | "missing-field"))
    };
    // What is asked elsewhere is seen there.
    let open = piece.findings.iter().filter_map(|finding| {
        let (at, reason) = piece.asked_elsewhere(finding).map_or((subject, &finding.reason), |(key, reason)| (self::subject(key), reason));
        (!seen(at, reason)).then(|| (at, finding.reason.clone()))
    });
    let open_of_piece = open.collect();
    let here = piece.findings.iter().filter(|finding| piece.asked_elsewhere(finding).is_none()).map(|finding| finding.reason.clone());
    let (dismissed, open): (Vec<_>, Vec<_>) = here.partition(|reason| seen(subject, reason));
    Told { question: Question { subject, date: page.date, open, dismissed }, open: open_of_piece }
}

fn subject(key: EntryKey) -> Subject {
    Subject { kind: SubjectKind::Meeting, id: key.meeting.0, segment: key.segment }
}

impl Piece<'_> {
    /// The same finding where its meeting is asked about, if that is not here. Its cause may differ, as the seconds of its day do.
    fn asked_elsewhere(&self, finding: &Finding) -> Option<(EntryKey, &Reason)> {
        let Asked { key, reasons } = self.elsewhere.as_ref().filter(|_| finding.of_meeting)?;
        let same = |other: &&Reason| (&other.reason, &other.message) == (&finding.reason.reason, &finding.reason.message);
        Some((*key, reasons.iter().find(same)?))
    }
}

/// Legs of one segment share their question.
fn add(questions: &mut Vec<Question>, question: Question) {
    match questions.iter_mut().find(|known| known.subject == question.subject) {
        Some(known) => {
            known.open.extend(question.open.into_iter().filter(|reason| !known.open.contains(reason)).collect::<Vec<_>>());
            known.dismissed.extend(question.dismissed.into_iter().filter(|reason| !known.dismissed.contains(reason)).collect::<Vec<_>>());
        }
        None => questions.push(question),
    }
}

fn order(question: &mut Question) {
    let place = |reason: &Reason| (rank(&reason.reason), reason.reason.clone(), reason.message.clone());
    question.open.sort_by_key(place);
    question.dismissed.sort_by_key(place);
}

fn is_dismissed(decisions: &[&Decision], subject: Subject, of: &Reason) -> bool {
    dismissals(decisions, subject, &of.reason).any(|cause| *cause == of.cause)
}

fn dismissals<'a>(decisions: &'a [&Decision], on: Subject, name: &'a str) -> impl Iterator<Item = &'a Value> {
    decisions.iter().filter_map(move |decision| decision.dismissal_of(on, name))
}

/// Limits on the total of the day: one question about the day, which holds all its entries that are still open.
fn day_limits(page: &Page<'_>, pieces: &[Piece<'_>], decisions: &[&Decision]) -> Option<Question> {
    let total: i64 = pieces.iter().filter(|piece| piece.is_here(page)).map(|piece| piece.body.seconds).sum();
    let subject = Subject { kind: SubjectKind::Day, id: ids::of_day(page.staff.id, page.date), segment: 0 };
    let over = page.policy.day_limits.iter().filter(|limit| limit.min_seconds <= total);
    let reasons = over.map(|limit| Reason {
        reason: limit.reason.clone(),
        holding: true,
        cause: json!({ "seconds": total }),
        evidence: json!({ "rule": limit.rule }),
        message: format!("{} ({}:{:02} h)", limit.text, total / 3600, total / 60 % 60),
    });
    let seen = |reason: &Reason| {
        let highest = dismissals(decisions, subject, &reason.reason).filter_map(|cause| cause["seconds"].as_i64()).max();
        highest.is_some_and(|seen| total < seen + REOPEN_SECONDS)
    };
    let (dismissed, open): (Vec<_>, Vec<_>) = reasons.partition(seen);
    (!open.is_empty() || !dismissed.is_empty()).then_some(Question { subject, date: page.date, open, dismissed })
}
