//! A year of an agency. What each hour was for is drawn first, from who works on what and when; only then does somebody write an event for
//! it, as people do: with a product's name, a nickname of it, a mistyped one, or nothing that tells. Nothing here knows how answers are
//! ranked.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

pub(super) const WEEKS: usize = 52;
pub(super) const PEOPLE: &[&str] = &["dana", "ben", "eva", "kim", "lou", "noor"];
/// Hours of a working day at which something can begin.
const SLOTS: u32 = 8;

/// One event of one person, and what it really was for.
#[derive(Clone, Debug)]
pub(super) struct Hour {
    pub(super) person: usize,
    pub(super) start: DateTime<Utc>,
    pub(super) project: String,
    text: String,
}

/// A body of work as it really is: the files know its code and its client, not how people call it.
struct Work {
    client: usize,
    code: String,
    /// Weeks, the last excluded.
    weeks: std::ops::Range<usize>,
    product: &'static str,
    /// What the files call it: the product, or something that nobody says.
    filed_as: &'static str,
    nickname: String,
    team: Vec<usize>,
    contacts: Vec<String>,
    /// Weekly meetings: UID, title, slot of the week, and who of us goes.
    rituals: Vec<(String, String, usize, Vec<usize>)>,
}

pub(super) struct Year {
    pub(super) clients: String,
    pub(super) hours: Vec<Hour>,
}

const CLIENTS: &[(&str, &str, bool)] = &[
    ("acme", "Acme Robotics", true),
    ("borealis", "Borealis Energy", true),
    ("cobalt", "Cobalt Bank", false),
    ("delphi", "Delphi Travel", true),
    ("ember", "Ember Foods", false),
    ("fjord", "Fjord Shipping", true),
    ("glint", "Glint Optics", false),
];
const PRODUCTS: &[&str] = &[
    "Atlas",
    "Checkout",
    "Nimbus",
    "Intranet",
    "Brandbook",
    "Harbor",
    "Loyalty",
    "Portal",
    "Rebrand",
    "Quarry",
    "Tracker",
    "Voyage",
    "Relaunch",
    "Orchard",
];
const FORMAL: &[&str] = &["Framework 2025", "Retainer", "Phase one", "Services", "Project budget"];
const RITUALS: &[&str] = &["weekly", "standup", "planning", "sync", "jour fixe", "retro"];
const CRAFT: &[&str] = &[
    "wireframes",
    "copy",
    "design review",
    "workshop",
    "user tests",
    "estimates",
    "prototype",
    "handover",
    "content",
    "QA",
    "roadmap",
    "analytics",
    "budget",
];
const PLAIN: &[&str] =
    &["Review", "Focus", "Design", "Call", "Catch-up", "Feedback", "Working session", "Prep", "Follow-up", "Sync", "Concept"];
const NAMES: &[&str] = &["tom", "ana", "omar", "bo", "ines", "raj", "mia", "paul", "zoe", "li", "sven", "aya"];
const OWN: &[&str] = &["Admin", "Timesheets", "Expenses", "Inbox", "Mentoring", "Team lunch prep", "Tooling"];

impl Year {
    pub(super) fn new(seed: u64, first: NaiveDate) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let works = works(&mut dice);
        let mut hours = Vec::new();
        for week in 0..WEEKS {
            let monday = first + Days::new(7 * week as u64);
            for person in 0..PEOPLE.len() {
                hours.extend(week_of(&mut dice, &works, person, week, monday));
            }
        }
        Self { clients: catalog(&works), hours }
    }

    /// One person's calendar.
    pub(super) fn calendar(&self, person: usize) -> String {
        let own = self.hours.iter().filter(|hour| hour.person == person).map(|hour| hour.text.as_str());
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", own.collect::<String>())
    }
}

fn works(dice: &mut StdRng) -> Vec<Work> {
    let mut works = Vec::new();
    let mut products = PRODUCTS.iter().copied();
    for (client, (key, _, _)) in CLIENTS.iter().enumerate() {
        for number in 0..2 {
            let Some(product) = products.next() else { return works };
            let begins = if number == 0 { 0 } else { dice.random_range(6..26) };
            let ends = dice.random_range(begins + 14..begins + 44).min(WEEKS);
            let mut team: Vec<usize> = (0..PEOPLE.len()).collect();
            team.retain(|_| dice.random_bool(0.45));
            if team.is_empty() {
                team.push(dice.random_range(0..PEOPLE.len()));
            }
            let domain = |dice: &mut StdRng| if dice.random_bool(0.7) { format!("{key}.example") } else { "gmail.com".to_owned() };
            let contacts: Vec<String> =
                (0..dice.random_range(1..4)).map(|_| format!("{}@{}", NAMES.choose(dice).expect("names"), domain(dice))).collect();
            let filed_as = if dice.random_bool(0.5) { product } else { FORMAL.choose(dice).expect("names") };
            let nickname = product.chars().take(3).collect::<String>().to_uppercase();
            let rituals = (0..dice.random_range(1..3)).map(|ritual| {
                let name = RITUALS.choose(dice).expect("rituals");
                let title = match dice.random_range(0..4) {
                    0 => capital(name),
                    1 => format!("{nickname} {name}"),
                    _ => format!("{product} {name}"),
                };
                let who = team.iter().copied().filter(|_| dice.random_bool(0.7)).collect();
                (format!("{key}-{number}-{ritual}"), title, dice.random_range(0..40), who)
            });
            let rituals: Vec<_> = rituals.collect();
            let code = |phase: usize| format!("{}-{}", &key[..3].to_uppercase(), number * 10 + phase);
            let one = |code: String, weeks| {
                let (nickname, team, contacts, rituals) = (nickname.clone(), team.clone(), contacts.clone(), rituals.clone());
                Work { client, code, weeks, product, filed_as, nickname, team, contacts, rituals }
            };
            // Some go on under a new number: same people, same meetings.
            if ends - begins > 20 && dice.random_bool(0.5) {
                let turn = begins + (ends - begins) / 2;
                works.extend([one(code(1), begins..turn), one(code(2), turn..ends)]);
            } else {
                works.push(one(code(1), begins..ends));
            }
        }
    }
    works
}

