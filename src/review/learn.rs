//! Rules that reviewers taught: the fewest and plainest conditions that would have decided what they decided, again and again. Each is
//! tried as a rule before it is offered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    clues::Clue,
    lessons::{Evidence, Lessons},
    outcome::{Agreement, Outcome},
    propose::{Candidate, Made, Proposal},
};
use crate::{
    model::{event::Event, ids::EventId},
    settling::{
        activation::Active,
        backtest::{self, Backtest},
        verdicts,
    },
    store::{Error, Store},
};

/// What was decided once may be a whim.
const SUPPORT_MIN: usize = 2;
/// So many rules at once are read; more are found the next time.
const SUGGESTIONS_MAX: usize = 10;
/// Decisions against it that one for it outweighs, the other way round: at most one in ten is an accident.
const FOR_EACH_AGAINST: usize = 10;

/// A rule that would have decided what people decided.
#[derive(Debug)]
pub(crate) struct Suggestion {
    pub(crate) proposal: Proposal,
    /// Decisions that it would have made.
    pub(crate) support: usize,
    /// Of those, such as have another task than the rule leaves them.
    pub(crate) but_task: usize,
    /// Decisions that it would have made otherwise.
    pub(crate) against: usize,
    /// What it would change now.
    pub(crate) backtest: Backtest,
}

/// A rule that was tried on everything.
struct Tried {
    candidate: Candidate,
    /// Decisions that rules did not make before.
    learnt: HashSet<EventId>,
    but_task: usize,
    against: usize,
}

/// Rules worth having, those that would have saved most answers first.
pub(crate) async fn suggestions(
    store: &Store,
    active: &Active,
    span: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Vec<Suggestion>, Error> {
    let lessons = Lessons::read(store, active, span).await?;
    let evidence = lessons.evidence(&active.rules.catalog);
    let mut open = lessons.unlearnt.clone();
    let (mut refused, mut found): (HashSet<(Clue, Outcome)>, Vec<Suggestion>) = (HashSet::new(), Vec::new());
    while found.len() < SUGGESTIONS_MAX {
        let Some((clue, outcome)) = best(&evidence, &open, &refused) else { break };
        refused.insert((clue.clone(), outcome.clone()));
        let Some(tried) = lessons.tried(active, (&clue, &outcome), now.date_naive()) else { continue };
        let Tried { candidate: Candidate { active: mut candidate, proposal }, learnt, but_task, against } = tried;
        if learnt.len() < SUPPORT_MIN || against * FOR_EACH_AGAINST > learnt.len() {
            continue;
        }
        open.retain(|event, _| !learnt.contains(event));
        candidate.rules.add_closed(store.read().await?.closed_records().await?);
        let backtest = backtest::backtest(store, (active, &candidate), span, now, |_, _| ()).await?;
        found.push(Suggestion { proposal, support: learnt.len(), but_task, against, backtest });
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.support + one.backtest.sums().cleared));
    Ok(found)
}

/// The clue that tells most of what is still open; of two alike the one that fewer others share, then the plainer one.
fn best(
    evidence: &BTreeMap<(Clue, Outcome), Evidence>,
    open: &HashMap<EventId, Agreement>,
    refused: &HashSet<(Clue, Outcome)>,
) -> Option<(Clue, Outcome)> {
    let worth = evidence.iter().filter(|(key, _)| !refused.contains(*key)).filter_map(|(key, one)| {
        let support = one.support.iter().filter(|event| open.get(event).is_some_and(|said| !key.1.allows(*said))).count();
        let is_enough = support >= SUPPORT_MIN && one.against * FOR_EACH_AGAINST <= support;
        is_enough.then_some((support, std::cmp::Reverse((one.against, key.1.details.task.is_none(), key.0.preference())), key))
    });
    worth.max_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1))).map(|(.., key)| key.clone())
}

impl Lessons {
    /// A rule of a clue, tried on everything.
    fn tried(&self, active: &Active, (clue, outcome): (&Clue, &Outcome), today: NaiveDate) -> Option<Tried> {
        let is_told = |event: EventId| self.decided.get(&event).is_some_and(|decided| outcome.allows(decided.with(outcome)));
        let tells = |event: &&Event| is_told(event.id) && self.clues[&event.id].contains(clue);
        // The newest is what people remember.
        let example = self.events().map(|(event, _)| event).filter(tells).max_by_key(|event| (event.placed_at, event.id))?;
        let (words, when) = (clue.words(example), clue.when());
        let made = |over| Made { event: example, outcome, words: &words, when: &when, over };
        let mut candidate = Candidate::new(active, &made(&[]), today);
        // It was decided against what rules say: then the rule goes over them.
        let over = self.beaten(candidate.as_ref().map_or(active, |one| &one.active), example);
        if candidate.is_none() || !over.is_empty() {
            candidate = Candidate::new(active, &made(&over), today).or(candidate);
        }
        let mut tried = Tried { candidate: candidate?, learnt: HashSet::new(), but_task: 0, against: 0 };
        for past in &self.past {
            let rules = &tried.candidate.active.rules;
            let after = verdicts(&past.staff, past.events.iter(), rules);
            for event in &past.events {
                let (Some(decided), Some(verdict)) = (self.decided.get(&event.id), after.get(&event.id)) else { continue };
                let says = decided.by_rules(verdict, &rules.catalog);
                let is_its = verdict.names(&tried.candidate.proposal.id);
                if outcome.allows(says) && self.unlearnt.get(&event.id).is_some_and(|said| !outcome.allows(*said)) {
                    tried.learnt.insert(event.id);
                    tried.but_task += usize::from(says == Agreement::ButTask);
                } else if is_its && !outcome.allows(says) {
                    tried.against += 1;
                }
            }
        }
        Some(tried)
    }

    /// Rules that a set finds in conflict about an event.
    fn beaten(&self, set: &Active, event: &Event) -> Vec<String> {
        let Some(past) = self.past.iter().find(|past| past.staff.id == event.staff) else { return Vec::new() };
        let verdict = verdicts(&past.staff, std::iter::once(event), &set.rules).remove(&event.id).unwrap_or_default();
        let losers: BTreeSet<String> = verdict.conflicts().map(|lost| lost.lost.rule.to_string()).collect();
        losers.into_iter().collect()
    }
}
