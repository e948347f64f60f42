//! How much dearer is a verdict than one pass over the title, and how does that grow with the rules? Prints ratios from one run.
//!
//! Mixed rules (words, phrases, patterns, addresses, calendars, weekdays) over a catalog that grows with them, on events like an agency's,
//! against (a) one regex per rule, asked in order up to the first that fits, and (b) one bare Aho-Corasick pass over the lower-cased title
//! for every literal: the floor. A verdict asks every rule that may hold, since disagreement is told. Events are judged as a pass over
//! someone's days judges them: person by person, seventeen weeks of each series in random order, and nothing known before; and, for
//! comparison, each event by itself. Time is CPU time of the thread, the least of several rounds. Above the gates the run fails.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::{fmt::Write as _, hint::black_box, time::Duration};

use daachorse::DoubleArrayAhoCorasick;
use kalends::measured::{Event, Rules};
use nix::time::{ClockId, clock_gettime};
use regex::Regex;
use serde_json::json;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const EVENTS: usize = 50_000;
/// Occurrences of a series; in random order, beside the other series of one person.
const WEEKS: usize = 17;
const EVENTS_OF_A_PERSON: usize = 2_500;
const ROUNDS: usize = 5;
const FLOOR_MAX: f64 = 10.0;
const GROWTH_MAX: f64 = 5.0;
const FASTER_MIN: f64 = 500.0;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("it fits") % sides
    }
}

/// A name, another for each number; every eighth has letters beyond ASCII.
fn name(number: usize) -> String {
    const PARTS: [&str; 16] =
        ["bre", "nova", "tal", "mir", "ko", "san", "vel", "dor", "ari", "quin", "lex", "pon", "sol", "gra", "hem", "fis"];
    let part = |shift: usize| PARTS[number >> shift & 15];
    let name = format!("{}{}{}{}", part(0), part(4), part(8), part(12));
    let name = if number.is_multiple_of(8) { name.replacen('o', "ö", 1).replacen('e', "é", 1) } else { name };
    name[..1].to_uppercase() + &name[1..]
}

/// What a rule asks, for the rule file and for whoever compares.
enum Asks {
    Title(String),
    Pattern(String),
    People(String),
    Calendar(String, String),
}

/// The rule at a place; the first eight are those of the shipped example.
fn rule(number: usize) -> (String, Asks) {
    let (word, domain) = (name(number), format!("{}.example", name(number).to_lowercase().replace('ö', "oe").replace('é', "e")));
    match number % 10 {
        0..=3 => (format!("title: {{words: [{word}]}}"), Asks::Title(word)),
        4 => (format!("title: {{words: [call with {word}, {word} review]}}"), Asks::Title(word)),
        5 => (format!("title: {{words: [{word}]}}, weekday: [mon, tue, wed], time: {{outside: \"12:00-13:00\"}}"), Asks::Title(word)),
        6 => (format!("title: {{regex: '^{word}:?\\s+(?<what>\\w+)'}}"), Asks::Pattern(format!(r"^{word}:?\s+(?<what>\w+)"))),
        7 | 8 => (format!("attendees: {{any: [{domain}]}}"), Asks::People(domain)),
        _ => (format!("organizer: [{domain}], calendar: [{word} calls]"), Asks::Calendar(domain, format!("{word} calls"))),
    }
}

