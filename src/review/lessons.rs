//! What there is to learn from: everyone's events, what people decided of them and what rules say, and what speaks for and against each
//! clue. Which rules come of it, `learn` tries.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use chrono::NaiveDate;

use super::{
    clues::{self, Clue},
    outcome::{Agreement, Decided, Outcome, Purpose},
};
use crate::{
    model::{
        catalog::{Catalog, Field},
        decision::Decision,
        event::Event,
        ids::EventId,
        staff::Staff,
        verdict::Verdict,
    },
    settling::{Verdicts, activation::Active, verdicts},
    store::{Error, Store},
};

/// One person's past.
pub(super) struct Past {
    pub(super) staff: Staff,
    pub(super) events: Vec<Event>,
    pub(super) verdicts: Verdicts,
}

/// Everyone's, and what was decided of it.
pub(super) struct Lessons {
    pub(super) past: Vec<Past>,
    /// What people decided.
    pub(super) decided: HashMap<EventId, Decided>,
    /// Those of it that rules do not say themselves, and how far they say it.
    pub(super) unlearnt: HashMap<EventId, Agreement>,
    pub(super) clues: HashMap<EventId, BTreeSet<Clue>>,
    /// Where people from outside the firm are.
    with_guests: HashSet<EventId>,
}

/// What speaks for a clue, and what against.
#[derive(Default)]
pub(super) struct Evidence {
    pub(super) support: BTreeSet<EventId>,
    pub(super) against: usize,
}

impl Lessons {
    pub(super) async fn read(store: &Store, active: &Active, (from, to): (NaiveDate, NaiveDate)) -> Result<Self, Error> {
        let mut lessons = Self {
            past: Vec::new(),
            decided: HashMap::new(),
            unlearnt: HashMap::new(),
            clues: HashMap::new(),
            with_guests: HashSet::new(),
        };
        let mut tx = store.read().await?;
        for staff in tx.staff().await? {
            let events = tx.events_on(staff.id, from.max(staff.first_day), to).await?;
            // Of what is private rules see no words, and can learn none.
            let events: Vec<Event> = events.into_iter().filter(|event| event.is_live() && !event.fact.visibility.is_private()).collect();
            let meetings: Vec<_> = events.iter().map(|event| event.meeting.0).collect();
            let decisions = tx.decisions_about(&meetings).await?;
            let mut about: HashMap<_, Vec<&Decision>> = HashMap::new();
            for decision in &decisions {
                about.entry(decision.subject).or_default().push(decision);
            }
            let verdicts = verdicts(&staff, events.iter(), &active.rules);
            for event in &events {
                lessons.clues.insert(event.id, clues::of(event, active));
                lessons.with_guests.extend(clues::has_guests(event, &staff, active).then_some(event.id));
                let Some(about) = about.get(&event.meeting.0) else { continue };
                let verdict = verdicts.get(&event.id).cloned().unwrap_or_default();
                let Some(decided) = Decided::of(about, &verdict, &active.rules.catalog) else { continue };
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

    pub(super) fn events(&self) -> impl Iterator<Item = (&Event, Option<&Arc<Verdict>>)> {
        self.past.iter().flat_map(|past| past.events.iter().map(|event| (event, past.verdicts.get(&event.id))))
    }

    /// For every clue of what is to be learnt: the decisions that it tells, and all else that it would tell wrongly.
    pub(super) fn evidence(&self, active: &Active, today: NaiveDate) -> BTreeMap<(Clue, Outcome), Evidence> {
        let catalog = &active.rules.catalog;
        let mut outcomes: HashMap<&Clue, BTreeSet<Outcome>> = HashMap::new();
        for event in self.unlearnt.keys() {
            let with_guests = self.with_guests.contains(event);
            let told: Vec<Outcome> = self.decided[event].outcomes().into_iter().filter(|outcome| outcome.is_open(today, catalog)).collect();
            for clue in &self.clues[event] {
                let tells = told.iter().filter(|outcome| clue.may_tell(outcome, with_guests, active));
                outcomes.entry(clue).or_default().extend(tells.cloned());
            }
        }
        let mut found: BTreeMap<(Clue, Outcome), Evidence> = BTreeMap::new();
        for (event, verdict) in self.events() {
            for clue in &self.clues[&event.id] {
                for outcome in outcomes.get(clue).into_iter().flatten() {
                    let one = found.entry((clue.clone(), outcome.clone())).or_default();
                    match self.decided.get(&event.id) {
                        Some(decided) if outcome.allows(decided.with(outcome)) => drop(one.support.insert(event.id)),
                        Some(_) => one.against += 1,
                        None => one.against += usize::from(verdict.is_some_and(|verdict| says_otherwise(verdict, outcome, catalog))),
                    }
                }
            }
        }
        found
    }
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
