//! What a set makes of many events: what each rule gave, to what it lost, what it hid, and which names were found at all.

use std::sync::Arc;

use super::{
    RuleSet, Scene,
    fold::folded,
    lint::{History, Record},
    reader::Reader,
};
use crate::model::{
    event::{EventStatus, Response, ShowAs},
    verdict::{Place, Verdict},
};

impl RuleSet {
    /// Adds one event, judged by this set.
    pub(crate) fn note(&self, history: &mut History, scene: &Scene<'_>, verdict: &Verdict) {
        history.events += 1;
        let lost = verdict.lost.iter().map(|lost| (&lost.lost.rule, &lost.won.rule));
        let losers: std::collections::BTreeMap<&Arc<str>, &Arc<str>> = lost.filter(|(rule, _)| !verdict.counts(rule)).collect();
        for (rule, winner) in losers {
            let record = history.rules.entry(rule.to_string()).or_default();
            *record.lost_to.entry(winner.to_string()).or_default() += 1;
            record.conflicts += usize::from(verdict.conflicts().any(|lost| lost.lost.rule == *rule));
        }
        for rule in self.rules.iter().filter(|rule| verdict.counts(&rule.id)) {
            history.rules.entry(rule.id.to_string()).or_default().won += 1;
        }
        if let Some(skip) = verdict.skip.as_ref().filter(|_| self.was_attended(scene)) {
            let Record { hidden, hidden_seconds, .. } = history.rules.entry(skip.rule.clone()).or_default();
            *hidden += 1;
            *hidden_seconds += scene.fact.span.seconds().unwrap_or(0);
        }
        self.note_clients(history, scene);
    }

    /// Whether the person was there, with people of a client, and in working time as far as the calendar knows.
    fn was_attended(&self, scene: &Scene<'_>) -> bool {
        let fact = scene.fact;
        let there = matches!(scene.response, Response::Accepted | Response::Organizer);
        let counts = fact.status == EventStatus::Confirmed && fact.show_as == ShowAs::Busy && !fact.visibility.is_private();
        let timed = fact.span.seconds().is_some_and(|seconds| seconds > 0);
        there
            && counts
            && timed
            && fact.text.attendees.iter().any(|person| !person.resource && !self.identity.whose(&person.email).0.is_empty())
    }

    /// Whom a private event points to is not looked at (S8).
    fn note_clients(&self, history: &mut History, scene: &Scene<'_>) {
        if scene.fact.visibility.is_private() {
            return;
        }
        let reader = Reader::new(self, scene);
        for scan in [reader.first_scan(Place::Title), reader.first_scan(Place::Location)] {
            for name in reader.names(scan) {
                let (start, end) = name.evidence.span;
                history.clients.insert(name.client.to_owned());
                history.names.extend(scan.text.get(start..end).map(folded));
            }
        }
        let written = [reader.first_scan(Place::Title), reader.description()].into_iter().chain(reader.categories());
        let coded = written.flat_map(|scan| &reader.codes(scan).0);
        history.clients.extend(coded.chain(reader.addresses(true, true)).map(|witness| witness.client.to_owned()));
    }
}