fn capital(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn week_of(dice: &mut StdRng, works: &[Work], person: usize, week: usize, monday: NaiveDate) -> Vec<Hour> {
    let mine: Vec<&Work> = works.iter().filter(|work| work.weeks.contains(&week) && work.team.contains(&person)).collect();
    let mut taken = [false; 40];
    let mut hours = Vec::new();
    let mut put = |slot: usize, project: &str, uid: &str, series: bool, title: &str, people: &[String]| {
        if std::mem::replace(&mut taken[slot], true) {
            return;
        }
        let date = monday + Days::new(slot as u64 / u64::from(SLOTS));
        let start = date.and_hms_opt(8 + u32::try_from(slot).expect("small") % SLOTS, 0, 0).expect("a time").and_utc();
        let text = event(PEOPLE[person], start, uid, series, title, people);
        hours.push(Hour { person, start, project: project.to_owned(), text });
    };
    for work in &mine {
        for (uid, title, slot, who) in &work.rituals {
            if who.contains(&person) && dice.random_bool(0.9) {
                let inside = who.iter().map(|one| address(*one));
                let people: Vec<String> = inside.chain(work.contacts.iter().cloned()).collect();
                put(*slot, &work.code, uid, true, title, &people);
            }
        }
    }
    for number in 0..dice.random_range(5..10) {
        let slot = dice.random_range(0..40);
        let uid = format!("{person}-{week}-{number}");
        let Some(work) = mine.choose(dice).filter(|_| dice.random_bool(0.85)) else {
            put(slot, "INT-1", &uid, false, OWN.choose(dice).expect("words"), &[]);
            continue;
        };
        let contact = work.contacts.choose(dice).expect("contacts").clone();
        let title = written(dice, work, &contact);
        let people = match dice.random_range(0..10) {
            0..4 => vec![address(person), contact],
            4..7 => work.team.iter().map(|one| address(*one)).collect(),
            _ => Vec::new(),
        };
        put(slot, &work.code, &uid, false, &title, &people);
    }
    hours
}

/// What someone in a hurry writes.
fn written(dice: &mut StdRng, work: &Work, contact: &str) -> String {
    let (craft, plain) = (CRAFT.choose(dice).expect("words"), PLAIN.choose(dice).expect("words"));
    match dice.random_range(0..100) {
        0..28 => format!("{} {craft}", work.product),
        28..38 => format!("{} {craft}", work.nickname),
        38..44 => format!("{} {craft}", mistyped(dice, work.product)),
        44..58 => (*plain).to_owned(),
        58..66 => capital(craft),
        66..76 => format!("{plain} {}", capital(contact.split('@').next().unwrap_or_default())),
        76..88 => format!("[{}] {craft}", work.code),
        _ => format!("{} {craft}", CLIENTS[work.client].1.split(' ').next().unwrap_or_default()),
    }
}

fn mistyped(dice: &mut StdRng, word: &str) -> String {
    let at = dice.random_range(1..word.len());
    word.char_indices().filter(|(place, _)| *place != at).map(|(_, char)| char).collect()
}

fn address(person: usize) -> String {
    format!("{}@northwind.example", PEOPLE[person])
}

fn event(owner: &str, start: DateTime<Utc>, uid: &str, series: bool, title: &str, people: &[String]) -> String {
    let at = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    let mut text = format!("BEGIN:VEVENT\r\nDTSTART:{}\r\nDTEND:{}\r\nSUMMARY:{title}\r\n", at(start), at(start + TimeDelta::hours(1)));
    // Each week of a series stands in the file by itself, as an instance that was moved.
    let named = if series { format!("UID:{uid}\r\nRECURRENCE-ID:{}\r\n", at(start)) } else { format!("UID:{uid}\r\n") };
    text.push_str(&named);
    for email in people {
        let answer = if email.starts_with(owner) { ";PARTSTAT=ACCEPTED" } else { "" };
        write!(text, "ATTENDEE{answer}:mailto:{email}\r\n").expect("text");
    }
    text + "END:VEVENT\r\n"
}

/// What ops wrote down: names and codes of everything, mail domains of some.
fn catalog(works: &[Work]) -> String {
    let mut text = "clients:\n".to_owned();
    for (client, (key, name, is_known)) in CLIENTS.iter().enumerate() {
        let domains = if *is_known { format!("\n    domains: [{key}.example]") } else { String::new() };
        write!(text, "  {key}:\n    name: {name}\n    aliases: [{}]{domains}\n    projects:\n", name.split(' ').next().unwrap_or_default())
            .expect("text");
        for work in works.iter().filter(|work| work.client == client) {
            writeln!(text, "      {}: {{name: {}, billable: true}}", work.code, work.filed_as).expect("text");
        }
    }
    text + "  northwind:\n    name: Northwind Studio\n    own: true\n    domains: [northwind.example]\n    projects:\n      INT-1: {name: Management, billable: false}\n"
}

/// The Sunday after a week.
pub(super) fn end_of(first: NaiveDate, week: usize) -> NaiveDate {
    let monday = first + Days::new(7 * week as u64);
    monday + Days::new(6 - u64::from(monday.weekday().num_days_from_monday()))
}
