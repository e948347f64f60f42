//! What is done to one of several entries of a segment, as decisions on the whole: the legs of a split lie end to end, so the time of one
//! is its borders with others, and what it is for is said where the split is (SEMANTICS S12). Knows no desk.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Refusal, questions::seen};
use crate::{
    model::{
        decision::{Act, Assignment, Decision, EditedTime, Leg, Seen},
        entry::{Body, Entry, EntryStatus},
    },
    store::{self, Tx},
};

/// Segments of which several entries stand, or that were split.
#[derive(Default)]
pub(super) struct Parts(BTreeMap<(Uuid, i64), Whole>);

struct Whole {
    /// None where one entry became several by giving way in its middle.
    legs: Vec<Leg>,
    /// Where the legs begin and the last one ends, if they lie end to end.
    bounds: Option<Vec<DateTime<Utc>>>,
    /// Whether its entries are for the same.
    is_of_one: bool,
    seen: Seen,
}

fn key(entry: &Entry) -> (Uuid, i64) {
    (entry.key.meeting.0, entry.key.segment)
}

impl Parts {
    /// The segments of some entries.
    pub(super) async fn load(tx: &mut Tx, entries: &[&Entry]) -> Result<Self, store::Error> {
        let meetings: Vec<_> = entries.iter().map(|entry| entry.key.meeting).collect();
        let mut live: BTreeMap<(Uuid, i64), Vec<Entry>> = BTreeMap::new();
        for entry in tx.entries_of_meetings(&meetings).await?.into_iter().filter(|entry| entry.status != EntryStatus::Void) {
            live.entry(key(&entry)).or_default().push(entry);
        }
        let decisions = tx.decisions_about(&meetings.iter().map(|meeting| meeting.0).collect::<Vec<_>>()).await?;
        let mut parts = Self::default();
        for entry in entries {
            let Some(live) = live.get_mut(&key(entry)) else { continue };
            live.sort_by_key(|one| (one.body.start, one.key.leg));
            let acts: Vec<_> = decisions.iter().filter(|one| (one.subject, one.segment) == key(entry)).collect();
            let split = acts.iter().rev().find_map(|decision| split(decision));
            if live.len() > 1 || split.is_some() {
                let seen = if let Some((_, seen)) = split { seen } else { seen(tx, entry).await? };
                parts.0.insert(key(entry), Whole::new(live, split.map(|(legs, _)| legs), has_given_way(&acts), seen));
            }
        }
        Ok(parts)
    }

    /// Whether an entry is one of several.
    pub(super) fn hold(&self, entry: &Entry) -> bool {
        self.0.contains_key(&key(entry))
    }

    /// What acts on an entry are where it is one of several.
    pub(super) fn on(&mut self, entry: &Entry, acts: Vec<Act>) -> Result<Vec<Act>, Refusal> {
        match self.0.get_mut(&key(entry)) {
            Some(whole) => acts.into_iter().try_fold(Vec::new(), |mut sum, act| {
                sum.extend(whole.change(entry, act)?);
                Ok(sum)
            }),
            None => Ok(acts),
        }
    }
}

fn split(decision: &Decision) -> Option<(&[Leg], Seen)> {
    match &decision.act {
        Act::Split { legs, seen } if legs.len() > 1 => Some((legs, *seen)),
        _ => None,
    }
}

fn has_given_way(acts: &[&Decision]) -> bool {
    acts.iter().fold(false, |given, decision| match decision.act {
        Act::GiveWay(_) => true,
        Act::Time(_) | Act::Follow => false,
        _ => given,
    })
}

/// What a leg of a rule's split is for, once a person changes the split.
fn leg(entry: &Entry) -> Leg {
    let Body { client, project, task, billable, seconds, .. } = entry.body.clone();
    let assignment = Assignment { client: Some(client), project: Some(project), task: Some(task), billable, ..Assignment::default() };
    Leg { share: u32::try_from(seconds).unwrap_or(u32::MAX), assignment, number: None }
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}

fn apart<T>() -> Result<T, Refusal> {
    Err(Refusal::Wrong(
        "it is one of several parts of a meeting, and that does not go with the others; change those first, or take the split back \
         (kalends entries undo) and split it again, with other shares"
            .to_owned(),
    ))
}

impl Whole {
    /// From the entries that stand, in order.
    fn new(live: &[Entry], split: Option<&[Leg]>, has_given_way: bool, seen: Seen) -> Self {
        let of = |body: &Body| (body.client.clone(), body.project.clone(), body.task.clone(), body.billable);
        let is_of_one = live.windows(2).all(|pair| of(&pair[0].body) == of(&pair[1].body));
        let by_rule = || if has_given_way { Vec::new() } else { live.iter().map(leg).collect() };
        let legs = split.map_or_else(by_rule, <[Leg]>::to_vec);
        let ends_meet = live.windows(2).all(|pair| pair[0].body.end == pair[1].body.start);
        let bounds = live.iter().map(|entry| entry.body.start).chain(live.last().map(|last| last.body.end));
        let bounds = (!has_given_way && ends_meet && live.len() == legs.len()).then(|| bounds.collect());
        Self { legs, bounds, is_of_one, seen }
    }

