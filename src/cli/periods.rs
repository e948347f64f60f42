//! `periods`: closing books for good, and which are closed.

use std::collections::BTreeSet;

use anyhow::{Context, ensure};
use chrono::NaiveDate;

use super::{Outcome, answer, book, complain};
use crate::{
    app::App,
    model::{
        audit,
        entry::EntryStatus,
        exception::{ExceptionStatus, SubjectKind},
        ids::StaffId,
        staff::Staff,
        words::counted,
    },
    store::{Tx, entries::EntryFilter},
};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Lock {
    /// The last date that is closed; today at most, since a lock is never taken back.
    #[arg(long)]
    through: NaiveDate,
    /// Only this person's book.
    #[arg(long)]
    staff: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

pub(crate) async fn lock(app: &App, args: &Lock) -> anyhow::Result<Outcome> {
    let staff = match &args.staff {
        Some(email) => Some(book::person(app, email).await?),
        None => None,
    };
    let whose = staff.as_ref().map_or_else(|| "everyone".to_owned(), |one| one.email().to_owned());
    let who = book::operator(app).await?;
    let now = app.config.clock.now();
    let mut tx = app.store.write().await?;
    let people: Vec<Staff> = match staff.clone() {
        Some(one) => vec![one],
        None => tx.staff().await?,
    };
    // What is yet to come could never be written any more.
    let today = people.iter().map(|one| one.zones.date_of(now)).min().unwrap_or_else(|| now.date_naive());
    ensure!(args.through <= today, "{} is yet to come, and a lock is never taken back: lock through {today} at most", args.through);
    let standing = app.config.policy.locked_through.max(tx.locked_through(staff.as_ref().map(|one| one.id)).await?);
    if let Some(through) = standing.filter(|through| args.through < *through) {
        anyhow::bail!("the books of {whose} are closed through {through} already; a lock only ever moves forward");
    }
    let left = left_open(&mut tx, &people, args.through).await?;
    tx.lock_period(staff.as_ref().map(|one| one.id), args.through, (&who.name, args.why.as_deref()), now).await?;
    let done = audit::Act::new(&who.name, "lock", now, "period", &args.through).because(args.why.clone());
    tx.audit(&[audit::Act { staff: staff.as_ref().map(|one| one.id), ..done }]).await?;
    tx.commit().await?;
    answer(&format!("the books of {whose} are closed through {}; a lock only ever moves forward", args.through));
    if let Some(left) = left {
        complain(&left);
    }
    Ok(Outcome::Done)
}

/// What a closed period keeps from ever being answered or submitted, if anything.
async fn left_open(tx: &mut Tx, people: &[Staff], through: NaiveDate) -> anyhow::Result<Option<String>> {
    let ids: BTreeSet<StaffId> = people.iter().map(|one| one.id).collect();
    let first = people.iter().map(|one| one.first_day).min().context("nobody's books can be closed")?;
    let filter = EntryFilter { from: first, to: through, staff: None, status: None };
    let is_open = |status: EntryStatus| matches!(status, EntryStatus::Draft | EntryStatus::Rejected | EntryStatus::Submitted);
    let entries: Vec<_> = tx.entries(&filter).await?.into_iter().filter(|one| ids.contains(&one.staff) && is_open(one.status)).collect();
    let is_asked = |kind: SubjectKind| matches!(kind, SubjectKind::Meeting | SubjectKind::Day);
    let questions = tx.exceptions(ExceptionStatus::Open).await?;
    let questions = questions.iter().filter(|one| ids.contains(&one.staff) && is_asked(one.subject.kind) && one.date <= through).count();
    if entries.is_empty() && questions == 0 {
        return Ok(None);
    }
    let held = entries.iter().filter(|one| one.body.held).count();
    Ok(Some(format!(
        "left inside, and never to be approved any more: {} ({held} held); and {}, which can be dismissed",
        counted(entries.len(), "entry", "entries"),
        counted(questions, "open question", "open questions")
    )))
}

pub(crate) async fn locks(app: &App) -> anyhow::Result<Outcome> {
    let mut tx = app.store.read().await?;
    let (locks, people) = (tx.period_locks().await?, tx.staff().await?);
    let rows = locks.into_iter().map(|(staff, through, at, actor, why)| {
        let whose = staff.map_or_else(
            || "everyone".to_owned(),
            |id| people.iter().find(|one| one.id == id).map_or_else(String::new, |one| one.email().to_owned()),
        );
        [through.to_string(), whose, at.date_naive().to_string(), actor, why.unwrap_or_default()]
    });
    answer(&book::table(["through", "whose", "since", "by", "why"], rows));
    Ok(Outcome::Done)
}
