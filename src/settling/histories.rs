//! Random histories in memory: edits, moves, deletions, decisions and rule changes in any order end in the rows that deriving once from
//! the end state gives, and in those that a second, naive reading of the promises gives.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    derive::{Basis, derive},
    difference::Difference,
    pages::Pages,
    pass::compare,
};
use crate::{
    model::{
        day::Zones,
        decision::{Act, Assignment, Decision, EditedTime, Seen},
        entry::{Entry, EntryStatus},
        event::{Event, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
        exception::{Exception, ExceptionStatus},
        ids::{CalendarId, DecisionId, EventId, MeetingId, StaffId},
        policy::Policy,
        staff::{Staff, Working},
    },
    rules::{self, RuleSet},
    yaml::diagnostic::Source,
};

const HISTORIES: u64 = 100;
const STEPS: u64 = 40;
const EVENTS: u64 = 6;
const CODES: [&str; 2] = ["ACME-1", "GBX-1"];

/// A small generator of its own, so that a failing seed can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn code(&mut self) -> &'static str {
        CODES[usize::try_from(self.roll(2)).expect("small")]
    }
}

fn at(day: u64, minute: u64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2026-03-02T00:00:00Z".parse().expect("an instant");
    first + TimeDelta::minutes(i64::try_from(day * 1440 + minute).expect("small"))
}

fn id(kind: u128, number: u64) -> Uuid {
    Uuid::from_u128((kind << 64) | u128::from(number))
}

fn rule_set(codes: bool) -> RuleSet {
    let clients = "clients:\n  acme: {name: Acme, projects: {ACME-1: {name: A, billable: true}}}\n  globex: {name: Globex, projects: {GBX-1: {name: G, billable: true}}}\n";
    let rule = "sections: [codes]\nrules:\n  - {id: code, section: codes, when: {project_code: {in: title}}, set: {project: '${code}'}}\n";
    let rules = if codes { rule } else { "sections: [codes]\n" };
    rules::load(&[Source::new("clients.yaml", clients), Source::new("rules.yaml", rules)]).expect("rules")
}

/// The book of one person, in memory.
struct Book {
    staff: Staff,
    policy: Policy,
    rules: RuleSet,
    events: BTreeMap<EventId, Event>,
    entries: Vec<Entry>,
    exceptions: Vec<Exception>,
    decisions: Vec<Decision>,
    /// Counts what happened; time goes on with it.
    tick: u64,
}

impl Book {
    fn new() -> Self {
        let staff = Staff {
            id: StaffId(id(1, 1)),
            name: "Eva".into(),
            addresses: vec!["eva@firm.example".into()],
            zones: Zones::only(chrono_tz::UTC),
            working: Working::default(),
            first_day: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a date"),
            last_day: None,
        };
        let (policy, rules) = (Policy::default(), rule_set(true));
        Self { staff, policy, rules, events: BTreeMap::new(), entries: vec![], exceptions: vec![], decisions: vec![], tick: 0 }
    }

    fn now(&self) -> DateTime<Utc> {
        at(30, self.tick)
    }

    fn pages(&self) -> Pages {
        Pages {
            dates: (0..12).map(|day| at(day, 0).date_naive()).collect(),
            events: self.events.clone(),
            entries: self.entries.iter().map(|entry| (entry.id, entry.clone())).collect(),
            decisions: self.decisions.iter().map(|decision| (decision.id, decision.clone())).collect(),
            exceptions: self.exceptions.iter().map(|exception| (exception.id, exception.clone())).collect(),
        }
    }

    /// Derives everything and says how many rows differed.
    fn settle(&mut self) -> usize {
        let pages = self.pages();
        let basis = Basis { digest: "", rules: &self.rules, policy: &self.policy, now: self.now(), by: None };
        let derived = derive(&self.staff, &pages, basis);
        let Difference { entries, exceptions } = compare(&self.staff, &pages, derived.entries, derived.questions, (None, self.now()));
        let count = entries.len() + exceptions.len();
        for row in entries {
            self.entries.retain(|entry| entry.id != row.id);
            self.entries.push(row);
        }
        for row in exceptions {
            self.exceptions.retain(|exception| exception.id != row.id);
            self.exceptions.push(row);
        }
        count
    }

    fn decide(&mut self, number: u64, act: Act) {
        let decision = Decision {
            id: DecisionId(id(3, self.tick)),
            staff: self.staff.id,
            subject: id(2, number),
            segment: 0,
            entry: None,
            act,
            why: None,
            batch: None,
            actor: "kim@firm.example".into(),
            at: self.now(),
        };
        self.decisions.push(decision);
    }