    fn change(&mut self, entry: &Entry, act: Act) -> Result<Vec<Act>, Refusal> {
        let place = self.legs.iter().enumerate().position(|(place, leg)| leg.number(place) == entry.key.leg).unwrap_or(usize::MAX);
        match act {
            Act::Split { legs, .. } if !self.legs.is_empty() => self.divide(place, &legs),
            Act::Assign(later) if self.legs.is_empty() && self.is_of_one => Ok(vec![Act::Assign(later)]),
            Act::Assign(later) => {
                let Some(leg) = self.legs.get_mut(place) else { return apart() };
                leg.assignment.overlay(&later);
                Ok(vec![self.split()])
            }
            Act::NotWork => {
                self.bounds = None;
                Ok(vec![self.gives((entry.body.start, entry.body.end))])
            }
            Act::Time(edit) if self.bounds.is_some() => self.lay(place, &edit),
            Act::Time(edit) => self.shorten(&entry.body, &edit),
            act => Ok(vec![act]),
        }
    }

    /// Divides one leg, into legs that are for what it was for where nothing else is said. The others keep their time, and stay who they are.
    fn divide(&mut self, place: usize, parts: &[Leg]) -> Result<Vec<Act>, Refusal> {
        let mut legs: Vec<Leg> =
            self.legs.iter().enumerate().map(|(place, leg)| Leg { number: Some(leg.number(place)), ..leg.clone() }).collect();
        let Some(whole) = legs.get(place).cloned() else { return apart() };
        let (sum, free) = (parts.iter().map(|part| u64::from(part.share)).sum::<u64>(), i64::try_from(legs.len()).unwrap_or(i64::MAX));
        let shares = legs.iter().map(|leg| u64::from(leg.share) * sum);
        let of_parts = parts.iter().map(|part| u64::from(whole.share) * u64::from(part.share));
        let mut shares: Vec<u64> = shares.collect();
        shares.splice(place..=place, of_parts);
        let further = parts.iter().zip(free - 1..).enumerate().map(|(nth, (part, number))| {
            let mut assignment = whole.assignment.clone();
            assignment.overlay(&part.assignment);
            Leg { share: part.share, assignment, number: if nth == 0 { whole.number } else { Some(number) } }
        });
        legs.splice(place..=place, further.collect::<Vec<_>>());
        let common = shares.iter().copied().fold(0, gcd).max(1);
        for (leg, share) in legs.iter_mut().zip(shares) {
            let Ok(share) = u32::try_from(share / common) else { return apart() };
            leg.share = share;
        }
        self.legs = legs;
        self.bounds = None;
        Ok(vec![self.split()])
    }

    fn split(&self) -> Act {
        Act::Split { legs: self.legs.clone(), seen: self.seen }
    }

    fn gives(&self, (start, end): (DateTime<Utc>, DateTime<Utc>)) -> Act {
        Act::GiveWay(EditedTime { start, end, seen: self.seen })
    }

    /// Moves the borders of one leg: those beside it give or take, and where it is the first or the last, the whole does.
    fn lay(&mut self, place: usize, edit: &EditedTime) -> Result<Vec<Act>, Refusal> {
        let Some(bounds) = self.bounds.as_mut().filter(|bounds| place + 1 < bounds.len()) else { return apart() };
        let ends = |bounds: &[DateTime<Utc>]| (bounds[0], bounds[bounds.len() - 1]);
        let before = ends(bounds);
        (bounds[place], bounds[place + 1]) = (edit.start, edit.end);
        if !bounds.is_sorted_by(|one, next| one < next) {
            return apart();
        }
        for (leg, pair) in self.legs.iter_mut().zip(bounds.windows(2)) {
            leg.share = u32::try_from((pair[1] - pair[0]).num_seconds()).unwrap_or(u32::MAX);
        }
        let (start, end) = ends(bounds);
        let time = ((start, end) != before).then_some(Act::Time(EditedTime { start, end, seen: edit.seen }));
        Ok(time.into_iter().chain([self.split()]).collect())
    }

    /// Where others lie between, one can only become shorter.
    fn shorten(&self, body: &Body, edit: &EditedTime) -> Result<Vec<Act>, Refusal> {
        if edit.start < body.start || body.end < edit.end {
            return apart();
        }
        let given = [(body.start, edit.start), (edit.end, body.end)].into_iter().filter(|(from, until)| from < until);
        Ok(given.map(|span| self.gives(span)).collect())
    }
}
