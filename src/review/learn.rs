//! Rules that reviewers taught: the fewest and plainest conditions that would have decided what they decided, again and again. Each is
//! tried as a rule before it is offered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use super::{
    clues::Clue,
    lessons::{Evidence, Lessons},
    outcome::{Agreement, Outcome},
    propose::{Candidate, Made, Proposal},
};
use crate::{
    model::{
        catalog::{Catalog, Field},
        event::Event,
        ids::EventId,
        verdict::{Lost, Place},
    },
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
    /// What was decided as it would have said it, in order of time.
    pub(crate) support: Vec<Decision>,
    /// How many of those have another task than the rule leaves them.
    pub(crate) but_task: usize,
    /// What was decided otherwise.
    pub(crate) against: Vec<Decision>,
    /// What it would change now.
    pub(crate) backtest: Backtest,
}

/// An event of which people decided what it is, and its date.
pub(crate) type Decision = (NaiveDate, EventId);

/// A rule that was tried on everything.
struct Tried {
    candidate: Candidate,
    /// What rules did not say before.
    learnt: Vec<Decision>,
    but_task: usize,
    against: Vec<Decision>,
}

/// Rules worth having, those that would have saved most answers first.
pub(crate) async fn suggestions(
    store: &Store,
    active: &Active,
    span: (NaiveDate, NaiveDate),
    now: DateTime<Utc>,
) -> Result<Vec<Suggestion>, Error> {
    let lessons = Lessons::read(store, active, span).await?;
    let evidence = lessons.evidence(active, now.date_naive());
    let mut open = lessons.unlearnt.clone();
    let (mut refused, mut found): (HashSet<(Clue, Outcome)>, Vec<Suggestion>) = (HashSet::new(), Vec::new());
    while found.len() < SUGGESTIONS_MAX {
        let Some((clue, outcome)) = best(&evidence, &open, &refused) else { break };
        refused.insert((clue.clone(), outcome.clone()));
        let Some(tried) = lessons.tried(active, (&clue, &outcome), now.date_naive()) else { continue };
        let Tried { candidate: Candidate { active: mut candidate, proposal }, learnt, but_task, against } = tried;
        if learnt.len() < SUPPORT_MIN || against.len() * FOR_EACH_AGAINST > learnt.len() {
            continue;
        }
        for (_, event) in &learnt {
            open.remove(event);
        }
        candidate.rules.add_closed(store.read().await?.closed_records().await?);
        let backtest = backtest::backtest(store, (active, &candidate), span, now, |_, _| ()).await?;
        found.push(Suggestion { proposal, support: learnt, but_task, against, backtest });
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.support.len() + one.backtest.sums().cleared));
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
        let made = Made { event: example, outcome, words: &words, when: &when, over: &[] };
        let mut candidate = Candidate::new(active, &made, today);
        // It was decided against what rules say: then the rule goes over them, and holds only where the same speaks against it.
        let lost = self.beaten(candidate.as_ref().map_or(active, |one| &one.active), example);
        if candidate.is_none() || !lost.is_empty() {
            let over: BTreeSet<String> = lost.iter().map(|lost| lost.lost.rule.to_string()).collect();
            let over: Vec<String> = over.into_iter().collect();
            let when = against(&when, &lost, &active.rules.catalog);
            candidate = Candidate::new(active, &Made { when: &when, over: &over, ..made }, today).or(candidate);
        }
        let mut tried = Tried { candidate: candidate?, learnt: Vec::new(), but_task: 0, against: Vec::new() };
        for past in &self.past {
            let rules = &tried.candidate.active.rules;
            let after = verdicts(&past.staff, past.events.iter(), rules);
            for event in &past.events {
                let (Some(decided), Some(verdict)) = (self.decided.get(&event.id), after.get(&event.id)) else { continue };
                let says = decided.by_rules(verdict, &rules.catalog);
                let is_its = verdict.names(&tried.candidate.proposal.id);
                let one = (past.staff.zones.first_date(&event.fact.span), event.id);
                if outcome.allows(says) && self.unlearnt.get(&event.id).is_some_and(|said| !outcome.allows(*said)) {
                    tried.learnt.push(one);
                    tried.but_task += usize::from(says == Agreement::ButTask);
                } else if is_its && !outcome.allows(says) {
                    tried.against.push(one);
                }
            }
        }
        tried.learnt.sort_unstable();
        tried.against.sort_unstable();
        Some(tried)
    }

    /// What a set finds in conflict about an event.
    fn beaten(&self, set: &Active, event: &Event) -> Vec<Lost> {
        let Some(past) = self.past.iter().find(|past| past.staff.id == event.staff) else { return Vec::new() };
        let verdict = verdicts(&past.staff, std::iter::once(event), &set.rules).remove(&event.id).unwrap_or_default();
        verdict.conflicts().cloned().collect()
    }
}

/// Conditions that hold only where the clients that lost are pointed to in the same way: by people, or by name.
fn against(when: &Value, lost: &[Lost], catalog: &Catalog) -> Value {
    let mut when = when.clone();
    for Lost { field, lost, .. } in lost {
        let client = match field {
            Field::Client => catalog.client(&lost.value).map(|client| client.key.as_str()),
            Field::Project => catalog.project(&lost.value).map(|(client, _)| client.key.as_str()),
            _ => None,
        };
        let (Some(client), Some(evidence)) = (client, lost.evidence.first()) else { continue };
        let by = if matches!(evidence.place, Place::Attendee | Place::Organizer) { "client_domain" } else { "client_name" };
        when[by] = json!({ "is": [client] });
    }
    when
}
