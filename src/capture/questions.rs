//! Questions about calendars and about events that cannot be read: raised and closed by the pass that saw the cause (SEMANTICS S4).

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::origin::{BROKEN, Refusal, UNREADABLE};
use crate::{
    calendar::Broken,
    model::{
        event::Moment,
        exception::{Exception, ExceptionStatus, Question, Reason, Subject, SubjectKind, cleared, next_exception},
        ids,
        staff::{Held, Source, Staff},
    },
    store::{Error, Tx},
};

/// Asks about a calendar that could not be read at all. What else is asked about it stays, since nothing was seen.
pub(super) async fn unreadable(tx: &mut Tx, source: &Source, today: NaiveDate, refusal: &Refusal, now: DateTime<Utc>) -> Result<(), Error> {
    let (name, message) = (refusal.reason(), refusal.to_string());
    let message = if name == UNREADABLE { message } else { format!("{}: {message}", source.calendar.name) };
    let reason = reason(name, json!({ "message": message }), json!({ "calendar": source.calendar.id }), message);
    write(tx, source, vec![(subject(source), On { known: None, today }, vec![reason])], |_| false, now).await
}

/// A calendar that could not be read says the same as before: that question goes, the others stay. Says how many events are unread.
pub(super) async fn readable(tx: &mut Tx, source: &Source, now: DateTime<Utc>) -> Result<usize, Error> {
    let is_about_reading =
        |exception: &Exception| exception.reasons.iter().any(|reason| [UNREADABLE, BROKEN].contains(&reason.reason.as_str()));
    write(tx, source, Vec::new(), is_about_reading, now).await?;
    let calendar = json!(source.calendar.id);
    let open = tx.exceptions_about_sources(source.calendar.staff).await?;
    let unread = |exception: &&Exception| {
        exception.subject.kind == SubjectKind::Event
            && exception.status != ExceptionStatus::Cleared
            && exception.reasons.iter().any(|reason| reason.evidence["calendar"] == calendar)
    };
    Ok(open.iter().filter(unread).count())
}

/// Asks about what a pass over the calendar saw, and closes what it saw no more.
pub(super) async fn of_pass(
    tx: &mut Tx,
    source: &Source,
    staff: &Staff,
    broken: &[Broken],
    held: Option<&Held>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let today = staff.zones.date_of(now);
    let date = |broken: &Broken| match broken.at? {
        Moment::At(at) => Some(staff.zones.date_of(at)),
        Moment::On(date) => Some(date),
    };
    let ask = |broken: &Broken| (event_subject(source, broken), On { known: date(broken), today }, vec![unread(source, broken)]);
    let mut asked: Vec<_> = broken.iter().map(ask).collect();
    asked.sort_by_key(|(subject, ..)| *subject);
    asked.dedup_by_key(|(subject, ..)| *subject);
    asked.extend(held.map(|held| (subject(source), On { known: None, today }, vec![mass_deletion(source, held)])));
    write(tx, source, asked, |_| true, now).await
}

/// Asks about a calendar that went quiet.
pub(super) async fn silent(tx: &mut Tx, source: &Source, today: NaiveDate, now: DateTime<Utc>) -> Result<(), Error> {
    let message =
        format!("{} always had events and has none in the last week and the next; is it still the right calendar?", source.calendar.name);
    let reason = reason("source-silent", json!({ "calendar": source.calendar.id }), json!({ "calendar": source.calendar.id }), message);
    write(tx, source, vec![(subject(source), On { known: None, today }, vec![reason])], |_| false, now).await
}

/// A calendar that is read no more asks nothing more.
pub(crate) async fn close(tx: &mut Tx, source: &Source, now: DateTime<Utc>) -> Result<(), Error> {
    write(tx, source, Vec::new(), |_| true, now).await
}

/// The date a question stands on: of what it is about, where that is known, else when it was first seen.
struct On {
    known: Option<NaiveDate>,
    today: NaiveDate,
}

fn subject(source: &Source) -> Subject {
    Subject { kind: SubjectKind::Calendar, id: source.calendar.id.0, segment: 0 }
}

fn event_subject(source: &Source, broken: &Broken) -> Subject {
    Subject { kind: SubjectKind::Event, id: ids::derived(source.calendar.id.0, &broken.key), segment: 0 }
}

fn reason(name: &str, cause: Value, evidence: Value, message: String) -> Reason {
    Reason { reason: name.to_owned(), holding: false, cause, evidence, message }
}

/// It is the same question for as long as the event begins when it does and has the same fault, wherever in its file it stands (S14).
fn unread(source: &Source, broken: &Broken) -> Reason {
    let Broken { line, begins, message, .. } = broken;
    let name = &source.calendar.name;
    let told = match (begins, line) {
        (None, 0) => format!("{name}: {message}"),
        (None, line) => format!("{name}: line {line}: {message}"),
        (Some(begins), line) => format!("{name}: what begins on {begins} cannot be read (line {line}): {message}"),
    };
    let evidence = json!({ "calendar": source.calendar.id, "line": line });
    reason(broken.reason, json!({ "begins": begins, "message": message }), evidence, told)
}

fn mass_deletion(source: &Source, held: &Held) -> Reason {
    let message = format!(
        "{} meetings vanished from {} at once and were kept; if that is meant: kalends calendar accept-removals {}",
        held.meetings,
        source.calendar.name,
        ids::short(source.calendar.id.0)
    );
    let evidence = json!({ "calendar": source.calendar.id, "answers": held.answers });
    reason("mass-deletion", json!({ "digest": held.digest, "meetings": held.meetings }), evidence, message)
}

/// Writes the difference to what stands about this calendar; `gone` says whether what is not asked any more is cleared.
async fn write(
    tx: &mut Tx,
    source: &Source,
    asked: Vec<(Subject, On, Vec<Reason>)>,
    gone: impl Fn(&Exception) -> bool,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let staff = source.calendar.staff;
    let calendar = json!(source.calendar.id);
    let mut standing = tx.exceptions_about_sources(staff).await?;
    standing.retain(|exception| exception.reasons.iter().any(|reason| reason.evidence["calendar"] == calendar));
    let subjects: Vec<_> = asked.iter().map(|(subject, ..)| subject.id).collect();
    let decisions = tx.decisions_about(&subjects).await?;
    let mut rows = Vec::new();
    for (subject, on, reasons) in asked {
        let before = standing.iter().position(|exception| exception.subject == subject).map(|index| standing.swap_remove(index));
        let first_seen = before.as_ref().filter(|before| before.status != ExceptionStatus::Cleared).map(|before| before.date);
        let date = on.known.or(first_seen).unwrap_or(on.today);
        rows.extend(next_exception(staff, before.as_ref(), Question::new(subject, date, reasons, &decisions), None, now));
    }
    rows.extend(
        standing
            .iter()
            .filter(|exception| exception.status != ExceptionStatus::Cleared && gone(exception))
            .map(|one| cleared(one, None, now)),
    );
    tx.save_exceptions(&rows).await
}
