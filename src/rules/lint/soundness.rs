//! What lint claims of conditions, held against what the evaluator does with thousands of events.

use std::{collections::BTreeSet, fmt::Write as _};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    exclusion::excluded,
    inclusion::{implies, opened},
};
use crate::{
    model::{
        day::Zones,
        event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    },
    rules::{RuleSet, Scene, load, syntax::When},
    yaml::diagnostic::Source,
};

const CLIENTS: &str = "
clients:
  acme: {name: Acme, domains: [acme.example], projects: {ACME-1: {name: One, billable: true}}}
  globex: {name: Globex, domains: [globex.example], projects: {GBX-1: {name: Two, billable: true}}}
";

/// A small generator of its own, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("small") % sides
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    fn condition(&mut self, depth: usize) -> String {
        let keys = 1 + self.roll(2);
        let mut parts: Vec<String> = (0..keys).map(|_| self.key(depth)).collect();
        parts.sort();
        parts.dedup_by_key(|part| part.split(':').next().map(str::to_owned));
        parts.join(", ")
    }

    fn key(&mut self, depth: usize) -> String {
        let nested = if depth == 0 { 16 } else { 20 };
        match self.roll(nested) {
            0 => format!("title: {{words: [{}]}}", self.of(&["retro", "big retro", "pitch", "pitch, retro", "\"1:1\""])),
            1 => format!("title: {{not_words: [{}]}}", self.of(&["retro", "big retro", "pitch"])),
            2 => format!("title: {{regex: '{}'}}", self.of(&["^retro", "retro", "pitch$", "^(big )?retro", r"\bpitch\b"])),
            3 => format!("title: {{words: [{}], not_words: [{}]}}", self.of(&["retro", "big retro, pitch"]), self.of(&["big", "pitch"])),
            4 => format!(
                "attendees: {{{}}}",
                self.of(&[
                    "max: 1",
                    "min: 2",
                    "exactly: 2",
                    "only: our_domains",
                    "any: acme.example",
                    "min: 2, max: 3",
                    "only: [acme.example, ours.example]"
                ])
            ),
            5 => format!("guests: {{{}}}", self.of(&["min: 1", "max: 0", "unknown: true", "min: 1, unknown: false"])),
            6 => format!("organizer: [{}]", self.of(&["acme.example", "tom@acme.example", "eva@ours.example"])),
            7 => format!("calendar: [{}]", self.of(&["Work", "Private", "work, private"])),
            8 => format!("duration: {{{}}}", self.of(&["min: 1h", "max: 30m", "min: 30m, max: 2h"])),
            9 => format!(
                "time: {{{}}}",
                self.of(&["within: '08:00-12:00'", "outside: '08:00-18:00'", "within: '20:00-09:00'", "within: '09:00-10:00'"])
            ),
            10 => format!("weekday: [{}]", self.of(&["mon", "mon, tue", "sat, sun", "tue, wed"])),
            11 => format!("recurring: {}", self.of(&["true", "false"])),
            12 => format!("all_day: {}", self.of(&["true", "false"])),
            13 => format!("show_as: [{}]", self.of(&["busy", "free", "busy, free"])),
            14 => format!("client_domain: {{{}}}", self.of(&["is: acme", "exactly: 1", "at_least: 2", "is: [acme, globex]"])),
            15 => format!("client: [{}]", self.of(&["unset", "acme", "unset, acme"])),
            16 => format!("any: [{{{}}}, {{{}}}]", self.condition(depth - 1), self.condition(depth - 1)),
            17 => format!("all: [{{{}}}, {{{}}}]", self.condition(depth - 1), self.condition(depth - 1)),
            _ => format!("not: {{{}}}", self.condition(depth - 1)),
        }
    }

    fn fact(&mut self) -> Fact {
        let start: DateTime<Utc> = "2026-03-09T00:00:00Z".parse().expect("an instant");
        let start = start + TimeDelta::minutes(30 * i64::try_from(self.roll(48 * 6)).expect("small"));
        let first = start.date_naive();
        let all_day = self.roll(5) == 0;
        let length = TimeDelta::minutes([15, 30, 60, 150][self.roll(4)]);
        let span = if all_day {
            Span::AllDay { first, until: first.succ_opt().expect("a day") }
        } else {
            Span::Timed { start, end: start + length, zone: chrono_tz::UTC }
        };
        let people =
            ["eva@ours.example", "kim@ours.example", "tom@acme.example", "bo@eu.acme.example", "x@globex.example", "y@else.example"];
        let attendee = |email: &&str| Attendee { email: (*email).to_owned(), name: None, resource: false, response: Response::Accepted };
        let attendees: Vec<_> = people.iter().filter(|_| self.roll(3) == 0).collect();
        let words: Vec<_> = (0..self.roll(4)).map(|_| self.of(&["retro", "big", "pitch", "1:1", "talk", "Retro,"])).collect();
        let organizer = [None, Some("tom@acme.example"), Some("eva@ours.example")][self.roll(3)];
        let text = Text {
            title: words.join(" "),
            organizer: organizer.map(str::to_owned),
            attendees: attendees.into_iter().map(attendee).collect(),
            ..Text::default()
        };
        Fact {
            provider_id: "a".into(),
            ical_uid: "a".into(),
            recurring: self.roll(2) == 0,
            original_start: None,
            span,
            status: EventStatus::Confirmed,
            show_as: [ShowAs::Busy, ShowAs::Free][self.roll(2)],
            visibility: Visibility::Public,
            text: text.into(),
        }
    }
}

