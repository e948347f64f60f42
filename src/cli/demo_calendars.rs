//! The calendars of the demo's agency, written as files like those that calendar programs export.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use crate::model::principal::{Reviews, Role};

/// Someone at the agency.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) zone: Tz,
    /// File name and text.
    pub(super) calendars: Vec<(&'static str, String)>,
}

/// A file in the making.
struct Ics {
    zone: Tz,
    monday: NaiveDate,
    lines: Vec<String>,
    count: usize,
    name: &'static str,
}

impl Ics {
    fn new(name: &'static str, zone: Tz, monday: NaiveDate) -> Self {
        let lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Northwind Studio//Calendar//EN"].map(str::to_owned).to_vec();
        Self { zone, monday, lines, count: 0, name }
    }

    fn local(&self, day: u64, time: &str) -> String {
        format!("TZID={}:{}T{time}00", self.zone, (self.monday + Days::new(day)).format("%Y%m%d"))
    }

    /// An event `day` days after the first Monday; further lines as they stand in the file.
    fn event(mut self, day: u64, (start, end): (&str, &str), title: &str, more: &[&str]) -> Self {
        self.count += 1;
        let uid = format!("{}-{}@northwind.example", self.name, self.count);
        let (from, to) = (self.local(day, start), self.local(day, end));
        self.put(&uid, &[format!("DTSTART;{from}"), format!("DTEND;{to}")], title, more);
        self
    }

    /// The same event as on another calendar, by its UID.
    fn copy(mut self, uid: &str, day: u64, (start, end): (&str, &str), title: &str) -> Self {
        let (from, to) = (self.local(day, start), self.local(day, end));
        self.put(uid, &[format!("DTSTART;{from}"), format!("DTEND;{to}")], title, &[]);
        self
    }

    fn all_day(mut self, day: u64, days: u64, title: &str, more: &[&str]) -> Self {
        self.count += 1;
        let uid = format!("{}-{}@northwind.example", self.name, self.count);
        let date = |day| (self.monday + Days::new(day)).format("%Y%m%d").to_string();
        let times = [format!("DTSTART;VALUE=DATE:{}", date(day)), format!("DTEND;VALUE=DATE:{}", date(day + days))];
        self.put(&uid, &times, title, more);
        self
    }

    /// A weekly series with one occurrence moved, one called off and one left out.
    fn series(mut self, day: u64, (start, end): (&str, &str), title: &str, more: &[&str]) -> Self {
        self.count += 1;
        let uid = format!("{}-{}@northwind.example", self.name, self.count);
        let times = [
            format!("DTSTART;{}", self.local(day, start)),
            format!("DTEND;{}", self.local(day, end)),
            "RRULE:FREQ=WEEKLY;COUNT=8".to_owned(),
            format!("EXDATE;{}", self.local(day + 14, start)),
        ];
        self.put(&uid, &times, title, more);
        let moved = [
            format!("RECURRENCE-ID;{}", self.local(day + 7, start)),
            format!("DTSTART;{}", self.local(day + 8, start)),
            format!("DTEND;{}", self.local(day + 8, end)),
        ];
        self.put(&uid, &moved, title, more);
        let off = [
            format!("RECURRENCE-ID;{}", self.local(day + 21, start)),
            format!("DTSTART;{}", self.local(day + 21, start)),
            format!("DTEND;{}", self.local(day + 21, end)),
            "STATUS:CANCELLED".to_owned(),
        ];
        self.put(&uid, &off, title, more);
        self
    }

    fn put(&mut self, uid: &str, times: &[String], title: &str, more: &[&str]) {
        self.lines.extend(["BEGIN:VEVENT".to_owned(), format!("UID:{uid}"), format!("SUMMARY:{title}")]);
        self.lines.extend(times.iter().cloned());
        self.lines.extend(more.iter().map(|line| (*line).to_owned()));
        self.lines.push("END:VEVENT".to_owned());
    }

    fn done(mut self) -> (&'static str, String) {
        self.lines.push("END:VCALENDAR\n".to_owned());
        (self.name, self.lines.join("\r\n"))
    }
}

const ACME: &str = "ATTENDEE;CN=Lena Park;PARTSTAT=ACCEPTED:mailto:lena@acme.example";
const GLOBEX: &str = "ATTENDEE;CN=Omar Reyes;PARTSTAT=ACCEPTED:mailto:omar@globex.example";
const INITECH: &str = "ATTENDEE;CN=Mia Sand;PARTSTAT=ACCEPTED:mailto:mia@initech.example";
const TEAM: &[&str] = &[
    "ATTENDEE;CN=Dana Voss;PARTSTAT=ACCEPTED:mailto:dana@northwind.example",
    "ATTENDEE;CN=Ben Okafor;PARTSTAT=ACCEPTED:mailto:ben@northwind.example",
    "ATTENDEE;CN=Ines Duarte;PARTSTAT=ACCEPTED:mailto:ines@northwind.example",
];
const AWAY: &[&str] = &["TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"];

/// Everyone, with calendars from a Monday on.
/// Who reviews everyone's time in the demo.
pub(super) const REVIEWER: &str = "ines@northwind.example";

/// What someone of the demo may do.
pub(super) fn rights(email: &str) -> (BTreeSet<Role>, Reviews) {
    match email {
        REVIEWER => ([Role::Staff, Role::Reviewer].into(), Reviews::Everyone),
        "tom@northwind.example" => ([Role::Staff, Role::Ops, Role::Admin].into(), Reviews::default()),
        _ => ([Role::Staff].into(), Reviews::default()),
    }
}