    fn entry_of(&mut self, number: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.key.meeting.0 == id(2, number) && entry.status != EntryStatus::Void)
    }

    /// What a reader sees: per meeting its entry, whether it is held, and the reasons that are open.
    fn rows(&self) -> BTreeSet<Row> {
        let open: BTreeMap<Uuid, Vec<String>> = self
            .exceptions
            .iter()
            .filter(|exception| exception.status == ExceptionStatus::Open)
            .map(|exception| (exception.subject.id, exception.reasons.iter().map(|reason| reason.reason.clone()).collect()))
            .collect();
        let row = |entry: &Entry| Row {
            meeting: entry.key.meeting.0,
            start: entry.body.start,
            end: entry.body.end,
            project: entry.body.project.clone(),
            status: entry.status.to_string(),
            held: entry.body.held,
            reasons: open.get(&entry.key.meeting.0).cloned().unwrap_or_default(),
        };
        self.entries.iter().filter(|entry| entry.status != EntryStatus::Void).map(row).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    meeting: Uuid,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    project: Option<String>,
    status: String,
    held: bool,
    reasons: Vec<String>,
}

/// What the naive reading remembers of one event.
#[derive(Clone, Debug)]
struct Known {
    number: u64,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    code: Option<&'static str>,
    live: bool,
    /// When its date last changed, or it came back.
    placed: u64,
    assigned: Option<&'static str>,
    /// Edited span, and where the event stood then.
    edit: Option<(Times, Times)>,
    kept: Option<Times>,
    touched: bool,
    not_work: bool,
    /// Frozen: start, end, project; and when.
    approved: Option<Frozen>,
}

/// Start and end.
type Times = (DateTime<Utc>, DateTime<Utc>);
/// Start, end, project, and when it was approved.
type Frozen = (DateTime<Utc>, DateTime<Utc>, Option<&'static str>, u64);

impl Known {
    fn span(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        self.edit.map_or((self.start, self.end), |(edited, _)| edited)
    }

    fn project(&self, codes: bool) -> Option<&'static str> {
        self.assigned.or(self.code.filter(|_| codes))
    }

    fn stands(&self) -> bool {
        !self.not_work && (self.live || self.touched || self.approved.is_some())
    }

    fn is_outdated(&self) -> bool {
        let now = (self.start, self.end);
        self.live && self.edit.is_some_and(|(_, seen)| seen != now) && self.kept != Some(now)
    }

    /// Where it counts on its day.
    fn shown(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        self.approved.map_or(self.span(), |(start, end, ..)| (start, end))
    }

    fn title(&self) -> String {
        self.code.map_or_else(|| format!("zulu {}", self.number), |code| format!("{code} zulu {}", self.number))
    }
}

/// The rows that ought to stand, from the end state alone.
fn naive(all: &[Known], codes: bool) -> BTreeSet<Row> {
    all.iter().filter(|known| known.stands() || known.approved.is_some()).map(|known| naive_row(known, all, codes)).collect()
}

fn naive_row(known: &Known, all: &[Known], codes: bool) -> Row {
    let (start, end) = known.shown();
    let project = known.approved.map_or_else(|| known.project(codes), |(_, _, project, _)| project);
    let mut reasons = Vec::new();
    let mut raise = |holds: bool, reason: &str| reasons.extend(holds.then(|| reason.to_owned()));
    if known.approved.is_some() {
        let derived = (known.span().0, known.span().1, known.project(codes));
        let differs = derived != (start, end, project);
        raise(known.not_work || differs, "changed-after-approval");
        raise(!known.not_work && !known.live, "deleted-after-edit");
        raise(!known.not_work && known.is_outdated(), "edit-outdated");
        let (meeting, project) = (id(2, known.number), project.map(str::to_owned));
        return Row { meeting, start, end, project, status: "approved".into(), held: false, reasons };
    }
    let same_day = |other: &&Known| {
        other.number != known.number && (other.stands() || other.approved.is_some()) && other.shown().0.date_naive() == start.date_naive()
    };
    let approved_at = all
        .iter()
        .filter(|other| other.shown().0.date_naive() == start.date_naive())
        .filter_map(|other| other.approved)
        .map(|(.., at)| at)
        .min();
    raise(!known.live, "deleted-after-edit");
    raise(known.is_outdated(), "edit-outdated");
    raise(approved_at.is_some_and(|at| known.placed > at), "late");
    raise(project.is_none(), "unmatched");
    let overlaps = all.iter().filter(same_day).any(|other| {
        let (from, to) = other.shown();
        let earlier = (from, other.number) < (start, known.number);
        (earlier && from <= start && start < to) || (other.approved.is_some() && from < end && start < to)
    });
    raise(overlaps, "overlap");
    let held = !reasons.is_empty();
    let (meeting, project) = (id(2, known.number), project.map(str::to_owned));
    Row { meeting, start, end, project, status: "draft".into(), held, reasons }
}

