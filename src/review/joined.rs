//! What is done to an entry that others were joined into: it is done to all of it, or refused where it does not say to what. Of a joined
//! entry only the sum is kept, so that times of its parts are changed before they are joined (SEMANTICS S12).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::Refusal;
use crate::{
    model::{
        decision::{Act, Decision},
        entry::Entry,
        ids::{self, MeetingId},
    },
    store::{self, Tx},
};

/// A meeting's segment.
type Part = (Uuid, i64);

/// What each of some entries took in, by the entry's own part.
#[derive(Default)]
pub(super) struct Joined(BTreeMap<Part, Vec<Part>>);

impl Joined {
    pub(super) async fn load(tx: &mut Tx, entries: &[&Entry]) -> Result<Self, store::Error> {
        let meetings: Vec<_> = entries.iter().map(|entry| entry.key.meeting.0).collect();
        let decisions = tx.decisions_about(&meetings).await?;
        let mut joined = Self::default();
        for entry in entries {
            let own: Vec<_> = decisions.iter().filter(|one| one.subject == entry.key.meeting.0).cloned().collect();
            let taken = taken(tx, entry.key.meeting, own).await?;
            if !taken.is_empty() {
                joined.0.insert((entry.key.meeting.0, entry.key.segment), taken);
            }
        }
        Ok(joined)
    }

    /// The parts that acts on an entry are about, too.
    ///
    /// # Errors
    /// If they do not say of which part they are meant.
    pub(super) fn also(&self, entry: &Entry, acts: &[Act]) -> Result<&[Part], Refusal> {
        let Some(taken) = self.0.get(&(entry.key.meeting.0, entry.key.segment)) else { return Ok(&[]) };
        let body = &entry.body;
        let has_no_gap = (body.end - body.start).num_seconds() == body.seconds;
        let is_clear = |act: &Act| match act {
            Act::Split { .. } | Act::GiveWay(_) => false,
            Act::Time(edit) => has_no_gap && edit.start <= body.start && body.end <= edit.end,
            _ => true,
        };
        if !acts.iter().all(is_clear) {
            let short = ids::short(entry.id.0);
            return Err(Refusal::Wrong(format!(
                "{short} was joined from several, and this does not say which of them changes: take the join back (kalends entries undo \
                 {short}), change one of them, and join them again"
            )));
        }
        Ok(if acts.contains(&Act::NotWork) { taken } else { &[] })
    }
}

/// Everything that was merged into a meeting, and into that.
async fn taken(tx: &mut Tx, meeting: MeetingId, own: Vec<Decision>) -> Result<Vec<Part>, store::Error> {
    let (mut found, mut open) = (Vec::new(), vec![(meeting, own)]);
    while let Some((target, own)) = open.pop() {
        let is_into = |one: &&Decision| matches!(one.act, Act::Merge { into, .. } if into == target);
        let batches: BTreeSet<_> = own.iter().filter(is_into).filter_map(|one| one.batch).collect();
        for batch in batches {
            for one in tx.decisions_of_batch(batch).await?.iter().filter(is_into).filter(|one| one.subject != target.0) {
                let part = (one.subject, one.segment);
                let about = tx.decisions_about(&[one.subject]).await?;
                if !found.contains(&part) && is_in(&about, part, target) {
                    found.push(part);
                    open.push((MeetingId(one.subject), about));
                }
            }
        }
    }
    Ok(found)
}

/// Whether a part was last merged into a meeting, and not told to follow its event since.
fn is_in(about: &[Decision], part: Part, target: MeetingId) -> bool {
    about.iter().filter(|one| (one.subject, one.segment) == part).fold(false, |is_in, one| match &one.act {
        Act::Merge { into, .. } => *into == target,
        Act::Follow => false,
        _ => is_in,
    })
}
