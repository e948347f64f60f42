//! Random rule sets, and events full of what tells ways of matching apart: letters that fold in odd ways, words that touch, codes inside
//! codes, domains below domains.

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::{RuleSet, load};
use crate::{
    model::event::{Attendee, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    yaml::diagnostic::Source,
};

/// Words that make trouble.
const WORDS: &[&str] = &[
    "kickoff",
    "kick off",
    "Retro",
    "retro planning",
    "1:1",
    "C++",
    "#ops",
    "_x_",
    "x",
    "straße",
    "Maß",
    "ſprint",
    "Sprint",
    "K2",
    "\u{212a}2",
    "ΣΑΣ",
    "σασ",
    "İzmir",
    "izmir",
    "ıssız",
    "naïve",
    "e\u{301}té",
    "ǅ",
    "½ day",
    "day",
    "日本",
    "本",
    "トヨタ",
    "O'Brien",
    "e-mail",
    "Mu\u{308}ller",
    "ส้ม",
    "Ὀδυσσεύς",
    "a\u{345}b",
    "review",
    "re view",
    "view",
    "٣ x",
    "a-b",
    "B",
];
const NAMES: &[&str] = &[
    "Acme",
    "Acme Robotics",
    "Glo\u{212a}",
    "Müller & Söhne",
    "Straße",
    "ΟΔΟΣ",
    "GX",
    "C++",
    "Robo",
    "Übersee AG",
    "A",
    "B B",
    "日本",
    "day",
    "トヨタ",
    "O’Brien",
];
const CODES: &[&str] = &["ACME-12", "ACME-15", "A-1", "A-1-2", "GB X-3", "K-7", "MÜ-1", "NODASH", "ſ-9"];
const SLIPS: &[&str] = &[
    "ACME-13",
    "acme-12a",
    "XACME-12",
    "A-1-22",
    "A-12",
    "gb\u{a0}x-3",
    "gb  x-4",
    "\u{212a}-7",
    "mü-2",
    "ACME-١٢",
    "S-9",
    "ACME-",
    "nodashes",
    "A-1.5",
    "A-1/2",
    "ACME-12-2026x",
    "ACME‑12",
    "ACME-15会",
];
const DOMAINS: &[&str] = &["acme.com", "eu.acme.com", "globex.com", "both.org", "co.uk", "x.co.uk", "ours.example"];
const PEOPLE: &[&str] = &[
    "eva@ours.example",
    "kim@sub.ours.example",
    "tom@acme.com",
    "tim@eu.acme.com",
    "ann@x.eu.acme.com",
    "bo@globex.com",
    "cy@both.org",
    "di@gmail.com",
    "omar@gmail.com",
    "ed@x.co.uk",
    "flo@notacme.com",
    "gus@acme.com.evil.net",
    "acme.com",
    "room@acme.com",
];
const PATTERNS: &[&str] = &[
    r"^interview:?\s*(?<who>\w+)",
    r"\bre.?view\b",
    "(?<who>sprint|retro) \\d+",
    "k2",
    r"[kſ]\w+",
    "^.{3,9}$",
    "(?i:ß|maß)+",
    r"(?-i:Retro)",
    r"(?x) kick \s off",
    "e‑mail|o’b",
    "m[üu]ller",
];
const JOINTS: &[&str] =
    &[" ", " ", " ", "  ", "\u{a0}", "\t", "", "-", "_", ": ", "[", "] ", "é", "/", "\n", "会", "ホ", "’", "‑", "–2", "\u{301}", "ก็"];
const SECTIONS: &[&str] = &["a", "b", "c"];

/// Numbers that look random and are the same each time.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("it fits") % sides
    }

    pub(super) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn some<'a>(&mut self, of: &[&'a str], most: usize) -> Vec<&'a str> {
        (0..=self.roll(most)).map(|_| self.one(of)).collect()
    }

    pub(super) fn often(&mut self, hundredths: usize) -> bool {
        self.roll(100) < hundredths
    }

    /// As someone may type it.
    fn cased(&mut self, word: &str) -> String {
        match self.roll(4) {
            0 => word.to_uppercase(),
            1 => word.to_lowercase(),
            2 => word.chars().flat_map(|char| if self.often(50) { char.to_uppercase().collect::<Vec<_>>() } else { vec![char] }).collect(),
            _ => word.to_owned(),
        }
    }

    fn title(&mut self) -> String {
        let mut title = String::new();
        for _ in 0..self.roll(6) {
            let of = [WORDS, WORDS, NAMES, CODES, SLIPS, &["interview: Kim", "sprint 12", "the"]][self.roll(6)];
            let word = self.one(of);
            title += &self.cased(word);
            title += self.one(JOINTS);
        }
        title
    }
}