fn event(known: &Known, book: &Book) -> Event {
    let fact = Fact {
        provider_id: known.number.to_string(),
        ical_uid: known.number.to_string(),
        recurring: false,
        original_start: None,
        span: Span::Timed { start: known.start, end: known.end, zone: chrono_tz::UTC },
        status: EventStatus::Confirmed,
        show_as: ShowAs::Busy,
        visibility: Visibility::Public,
        text: Text { title: known.title(), ..Text::default() }.into(),
    };
    Event {
        id: EventId(id(4, known.number)),
        staff: book.staff.id,
        calendar: CalendarId(id(5, 1)),
        calendar_order: 0,
        calendar_name: "Work".into(),
        meeting: MeetingId(id(2, known.number)),
        fact,
        response: Response::Accepted,
        revision: 1,
        first_seen: at(30, 0),
        placed_at: at(30, known.placed),
        removed_at: (!known.live).then(|| book.now()),
    }
}

fn some_time(dice: &mut Dice) -> (DateTime<Utc>, DateTime<Utc>) {
    let (day, start, length) = (dice.roll(4), 480 + 30 * dice.roll(12), 30 + 30 * dice.roll(3));
    (at(day, start), at(day, start + length))
}

/// One thing happens to one event.
fn step(dice: &mut Dice, book: &mut Book, known: &mut Known, codes: &mut bool) {
    let tick = book.tick;
    let is_open = known.stands() && known.approved.is_none();
    match dice.roll(10) {
        0 | 1 if known.live => {
            let (start, end) = some_time(dice);
            if start.date_naive() != known.start.date_naive() {
                known.placed = tick;
            }
            (known.start, known.end) = (start, end);
        }
        2 if known.live => known.code = (dice.roll(3) > 0).then(|| dice.code()),
        3 => {
            known.live = !known.live;
            if known.live {
                known.placed = tick;
            }
        }
        4 => {
            *codes = !*codes;
            book.rules = rule_set(*codes);
        }
        5 if is_open => {
            let code = dice.code();
            known.assigned = Some(code);
            known.touched = true;
            book.decide(known.number, Act::Assign(Assignment { project: Some(Some(code.into())), ..Assignment::default() }));
        }
        6 if is_open => {
            let (start, end) = some_time(dice);
            known.edit = Some(((start, end), (known.start, known.end)));
            known.touched = true;
            let seen = Seen { start: known.start, end: known.end };
            book.decide(known.number, Act::Time(EditedTime { start, end, seen }));
        }
        7 if is_open && known.is_outdated() => {
            known.touched = true;
            if dice.roll(2) == 0 {
                known.edit = None;
                book.decide(known.number, Act::Follow);
            } else {
                known.kept = Some((known.start, known.end));
                book.decide(known.number, Act::Keep { seen: Seen { start: known.start, end: known.end } });
            }
        }
        8 if is_open => approve(book, known, *codes),
        9 if is_open && dice.roll(4) == 0 => {
            known.not_work = true;
            book.decide(known.number, Act::NotWork);
        }
        _ => {}
    }
}

fn approve(book: &mut Book, known: &mut Known, codes: bool) {
    let (now, tick) = (book.now(), book.tick);
    let Some(entry) = book.entry_of(known.number).filter(|entry| !entry.body.held) else { return };
    entry.status = EntryStatus::Approved;
    entry.version += 1;
    entry.approved_at = Some(now);
    let (start, end) = known.span();
    known.approved = Some((start, end, known.project(codes), tick));
    known.touched = true;
    book.decide(known.number, Act::Approve);
}

fn history(seed: u64) {
    let mut dice = Dice(seed);
    let (mut book, mut codes) = (Book::new(), true);
    let mut all: Vec<Known> = Vec::new();
    for number in 0..EVENTS {
        let (start, end) = some_time(&mut dice);
        let code = (number % 3 != 0).then(|| dice.code());
        let new = Known {
            number,
            start,
            end,
            code,
            live: true,
            placed: 0,
            assigned: None,
            edit: None,
            kept: None,
            touched: false,
            not_work: false,
            approved: None,
        };
        all.push(new);
    }
    for step_number in 0..STEPS {
        book.tick += 1;
        let index = usize::try_from(dice.roll(EVENTS)).expect("small");
        step(&mut dice, &mut book, &mut all[index], &mut codes);
        book.events = all.iter().map(|known| event(known, &book)).map(|event| (event.id, event)).collect();
        book.settle();
        assert_eq!(book.rows(), naive(&all, codes), "seed {seed}, step {step_number}: {all:#?}");
        assert_eq!(book.settle(), 0, "seed {seed}, step {step_number}: a second run writes nothing");
    }
    // The same end state, derived once: only what is approved, and what people decided, is still there.
    let rows = book.rows();
    book.entries.retain(|entry| entry.status.is_approved());
    book.exceptions.clear();
    book.settle();
    assert_eq!(book.rows(), rows, "seed {seed}: derived once");
}

#[test]
fn any_history_ends_as_its_end_state_reads() {
    (0..HISTORIES).for_each(history);
}