const HEADER: &str = "version: 1
our_domains: [northwind.example]
sections: [guards, codes, clients, rest, tasks]
defaults: {task: Meeting, billable: \"${project.billable}\"}
rules:
  - {id: declined, section: guards, when: {my_response: [declined, not_invited]}, skip: not attended}
  - {id: code, section: codes, when: {project_code: {in: [title, categories]}}, set: {client: \"${project.client}\", project: \"${code}\", description: \"${rest}\"}, confidence: high}
  - {id: domain, section: clients, when: {client_domain: {in: [attendees, organizer], exactly: 1}}, set: {client: \"${client}\", project: \"${client.open_project}\"}}
  - {id: two, section: clients, when: {client_domain: {in: [attendees, organizer], at_least: 2}}, review: who pays?}
  - {id: name, section: clients, when: {client_name: {in: [title, location]}}, set: {client: \"${client}\"}, confidence: low}
  - {id: internal, section: rest, when: {attendees: {only: our_domains}, client: unset}, set: {project: INT-1}}
  - {id: words, section: tasks, when: {title: {words: [kickoff, workshop, retro, review]}}, set: {task: \"${word}\"}}
  - {id: late, section: tasks, when: {client: c0, time: {outside: \"08:00-19:00\"}}, set: {tags: [after-hours]}}
";
const FOOTER: &str = "suspicious:
  - {id: too-long, when: {duration: {min: 10h}}}
  - {id: internal-billable, when: {billable: true, attendees: {only: our_domains}}}
  - {id: low-confidence, when: {confidence: {below: medium}}}
";

fn clients(count: usize) -> usize {
    (count / 10).max(4)
}

/// Rule files with so many rules.
fn files(count: usize) -> (String, String) {
    let mut rules = HEADER.to_owned();
    for number in 0..count.saturating_sub(8) {
        writeln!(rules, "  - {{id: r{number}, section: tasks, when: {{{}}}, set: {{tags: [t{number}]}}}}", rule(number).0).expect("text");
    }
    let mut catalog = "clients:\n  we: {name: Northwind, own: true, projects: {INT-1: {name: Management, billable: false}}}\n".to_owned();
    for number in 0..clients(count) {
        // Clients stand far from the words of rules.
        let name = name(0xf000 + number);
        writeln!(catalog, "  c{number}: {{name: {name} Ltd, aliases: [{name}], domains: [client{number}.example], projects: {{CL{number}-1: {{name: One, billable: true}}}}}}").expect("text");
    }
    (rules + FOOTER, catalog)
}

/// An event about something that a set of so many rules may know.
fn event(dice: &mut Dice, count: usize) -> serde_json::Value {
    let (number, client) = (dice.roll(count), dice.roll(clients(count)));
    let word = name(number);
    let title = match dice.roll(10) {
        0 | 1 => format!("{word} sprint planning"),
        2 => format!("{word} planning, part {}", dice.roll(9)),
        3 => format!("Call with {word}"),
        4 => format!("[CL{client}-1] Kickoff for spring"),
        5 => format!("{} weekly", name(0xf000 + client)),
        6 => "Lunch with the team".to_owned(),
        7 => "Café-Besuch, Übergabe".to_owned(),
        8 => format!("{word}: workshop {}", dice.roll(9)),
        _ => "1:1 Kim / Eva".to_owned(),
    };
    let other = match dice.roll(8) {
        0..=2 => format!("tom@client{client}.example"),
        3 => format!("ann@{}.example", name(number).to_lowercase()),
        4 => "x@gmail.com".to_owned(),
        _ => "kim@northwind.example".to_owned(),
    };
    let attendees = ["eva@northwind.example", &other, "jo@northwind.example", "mia@elsewhere.example"];
    let uid = format!("{:016x}{number:016x}@calendar.example", dice.0);
    json!({ "series": uid, "title": title, "attendees": attendees, "organizer": other, "calendar": if dice.roll(4) == 0 { "Globex calls" } else { "Work" },
        "start": format!("2026-03-{:02}T{:02}:00", 2 + dice.roll(20), 7 + dice.roll(12)), "duration": "45m" })
}

fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock").into()
}

/// The least time of several rounds, in nanoseconds for each of so many.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of seconds")]
fn least(rounds: usize, each: usize, mut act: impl FnMut()) -> f64 {
    let mut round = || {
        let began = cpu();
        act();
        cpu().saturating_sub(began).as_nanos() as f64 / each as f64
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// Way (a): each rule as a pattern on the text that it is about.
fn patterns(count: usize) -> Vec<(Asks, Regex)> {
    let compile = |asks: Asks| {
        let text = match &asks {
            Asks::Title(word) => format!(r"(?i)\b{}\b", regex::escape(word)),
            Asks::Pattern(pattern) => format!("(?i){pattern}"),
            Asks::People(domain) | Asks::Calendar(domain, _) => format!(r"(?i)[@.]{}\b", regex::escape(domain)),
        };
        (asks, Regex::new(&text).expect("a pattern"))
    };
    (0..count).map(|number| compile(rule(number).1)).collect()
}

fn first(rules: &[(Asks, Regex)], event: &serde_json::Value, people: &str) -> Option<usize> {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    rules.iter().position(|(asks, regex)| match asks {
        Asks::Title(_) | Asks::Pattern(_) => regex.is_match(text("title")),
        Asks::People(_) => regex.is_match(people),
        Asks::Calendar(_, calendar) => regex.is_match(text("organizer")) && calendar == text("calendar"),
    })
}

/// What every title is scanned for.
fn literals(count: usize) -> Vec<String> {
    let of_rules = (0..count).filter_map(|number| match rule(number).1 {
        Asks::Title(word) => Some(word.to_lowercase()),
        Asks::Pattern(_) => Some(name(number).to_lowercase()),
        _ => None,
    });
    let of_clients = (0..clients(count)).flat_map(|number| [name(0xf000 + number).to_lowercase(), format!("cl{number}-1")]);
    let mut all: Vec<String> = of_rules.chain(of_clients).collect();
    all.sort();
    all.dedup();
    all
}

/// People's events: so many series each, every occurrence once, in random order.
fn people(dice: &mut Dice, events: &[Event]) -> Vec<Vec<Event>> {
    let of_a_person = events.chunks(EVENTS_OF_A_PERSON).map(|events| {
        let series = events.iter().step_by(WEEKS);
        let mut all: Vec<Event> =
            series.flat_map(|first| (0..WEEKS).map(|week| first.weeks_later(i64::try_from(week).expect("few")))).collect();
        (1..all.len()).rev().for_each(|at| all.swap(at, dice.roll(at + 1)));
        all
    });
    of_a_person.collect()
}

/// Keeps the optimiser from leaving out what is measured.
fn sum(sum: usize) {
    black_box(sum);
}

/// What one size took, in nanoseconds an event.
struct Measured {
    load: f64,
    /// Of an event by itself.
    alone: f64,
    verdict: f64,
    floor: f64,
    plain: f64,
}

fn measure(count: usize) -> Measured {
    let (rules, catalog) = files(count);
    let load = least(3, 1, || drop(black_box(Rules::load(&[("rules.yaml", &rules), ("clients.yaml", &catalog)]))));
    let set = Rules::load(&[("rules.yaml", &rules), ("clients.yaml", &catalog)]);
    let mut dice = Dice(7);
    let written: Vec<serde_json::Value> = (0..EVENTS).map(|_| event(&mut dice, count)).collect();
    let events: Vec<Event> = written.iter().map(|event| set.event(event.clone())).collect();
    let people = people(&mut dice, &events);
    let titles: Vec<String> = people.iter().flatten().map(|event| event.title().to_lowercase()).collect();
    let floor_set = DoubleArrayAhoCorasick::<u32>::new(literals(count)).expect("literals");
    let other_set =
        aho_corasick::AhoCorasick::builder().kind(Some(aho_corasick::AhoCorasickKind::DFA)).build(literals(count)).expect("literals");
    let scan = |title: &String| floor_set.find_overlapping_iter(title).count();
    let floor = least(ROUNDS, titles.len(), || sum(titles.iter().map(scan).sum::<usize>()));
    let scan = |title: &String| other_set.find_overlapping_iter(title).count();
    let other = least(ROUNDS, titles.len(), || sum(titles.iter().map(scan).sum::<usize>()));
    let alone = least(ROUNDS, EVENTS, || sum(events.iter().map(|event| set.judge(event)).sum::<usize>()));
    let verdict = least(ROUNDS, titles.len(), || sum(people.iter().map(|events| set.judge_all(events)).sum::<usize>()));
    let plain_rules = patterns(count);
    let few = (3_000_000 / count).clamp(200, EVENTS);
    let invited = |event: &serde_json::Value| {
        event["attendees"].as_array().into_iter().flatten().filter_map(|one| one.as_str()).collect::<Vec<_>>().join(" ")
    };
    let asked: Vec<_> = written.iter().take(few).map(|event| (event, invited(event))).collect();
    let plain = least(2, few, || sum(asked.iter().filter_map(|(event, people)| first(&plain_rules, event, people)).sum::<usize>()));
    println!(
        "{count:>7} {:>8.0} ms {alone:>9.0} {verdict:>11.0} {floor:>8.0} {:>9.1} {plain:>12.0} {:>9.0} {other:>10.0}",
        load / 1e6,
        verdict / floor,
        plain / verdict
    );
    Measured { load, alone, verdict, floor, plain }
}

fn main() {
    println!("nanoseconds of CPU an event, {EVENTS} events");
    println!("  rules        load     alone    in series    floor  verdict/   one regex    regex/  floor by");
    println!("                                                        floor    per rule   verdict       DFA");
    let all: Vec<Measured> = SIZES.iter().map(|count| measure(*count)).collect();
    let (few, many) = (&all[0], &all[SIZES.len() - 1]);
    let (to_floor, growth, faster) = (many.verdict / many.floor, many.verdict / few.verdict, many.plain / many.verdict);
    println!("at 10,000 rules a verdict takes, next to");
    println!("  the floor: {to_floor:.1} times as long (gate {FLOOR_MAX}, aim 5); of an event by itself {:.1}", many.alone / many.floor);
    println!(
        "  10 rules: {growth:.2} (gate {GROWTH_MAX}, aim 2.5); of an event by itself {:.2}; the floor {:.2}",
        many.alone / few.alone,
        many.floor / few.floor
    );
    println!("  one regex per rule: a {faster:.0}th (gate {FASTER_MIN}); of an event by itself a {:.0}th", many.plain / many.alone);
    println!("1,000,000 verdicts: {:.2} s (aim 1); of events by themselves {:.2} s", many.verdict / 1e3, many.alone / 1e3);
    println!("load of 10,000 rules: {:.2} s (aim 0.5)", many.load / 1e9);
    assert!(growth <= GROWTH_MAX, "the gate on growth is {GROWTH_MAX}");
    assert!(faster >= FASTER_MIN, "the gate on one regex per rule is {FASTER_MIN}");
    assert!(to_floor <= FLOOR_MAX, "the gate on the floor is {FLOOR_MAX}");
}