/// Every condition as a rule that leaves a tag, with one in the middle that sets a client.
fn rules(conditions: &[String]) -> RuleSet {
    let mut text = "sections: [a]\nour_domains: [ours.example]\nrules:\n  - {id: first, section: a, when: {title: {words: [talk]}}, set: {client: globex}}\n".to_owned();
    for (index, condition) in conditions.iter().enumerate() {
        if index == conditions.len() / 2 {
            text.push_str("  - {id: c, section: a, when: {recurring: true}, set: {client: acme}}\n");
        }
        writeln!(text, "  - {{id: r{index}, section: a, when: {{{condition}}}, set: {{tags: [t{index}]}}}}").expect("text");
    }
    load(&[Source::new("rules.yaml", &text), Source::new("clients.yaml", CLIENTS)])
        .unwrap_or_else(|found| panic!("{text}\n{:?}", found[0].1))
}

#[test]
fn what_is_claimed_of_conditions_holds_for_every_event() {
    let ours = BTreeSet::from(["ours.example".to_owned()]);
    let (mut implied, mut empty) = (0, 0);
    for seed in 0..4 {
        let mut dice = Dice(seed);
        let conditions: Vec<String> = (0..60).map(|_| dice.condition(2)).collect();
        let set = rules(&conditions);
        let whens: Vec<When> = conditions.iter().map(|text| serde_yaml::from_str(&format!("{{{text}}}")).expect("a condition")).collect();
        let fits: Vec<BTreeSet<usize>> = (0..250)
            .map(|_| {
                let fact = dice.fact();
                let addresses = ["eva@ours.example".to_owned()];
                let calendar = dice.of(&["Work", "private", "other"]);
                let scene = Scene {
                    fact: &fact,
                    response: Response::Accepted,
                    calendar,
                    addresses: &addresses,
                    date: Zones::only(chrono_tz::UTC).first_date(&fact.span),
                    zone: chrono_tz::UTC,
                    same_day: &[],
                };
                let verdict = set.judge(&scene);
                verdict.tags.iter().filter_map(|claim| claim.rule.strip_prefix('r')?.parse().ok()).collect()
            })
            .collect();
        for (later, narrow) in whens.iter().enumerate() {
            if excluded(&opened(narrow), &ours).is_some() {
                empty += 1;
                assert!(fits.iter().all(|fits| !fits.contains(&later)), "seed {seed}: something fits {}", conditions[later]);
            }
            for (earlier, _) in whens.iter().enumerate().take(later).filter(|(_, wide)| implies(narrow, wide, &ours)) {
                implied += 1;
                let holds = fits.iter().all(|fits| !fits.contains(&later) || fits.contains(&earlier));
                assert!(holds, "seed {seed}: {} does not imply {}", conditions[later], conditions[earlier]);
            }
        }
    }
    assert!(implied > 100 && empty > 1, "{implied} implied, {empty} empty: too few to tell");
}