pub(super) fn people(monday: NaiveDate) -> Vec<Person> {
    let (berlin, new_york) = (Tz::Europe__Berlin, Tz::America__New_York);
    let person = |name, email, zone, calendars| Person { name, email, zone, calendars };
    vec![
        person("Dana Voss", "dana@northwind.example", berlin, vec![dana(berlin, monday), dana_projects(berlin, monday)]),
        person("Ben Okafor", "ben@northwind.example", new_york, vec![ben(new_york, monday)]),
        person("Ines Duarte", "ines@northwind.example", berlin, vec![ines(berlin, monday)]),
        person("Tom Weiss", "tom@northwind.example", berlin, vec![tom(berlin, monday)]),
    ]
}

/// She leads Acme: an ended project that still books, a slip in a code, a day that is too long, days of absence.
fn dana(zone: Tz, monday: NaiveDate) -> (&'static str, String) {
    Ics::new("dana", zone, monday)
        .series(0, ("0930", "1000"), "Weekly planning", TEAM)
        .series(1, ("1000", "1130"), "[ACME-15] Design review", &[ACME])
        .series(4, ("1300", "1400"), "[ACME-15] Office hours", &[ACME])
        .event(2, ("1400", "1530"), "Globex workshop", &[GLOBEX])
        .event(2, ("1500", "1600"), "[GBX-3] Data model", &[GLOBEX])
        .event(9, ("0900", "1200"), "[ACME-12] Handover", &[ACME])
        .event(10, ("1300", "1400"), "[ACME-51] Sprint demo", &[ACME])
        .event(16, ("1200", "1300"), "Lunch with an old friend", &["TRANSP:TRANSPARENT"])
        .event(17, ("1100", "1145"), "Doctor", &["CLASS:PRIVATE"])
        .event(22, ("0900", "1930"), "[ACME-15] Launch day", &[ACME])
        .all_day(24, 2, "Vacation", AWAY)
        .event(25, ("1000", "1030"), "[ACME-15] Quick call", &[ACME])
        .event(28, ("1000", "1100"), "Coffee with Sam", &["ATTENDEE;CN=Sam:mailto:sam@elsewhere.example"])
        .event(29, ("1300", "1430"), "[ACME-15] Retrospective", &[ACME])
        .event(30, ("1000", "1100"), "Globex steering", &[GLOBEX, "STATUS:TENTATIVE"])
        .event(32, ("0900", "1200"), "[ACME-15] Roadmap workshop", &[ACME])
        .done()
}

/// Her second calendar has a copy of one meeting, which stays one meeting.
fn dana_projects(zone: Tz, monday: NaiveDate) -> (&'static str, String) {
    Ics::new("dana-projects", zone, monday)
        .copy("dana-14@northwind.example", 29, ("1300", "1430"), "[ACME-15] Retrospective")
        .event(30, ("1400", "1500"), "Acme and Globex joint call", &[ACME, GLOBEX])
        .event(31, ("1500", "1600"), "Portfolio steering", &[ACME, GLOBEX])
        .done()
}

/// He works from New York: evenings, a pitch, a meeting he declined, and one he is invited to twice.
fn ben(zone: Tz, monday: NaiveDate) -> (&'static str, String) {
    Ics::new("ben", zone, monday)
        .series(0, ("0900", "0930"), "[GBX-3] Stand-up", &[GLOBEX])
        .series(3, ("1000", "1200"), "[GBX-3] Migration run", &[])
        .event(3, ("1300", "1430"), "Globex pitch for phase two", &[GLOBEX])
        .event(8, ("1000", "1100"), "All hands", &["ATTENDEE;PARTSTAT=DECLINED:mailto:ben@northwind.example"])
        .event(11, ("1400", "1500"), "[GBX-3] Training for the new team", &[])
        .event(23, ("2200", "2345"), "[GBX-3] Release night", &[GLOBEX])
        .event(29, ("1500", "1600"), "[GBX-3] Internal sync", TEAM)
        .event(30, ("1100", "1200"), "[GBX-3] Cutover plan", &[GLOBEX])
        .event(30, ("1100", "1200"), "[GBX-3] Cutover plan", &[])
        .event(31, ("1000", "1030"), "Interview: Kim", &[])
        .done()
}

/// She designs for Initech, whose project wants a task on every entry.
fn ines(zone: Tz, monday: NaiveDate) -> (&'static str, String) {
    Ics::new("ines", zone, monday)
        .series(0, ("1030", "1200"), "Initech Design of tokens", &[INITECH])
        .series(2, ("0900", "1000"), "Initech Review", &[INITECH])
        .event(10, ("1300", "1700"), "Initech Workshop on forms", &[INITECH])
        .all_day(14, 2, "Design summit", &[])
        .event(21, ("1300", "1400"), "Figma course", &["CATEGORIES:Learning"])
        .event(28, ("1400", "1500"), "Check-in", &[INITECH])
        .event(29, ("1000", "1130"), "Initech planning", &[])
        .event(31, ("0900", "1030"), "Initech Design of icons", &[INITECH])
        .done()
}

/// He is new: most of his time is internal, and one meeting has no name he would know.
fn tom(zone: Tz, monday: NaiveDate) -> (&'static str, String) {
    Ics::new("tom", zone, monday)
        .series(0, ("0900", "0930"), "Catch-up", &TEAM[..1])
        .event(8, ("1000", "1200"), "Onboarding", &["CATEGORIES:Training"])
        .event(15, ("1400", "1600"), "[ACME-15] Support shift", &[ACME])
        .event(28, ("0900", "1200"), "[ACME-15] Support shift", &[ACME])
        .event(29, ("1100", "1200"), "Sync", &[])
        .event(30, ("1300", "1500"), "[INI-7] Pairing", &TEAM[2..])
        .done()
}
