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
    /// Whether one of them changes no more.
    is_settled: bool,
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
            live.sort_by_key(|one| one.key.leg);
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
    Leg { share: u32::try_from(seconds).unwrap_or(u32::MAX), assignment }
}

fn apart<T>() -> Result<T, Refusal> {
    Err(Refusal::Wrong(
        "it is one of several parts of a meeting, and that does not go with the others; move the border between them (start, end)"
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
        let is_settled = live.iter().any(|entry| entry.status.is_settled());
        Self { legs, bounds, is_of_one, is_settled, seen }
    }

    fn change(&mut self, entry: &Entry, act: Act) -> Result<Vec<Act>, Refusal> {
        let place = usize::try_from(entry.key.leg).unwrap_or(usize::MAX);
        match act {
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
            Act::Split { legs, .. } if !self.legs.is_empty() => self.divide(place, &legs),
            act => Ok(vec![act]),
        }
    }

    /// Divides one leg further; the others keep their time and what they are for.
    fn divide(&mut self, place: usize, parts: &[Leg]) -> Result<Vec<Act>, Refusal> {
        let sum: u32 = parts.iter().map(|part| part.share).sum();
        let scaled = |share: u32, by: u32| share.checked_mul(by);
        let mut legs = Vec::new();
        for (index, leg) in self.legs.iter().enumerate() {
            let cut = if index == place { parts } else { &[] };
            let rest = cut.is_empty().then(|| Some(Leg { share: scaled(leg.share, sum)?, assignment: leg.assignment.clone() }));
            let cut = cut.iter().map(|part| {
                let mut assignment = leg.assignment.clone();
                assignment.overlay(&part.assignment);
                Some(Leg { share: scaled(leg.share, part.share)?, assignment })
            });
            legs.extend(rest.into_iter().chain(cut));
        }
        let Some(legs) = legs.into_iter().collect::<Option<Vec<_>>>().filter(|_| place < self.legs.len() && !self.is_settled) else {
            return apart();
        };
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
