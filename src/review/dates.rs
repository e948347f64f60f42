//! Where an act may leave time: on a person's days, and not in a period whose books are locked (SEMANTICS S10, S20).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Desk, Refusal};
use crate::{
    model::{
        decision::Act,
        exception::ExceptionStatus,
        ids::{ExceptionId, StaffId},
        staff::Staff,
    },
    settling::{Basis, Wanted, rederive},
    store::{self, Tx},
};

/// Whether the books are still open for a date (S10).
pub(super) fn is_open_on(locked_through: Option<NaiveDate>, date: NaiveDate) -> Result<(), Refusal> {
    match locked_through {
        Some(through) if date <= through => Err(Refusal::Locked(through)),
        _ => Ok(()),
    }
}

/// Whether a person's time is recorded on the day to which an act brings it.
pub(super) fn is_hers(person: &Staff, act: &Act) -> Result<(), Refusal> {
    let date = match act {
        Act::Write(written) => written.date,
        Act::Time(edit) | Act::GiveWay(edit) => person.zones.date_of(edit.start),
        _ => return Ok(()),
    };
    if person.works_on(date) {
        return Ok(());
    }
    let last = person.last_day.map_or_else(String::new, |last| format!(" to {last}"));
    Err(Refusal::Wrong(format!("{date} is none of her days: these are from {}{last}", person.first_day)))
}

impl Desk<'_> {
    /// Derives what an act touches. Time that would come to stand in a locked period would be lost there, with a question that nobody can
    /// answer: then the act is refused, and nothing of it is written.
    pub(super) async fn derive(&self, tx: &mut Tx, staff: StaffId, pages: Wanted, basis: Basis<'_>) -> Result<(), Refusal> {
        let Some(through) = self.locked_through(tx, staff).await? else {
            rederive(tx, staff, pages, basis).await?;
            return Ok(());
        };
        let subjects: Vec<Uuid> = pages.subjects.iter().copied().collect();
        let before = locked_out(tx, staff, &subjects).await?;
        rederive(tx, staff, pages, basis).await?;
        let is_new = !locked_out(tx, staff, &subjects).await?.is_subset(&before);
        if is_new { Err(Refusal::Locked(through)) } else { Ok(()) }
    }
}

/// Open questions that stand for time which a lock keeps out of the book.
async fn locked_out(tx: &mut Tx, staff: StaffId, subjects: &[Uuid]) -> Result<BTreeSet<ExceptionId>, store::Error> {
    let asked = tx.exceptions_about(staff, subjects).await?;
    let open = asked.into_iter().filter(|one| one.status == ExceptionStatus::Open);
    let locked = open.filter(|one| one.reasons.iter().any(|reason| reason.reason == "late" && !reason.cause["locked_through"].is_null()));
    Ok(locked.map(|one| one.id).collect())
}
