//! How often is the right answer the first that the queue offers, and among the first three? A year of an agency is lived week by week: what
//! is asked gets its true answer by a reviewer, but of every fourth week the likely answers are looked at first, while none of that week's
//! answers is known. Beside it what always offering the person's most frequent projects of the last eight weeks would do.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod agency;
mod program;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    process::Command,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use agency::{PEOPLE, WEEKS, Year};
use program::kalends;

const SEEDS: &[u64] = &[1];
/// What is asked before this week finds nothing to compare with.
const FIRST_MEASURED: usize = 12;

/// How often a right answer stood where.
#[derive(Clone, Copy, Default)]
struct Score {
    asked: usize,
    first: usize,
    three: usize,
}

impl Score {
    fn add(&mut self, place: Option<usize>) {
        self.asked += 1;
        self.first += usize::from(place == Some(0));
        self.three += usize::from(place.is_some_and(|place| place < 3));
    }

    fn told(self) -> String {
        let part =
            |count: usize| 100.0 * f64::from(u32::try_from(count).unwrap_or(0)) / f64::from(u32::try_from(self.asked.max(1)).unwrap_or(1));
        format!("{:>6} asked   top-1 {:>5.1} %   top-3 {:>5.1} %", self.asked, part(self.first), part(self.three))
    }
}

fn main() {
    let (mut ranked, mut frequent, mut by_reason) = (Score::default(), Score::default(), BTreeMap::<String, Score>::new());
    for seed in SEEDS {
        live(*seed, &mut ranked, &mut frequent, &mut by_reason);
    }
    println!("likely answers          {}", ranked.told());
    println!("most frequent projects  {}", frequent.told());
    for (reason, score) in by_reason {
        println!("  {reason:<21} {}", score.told());
    }
}

fn live(seed: u64, ranked: &mut Score, frequent: &mut Score, by_reason: &mut BTreeMap<String, Score>) {
    let first = NaiveDate::from_ymd_opt(2025, 3, 3).expect("a Monday");
    let year = Year::new(seed, first);
    let truth: HashMap<(String, DateTime<Utc>), &str> =
        year.hours.iter().map(|hour| ((format!("{}@northwind.example", PEOPLE[hour.person]), hour.start), hour.project.as_str())).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    found_firm(at, &year, first);
    let mut asked = HashSet::new();
    for week in 0..WEEKS {
        let sunday = agency::end_of(first, week);
        clock(at, sunday);
        kalends(at, &["sync"]);
        let entries = entries(at, sunday);
        // What stays open after its answer, since it is odd besides, was asked already.
        let mut questions: Vec<Value> = json(at, &["exceptions", "list"]).as_array().expect("a list").clone();
        questions.retain(|question| asked.insert(question["id"].to_string()));
        let is_measured = week >= FIRST_MEASURED && week % 4 == 0;
        for question in &questions {
            let Some(answer) = entries.get(question["entry"].as_str().unwrap_or_default()).and_then(|key| truth.get(key)) else { continue };
            let reason = question["reason"].as_str().unwrap_or_default();
            if is_measured
                && ["unmatched", "missing-field", "conflict", "unknown-code", "low-confidence", "closed-project"].contains(&reason)
            {
                let shown = json(at, &["exceptions", "show", question["id"].as_str().expect("an id")]);
                let likely = shown["likely"].as_array().expect("a list");
                let place = likely.iter().position(|one| one["project"] == **answer);
                ranked.add(place);
                by_reason.entry(reason.to_owned()).or_default().add(place);
                frequent.add(usual(&year, question, sunday).iter().position(|project| project == answer));
            }
        }
        for question in &questions {
            let Some(answer) = entries.get(question["entry"].as_str().unwrap_or_default()).and_then(|key| truth.get(key)) else { continue };
            kalends(at, &["exceptions", "resolve", question["id"].as_str().expect("an id"), &format!("project={answer}")]);
        }
    }
}

/// What a person did most in the eight weeks before, most frequent first.
fn usual<'a>(year: &'a Year, question: &Value, sunday: NaiveDate) -> Vec<&'a str> {
    let person = PEOPLE.iter().position(|name| question["staff"].as_str().is_some_and(|email| email.starts_with(name)));
    let monday = sunday - TimeDelta::days(6);
    let span = monday - TimeDelta::days(56)..monday;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for hour in year.hours.iter().filter(|hour| Some(hour.person) == person && span.contains(&hour.start.date_naive())) {
        *counts.entry(hour.project.as_str()).or_default() += 1;
    }
    let mut all: Vec<_> = counts.into_iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all.into_iter().map(|(project, _)| project).collect()
}

fn found_firm(at: &Path, year: &Year, first: NaiveDate) {
    kalends(at, &["init", "."]);
    std::fs::remove_dir_all(at.join("rules")).expect("the example goes");
    std::fs::create_dir(at.join("rules")).expect("a folder");
    let rules = include_str!("../tests/firm/rules.yaml").split("\ntests:").next().expect("rules");
    // What is only in that firm.
    let rules: String =
        rules.split("\n  - ").filter(|rule| !rule.contains("GBX-9") && !rule.contains("INT-2")).collect::<Vec<_>>().join("\n  - ");
    std::fs::write(at.join("rules/rules.yaml"), rules).expect("written");
    std::fs::write(at.join("rules/clients.yaml"), &year.clients).expect("written");
    clock(at, first);
    for (number, name) in PEOPLE.iter().enumerate() {
        let email = format!("{name}@northwind.example");
        std::fs::write(at.join(format!("{name}.ics")), year.calendar(number)).expect("written");
        kalends(at, &["staff", "add", &email, "--timezone", "UTC", "--first-day", &first.to_string()]);
        kalends(at, &["calendar", "add", "ics", "--staff", &email, "--file", &format!("{name}.ics"), "--whose", "all"]);
    }
}

fn clock(at: &Path, date: NaiveDate) {
    std::fs::write(at.join("kalends.yaml"), format!("database: kalends.db\nclock: {date}T22:00:00Z\nfour_eyes: false\n")).expect("written");
}

/// Whose entry of the week begins when, by its id.
fn entries(at: &Path, sunday: NaiveDate) -> HashMap<String, (String, DateTime<Utc>)> {
    let (from, to) = ((sunday - TimeDelta::days(13)).to_string(), sunday.to_string());
    let list = json(at, &["entries", "list", "--from", &from, "--to", &to]);
    let text = |entry: &Value, name: &str| entry[name].as_str().expect("text").to_owned();
    let row = |entry: &Value| (text(entry, "id"), (text(entry, "staff"), text(entry, "start").parse().expect("an instant")));
    list.as_array().expect("a list").iter().map(row).collect()
}

fn json(at: &Path, args: &[&str]) -> Value {
    let args: Vec<_> = args.iter().copied().chain(["--format", "json"]).collect();
    let done = Command::new(env!("CARGO_BIN_EXE_kalends")).args(&args).current_dir(at).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}
