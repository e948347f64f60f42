//! Rules that reviewers taught: the fewest and plainest conditions that would have decided what they decided, again and again. Each is
//! tried as a rule before it is offered.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    clues::{self, Clue},
    outcome::{Agreement, Decided, Outcome, Purpose},
    propose::{Candidate, Made, Proposal},
};
use crate::{
    model::{
        catalog::{Catalog, Field},
        event::Event,
        ids::EventId,
        staff::Staff,
        verdict::Verdict,
    },
    settling::{
        Verdicts,
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

/// One person's past.
struct Past {
    staff: Staff,
    events: Vec<Event>,
    verdicts: Verdicts,
}

/// Everyone's, and what was decided of it.
struct Lessons {
    past: Vec<Past>,
    /// What people decided.
    decided: HashMap<EventId, Decided>,
    /// Those of it that rules do not say themselves, and how far they say it.
    unlearnt: HashMap<EventId, Agreement>,
    clues: HashMap<EventId, BTreeSet<Clue>>,
}

/// What speaks for a clue, and what against.
#[derive(Default)]
struct Evidence {
    support: BTreeSet<EventId>,
    against: usize,
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
        let support = one.support.iter().filter(|event| open.get(event).is_some_and(|said| is_new(&key.1, *said))).count();
        let is_enough = support >= SUPPORT_MIN && one.against * FOR_EACH_AGAINST <= support;
        is_enough.then_some((support, std::cmp::Reverse((one.against, key.1.details.task.is_none(), key.0.preference())), key))
    });
    worth.max_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1))).map(|(.., key)| key.clone())
}

impl Lessons {
    async fn read(store: &Store, active: &Active, (from, to): (NaiveDate, NaiveDate)) -> Result<Self, Error> {
        let mut lessons = Self { past: Vec::new(), decided: HashMap::new(), unlearnt: HashMap::new(), clues: HashMap::new() };
        let mut tx = store.read().await?;
        for staff in tx.staff().await? {
            let events = tx.events_on(staff.id, from.max(staff.first_day), to).await?;
            // Of what is private rules see no words, and can learn none.
            let events: Vec<Event> = events.into_iter().filter(|event| event.is_live() && !event.fact.visibility.is_private()).collect();
            let meetings: Vec<_> = events.iter().map(|event| event.meeting.0).collect();
            let decisions = tx.decisions_about(&meetings).await?;
            let verdicts = verdicts(&staff, events.iter(), &active.rules);
            for event in &events {
                lessons.clues.insert(event.id, clues::of(event, active));
                let about = decisions.iter().filter(|decision| decision.subject == event.meeting.0).collect::<Vec<_>>();
                let verdict = verdicts.get(&event.id).cloned().unwrap_or_default();
                let Some(decided) = Decided::of(&about, &verdict, &active.rules.catalog) else { continue };
                let said = decided.by_rules(&verdict, &active.rules.catalog);
                if said != Agreement::Whole {
                    lessons.unlearnt.insert(event.id, said);
                }
                lessons.decided.insert(event.id, decided);
            }
            lessons.past.push(Past { staff, events, verdicts });
        }
        Ok(lessons)
    }

    fn events(&self) -> impl Iterator<Item = (&Event, Option<&Arc<Verdict>>)> {
        self.past.iter().flat_map(|past| past.events.iter().map(|event| (event, past.verdicts.get(&event.id))))
    }

    /// For every clue of what is to be learnt: the decisions that it tells, and all else that it would tell wrongly.
    fn evidence(&self, catalog: &Catalog) -> BTreeMap<(Clue, Outcome), Evidence> {
        let mut outcomes: HashMap<&Clue, BTreeSet<Outcome>> = HashMap::new();
        for event in self.unlearnt.keys() {
            for clue in &self.clues[event] {
                outcomes.entry(clue).or_default().extend(self.decided[event].outcomes());
            }
        }
        let mut found: BTreeMap<(Clue, Outcome), Evidence> = BTreeMap::new();
        for (event, verdict) in self.events() {
            for clue in &self.clues[&event.id] {
                for outcome in outcomes.get(clue).into_iter().flatten() {
                    let one = found.entry((clue.clone(), outcome.clone())).or_default();
                    match self.decided.get(&event.id) {
                        Some(decided) if is_for(outcome, decided.with(outcome)) => drop(one.support.insert(event.id)),
                        Some(_) => one.against += 1,
                        None => one.against += usize::from(verdict.is_some_and(|verdict| says_otherwise(verdict, outcome, catalog))),
                    }
                }
            }
        }
        found
    }

    /// A rule of a clue, tried on everything.
    fn tried(&self, active: &Active, (clue, outcome): (&Clue, &Outcome), today: NaiveDate) -> Option<Tried> {
        let is_told = |event: EventId| self.decided.get(&event).is_some_and(|decided| is_for(outcome, decided.with(outcome)));
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
                if is_for(outcome, says) && self.unlearnt.get(&event.id).is_some_and(|said| is_new(outcome, *said)) {
                    tried.learnt.insert(event.id);
                    tried.but_task += usize::from(says == Agreement::ButTask);
                } else if is_its && !is_for(outcome, says) {
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

/// Whether it speaks for a rule that it says so much: one that names a task has to name the right one.
fn is_for(outcome: &Outcome, says: Agreement) -> bool {
    says == Agreement::Whole || (says == Agreement::ButTask && outcome.details.task.is_none())
}

/// Whether such a rule would add something to what rules say already.
fn is_new(outcome: &Outcome, said: Agreement) -> bool {
    !is_for(outcome, said)
}

/// Whether rules know what an event is, and say something else of it. What they ask about they do not know.
fn says_otherwise(verdict: &Verdict, outcome: &Outcome, catalog: &Catalog) -> bool {
    if verdict.skip.is_some() || verdict.split.is_some() {
        return !outcome.is_said_by(verdict, catalog);
    }
    if verdict.conflicts().next().is_some() {
        return false;
    }
    let client = match &outcome.purpose {
        Purpose::Project(code) => catalog.project(code).map(|(client, _)| client.key.as_str()),
        Purpose::Client(key) => Some(key.as_str()),
        Purpose::NotWork => None,
    };
    match (verdict.value(Field::Project), verdict.value(Field::Client)) {
        (Some(_), _) => !outcome.is_said_by(verdict, catalog),
        (None, known) => known.is_some() && known != client,
    }
}
