//! What a set makes of many events: what each rule gave, to what it lost, what it hid, and which names were found at all.

use super::{
    RuleSet, Scene,
    identity::fold,
    lint::{History, Record},
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
        let losers: std::collections::BTreeMap<&String, &String> = lost.filter(|(rule, _)| !gave(verdict, rule)).collect();
        for (rule, winner) in losers {
            *history.rules.entry(rule.clone()).or_default().lost_to.entry(winner.clone()).or_default() += 1;
        }
        for rule in self.rules.iter().filter(|rule| gave(verdict, &rule.id)) {
            history.rules.entry(rule.id.clone()).or_default().won += 1;
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
        there && counts && timed && fact.text.attendees.iter().any(|person| !person.resource && self.identity.is_known(&person.email))
    }

    fn note_clients(&self, history: &mut History, scene: &Scene<'_>) {
        let text = &scene.fact.text;
        let names = |place, words: &str| {
            let found = self.identity.names(place, 0, words).into_iter();
            found.map(|witness| (witness.client, words.get(witness.evidence.span.0..witness.evidence.span.1).map(fold))).collect::<Vec<_>>()
        };
        for (client, name) in names(Place::Title, &text.title).into_iter().chain(names(Place::Location, &text.location)) {
            history.clients.insert(client);
            history.names.extend(name);
        }
        let codes = [(Place::Title, &text.title), (Place::Description, &text.description)].into_iter();
        let codes = codes.chain(text.categories.iter().map(|category| (Place::Category, category)));
        let codes = codes.flat_map(|(place, words)| self.identity.codes(&self.catalog, place, 0, words).0);
        history.clients.extend(self.identity.addresses(text, true, true).into_iter().chain(codes).map(|witness| witness.client));
    }
}

/// Whether a rule gave something to an event, and did not only lose.
fn gave(verdict: &Verdict, rule: &str) -> bool {
    let claims = verdict.fields.values().chain(&verdict.tags).map(|claim| claim.rule.as_str());
    let others = [
        verdict.skip.as_ref().map(|skip| skip.rule.as_str()),
        verdict.split.as_ref().map(|split| split.rule.as_str()),
        verdict.hours.as_ref().map(|hours| hours.rule.as_str()),
    ];
    let asks = verdict.suspicions.iter().map(|suspicion| suspicion.rule.as_str());
    claims.chain(others.into_iter().flatten()).chain(asks).any(|named| named == rule)
}