fn clients(dice: &mut Dice) -> Value {
    let (mut all, keys) = (Map::new(), ["acme", "globex", "mueller", "zed"]);
    for (index, key) in keys.iter().enumerate() {
        let own = |list: &[&'static str]| list.iter().copied().skip(index).step_by(keys.len()).collect::<Vec<_>>();
        let (names, codes) = (own(NAMES), own(CODES));
        let mut aliases: Vec<Value> =
            names[1..].iter().map(|name| if dice.often(30) { json!({ "name": name, "weak": true }) } else { json!(name) }).collect();
        if index < 2 {
            aliases.push(json!({ "name": "shared", "weak": true }));
        }
        let mut domains = own(&DOMAINS[..6]);
        domains.extend((index < 2 && !domains.contains(&"both.org")).then_some("both.org"));
        let project = |code: &str, dice: &mut Dice| {
            let until = if dice.often(20) { json!({ "until": "2026-03-09" }) } else { json!({}) };
            let mut project = json!({ "name": code, "billable": dice.often(50) });
            project.as_object_mut().expect("a map").extend(until.as_object().expect("a map").clone());
            if dice.often(20) {
                project["was"] = json!(format!("OLD{code}"));
            }
            project
        };
        let projects: Map<String, Value> = codes.iter().map(|code| ((*code).to_owned(), project(code, dice))).collect();
        let addresses = if index == 1 { json!(["omar@gmail.com"]) } else { json!([]) };
        all.insert(
            (*key).to_owned(),
            json!({ "name": names[0], "aliases": aliases, "domains": domains, "addresses": addresses, "projects": projects }),
        );
    }
    all.insert("we".to_owned(), json!({ "name": "Ours", "own": true, "domains": ["ours.example"] }));
    json!({ "clients": all })
}

/// Whether a `when` has one of these keys where it can give something to values.
fn has(when: &Value, keys: &[&str]) -> bool {
    let here = keys.iter().any(|key| when.get(key).is_some());
    here || ["any", "all"].iter().filter_map(|key| when.get(key)?.as_array()).flatten().any(|part| has(part, keys))
}

fn words(dice: &mut Dice) -> Value {
    let mut asks = Map::new();
    if dice.often(80) {
        asks.insert("words".into(), json!(dice.some(WORDS, 3)));
    }
    if asks.is_empty() || dice.often(15) {
        asks.insert("regex".into(), json!(dice.one(PATTERNS)));
    }
    if dice.often(20) {
        asks.insert("not_words".into(), json!(dice.some(WORDS, 2)));
    }
    Value::Object(asks)
}

fn sought(dice: &mut Dice, places: &[&str]) -> Value {
    let mut asks = Map::new();
    if dice.often(50) {
        asks.insert("in".into(), json!(dice.some(places, 2)));
    }
    if dice.often(50) {
        asks.insert("is".into(), json!(dice.some(&["acme", "globex", "mueller", "zed"], 2)));
    }
    if dice.often(30) {
        asks.insert(dice.one(&["exactly", "at_least"]).into(), json!(dice.roll(3)));
    }
    Value::Object(asks)
}

fn when(dice: &mut Dice, depth: usize) -> Value {
    let mut asks = Map::new();
    for _ in 0..=dice.roll(3) {
        let (key, value) = match dice.roll(if depth == 0 { 26 } else { 30 }) {
            0..=4 => ("title", words(dice)),
            5 => ("description", words(dice)),
            6 => ("location", words(dice)),
            7 | 8 => ("project_code", sought(dice, &["title", "categories", "description", "description_first_line"])),
            9 | 10 => ("client_domain", sought(dice, &["attendees", "organizer"])),
            11 | 12 => ("client_name", sought(dice, &["title", "location", "categories", "description", "description_first_line"])),
            13 => (
                "attendees",
                [json!({ "max": dice.roll(4) }), json!({ "only": "our_domains" }), json!({ "only": dice.some(DOMAINS, 3) })][dice.roll(3)]
                    .clone(),
            ),
            14 => ("attendees", json!({ "any": dice.some(&[DOMAINS, PEOPLE].concat()[..19], 2) })),
            15 => ("guests", [json!({ "min": 1 }), json!({ "unknown": dice.often(50) })][dice.roll(2)].clone()),
            16 => ("organizer", json!(dice.some(&[DOMAINS, PEOPLE].concat(), 2))),
            17 => ("calendar", json!(dice.some(&["Work", "WORK ", "Straße", "x"], 1))),
            18 => ("categories", json!(dice.some(&["Training", "straße", "ACME-12", "x"], 2))),
            19 => [("recurring", json!(dice.often(50))), ("status", json!(["cancelled"]))][dice.roll(2)].clone(),
            20 => [("show_as", json!(dice.some(&["free", "busy"], 1))), ("my_response", json!(["declined"]))][dice.roll(2)].clone(),
            21 => ("duration", json!({ "min": dice.one(&["30m", "1h", "2h"]) })),
            22 => ("weekday", json!(dice.some(&["mon", "tue", "sat"], 1))),
            23 => ("series", json!(dice.some(&["u1", "u2"], 1))),
            24 => [
                ("client", json!(dice.one(&["acme", "globex", "unset"]))),
                ("task", json!("unset")),
                ("billable", json!(true)),
                ("confidence", json!({ "below": "high" })),
            ][dice.roll(4)]
            .clone(),
            25 => [
                ("colour", json!("teal")),
                ("event_type", json!("focus-time")),
                ("conference", json!(true)),
                ("time", json!({ "outside": "09:00-17:00" })),
            ][dice.roll(4)]
            .clone(),
            26 => ("any", json!([when(dice, depth - 1), when(dice, depth - 1)])),
            27 => ("all", json!([when(dice, depth - 1), when(dice, depth - 1)])),
            28 => ("not", when(dice, depth - 1)),
            _ => ("same_day", when(dice, 0)),
        };
        asks.insert(key.to_owned(), value);
    }
    Value::Object(asks)
}

fn effect(rule: &mut Map<String, Value>, dice: &mut Dice) {
    match dice.roll(12) {
        0 => drop(rule.insert("skip".into(), json!("why"))),
        1 => drop(rule.insert("review".into(), json!("who?"))),
        2 => drop(rule.insert("split".into(), json!([{ "client": "acme", "share": 60 }, { "project": "K-7", "share": 40 }]))),
        _ => {
            let mut set = Map::new();
            match dice.roll(4) {
                0 if has(&rule["when"], &["project_code", "client_domain", "client_name"]) => {
                    set.insert("client".into(), json!("${client}"));
                    if dice.often(50) {
                        set.insert("project".into(), json!("${client.open_project}"));
                    }
                }
                1 if has(&rule["when"], &["project_code"]) => drop(set.insert("project".into(), json!("${code}"))),
                2 => drop(set.insert("project".into(), json!(dice.one(CODES)))),
                3 => drop(set.insert("client".into(), json!(dice.one(&["acme", "globex", "zed"])))),
                _ => {}
            }
            if has(&rule["when"], &["title", "description", "location", "categories"]) && dice.often(40) {
                set.insert("task".into(), json!("${word}"));
            }
            if set.is_empty() || dice.often(20) {
                set.insert("description".into(), json!("${rest}"));
                set.insert("tags".into(), json!(["t"]));
            }
            rule.insert("set".into(), Value::Object(set));
            if dice.often(10) {
                rule.insert("stop".into(), json!(true));
            }
        }
    }
}

pub(super) fn rules(dice: &mut Dice) -> RuleSet {
    let count = 4 + dice.roll(14);
    let id = |number: usize| format!("r{number}");
    let first = json!({ "id": "r0", "section": "a", "when": { "title": { "words": dice.some(WORDS, 2) } },
        "set": { "project": "ACME-12", "task": "Talk", "billable": true } });
    let mut all = vec![first];
    for number in 1..count {
        let (when, mut rule) = (when(dice, 2), Map::new());
        rule.insert("id".into(), json!(id(number)));
        rule.insert("section".into(), json!(SECTIONS[number * SECTIONS.len() / count]));
        rule.insert("when".into(), when);
        effect(&mut rule, dice);
        if dice.often(25) {
            rule.insert("over".into(), json!([id(dice.roll(count))]));
        }
        if dice.often(25) {
            rule.insert("confidence".into(), json!(dice.one(&["low", "high"])));
        }
        for (end, date) in [("from", "2026-03-08"), ("until", "2026-03-09")] {
            if dice.often(10) {
                rule.insert(end.into(), json!(date));
            }
        }
        all.push(Value::Object(rule));
    }
    let suspicious: Vec<_> = (0..3).map(|number| json!({ "id": format!("s{number}"), "when": when(dice, 1) })).collect();
    let mut rules = json!({ "sections": SECTIONS, "our_domains": ["ours.example"], "defaults": { "task": "Meeting" }, "rules": all, "suspicious": suspicious });
    if dice.often(50) {
        rules["timezone"] = json!("Europe/Berlin");
    }
    let file = |name: &str, value: &Value| Source::new(name, &value.to_string());
    load(&[file("rules.yaml", &rules), file("clients.yaml", &clients(dice))]).unwrap_or_else(|found| {
        let told: Vec<_> = found.iter().map(|(source, finding)| finding.draw(source, crate::yaml::diagnostic::Paint::Plain)).collect();
        panic!("{}\n{rules:#}", told.join("\n"))
    })
}

pub(super) fn fact(dice: &mut Dice) -> Fact {
    let start: DateTime<Utc> = "2026-03-07T00:00:00Z".parse().expect("an instant");
    let start = start + TimeDelta::minutes(i64::try_from(30 * dice.roll(200)).expect("small"));
    let attendee =
        |email: &str| Attendee { email: email.to_owned(), name: None, resource: email.starts_with("room"), response: Response::Accepted };
    let people = if dice.often(30) { Vec::new() } else { dice.some(PEOPLE, 4) };
    let mut maybe = |text: String| if dice.often(40) { text } else { String::new() };
    let (location, description) = (maybe(Dice(start.timestamp().unsigned_abs()).title()), maybe("x".to_owned()));
    let description = if description.is_empty() { description } else { format!("{}\n{}", dice.title(), dice.title()) };
    let text = Text {
        title: dice.title(),
        description,
        location,
        organizer: dice.often(60).then(|| dice.one(PEOPLE).to_owned()),
        attendees: people.into_iter().map(attendee).collect(),
        categories: if dice.often(30) {
            vec![dice.one(&["training ", "STRASSE", "Straße", "acme-12", "ACME-14"]).to_owned(), dice.title()]
        } else {
            vec![]
        },
        colour: dice.often(20).then(|| "Teal".to_owned()),
        event_type: dice.often(20).then(|| "focusTime".to_owned()),
        conference: dice.often(20).then(|| "https://x".to_owned()),
    };
    let span = if dice.often(10) {
        Span::AllDay { first: start.date_naive(), until: start.date_naive() + Days::new(1) }
    } else {
        Span::Timed { start, end: start + TimeDelta::minutes(i64::try_from(15 * dice.roll(12)).expect("small")), zone: chrono_tz::UTC }
    };
    Fact {
        provider_id: "p".into(),
        ical_uid: dice.one(&["u1", "u2", "u3"]).to_owned(),
        recurring: dice.often(50),
        original_start: None,
        span,
        status: EventStatus::Confirmed,
        show_as: if dice.often(20) { ShowAs::Free } else { ShowAs::Busy },
        visibility: if dice.often(5) { Visibility::Private } else { Visibility::Public },
        text: text.into(),
    }
}
