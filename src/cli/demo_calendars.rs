//! The calendars of the demo's agency, written as files like those that calendar programs export.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

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
const TEAM: &[&str] = &[
    "ATTENDEE;CN=Dana Voss;PARTSTAT=ACCEPTED:mailto:dana@northwind.example",
    "ATTENDEE;CN=Ben Okafor;PARTSTAT=ACCEPTED:mailto:ben@northwind.example",
];

/// Everyone, with calendars from a Monday on.
pub(super) fn people(monday: NaiveDate) -> Vec<Person> {
    let dana = Ics::new("dana", Tz::Europe__Berlin, monday)
        .series(0, ("0930", "1000"), "Weekly planning", TEAM)
        .series(1, ("1000", "1130"), "[ACME-15] Design review", &[ACME])
        .event(2, ("1400", "1530"), "Globex workshop", &[GLOBEX])
        .event(2, ("1500", "1600"), "[GBX-3] Data model", &[GLOBEX])
        .event(9, ("0900", "1200"), "[ACME-12] Handover", &[ACME])
        .event(10, ("1300", "1400"), "[ACME-51] Sprint demo", &[ACME])
        .event(16, ("1200", "1300"), "Lunch with an old friend", &["TRANSP:TRANSPARENT"])
        .event(17, ("1100", "1145"), "Doctor", &["CLASS:PRIVATE"])
        .event(22, ("0900", "1900"), "[ACME-15] Launch day", &[ACME])
        .all_day(24, 2, "Vacation", &["TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"])
        .event(28, ("1000", "1100"), "Coffee with Sam", &["ATTENDEE;CN=Sam:mailto:sam@elsewhere.example"])
        .event(29, ("1300", "1430"), "[ACME-15] Retrospective", &[ACME])
        .event(30, ("1000", "1100"), "Globex steering", &[GLOBEX, "STATUS:TENTATIVE"])
        .done();
    let side = Ics::new("dana-projects", Tz::Europe__Berlin, monday)
        .event(29, ("1300", "1430"), "[ACME-15] Retrospective", &[])
        .event(30, ("1400", "1500"), "Acme and Globex joint call", &[ACME, GLOBEX])
        .done();
    let ben = Ics::new("ben", Tz::America__New_York, monday)
        .series(0, ("0900", "0930"), "[GBX-3] Stand-up", &[GLOBEX])
        .event(3, ("1100", "1230"), "Globex pitch for phase two", &[GLOBEX])
        .event(8, ("1000", "1100"), "All hands", &["ATTENDEE;PARTSTAT=DECLINED:mailto:ben@northwind.example"])
        .event(11, ("1400", "1500"), "[GBX-3] Training for the new team", &[])
        .event(23, ("2200", "2345"), "Release night Globex", &[GLOBEX])
        .event(29, ("1500", "1600"), "[GBX-3] Internal sync", TEAM)
        .event(31, ("1000", "1030"), "Interview", &[])
        .done();
    vec![
        Person { name: "Dana Voss", email: "dana@northwind.example", zone: Tz::Europe__Berlin, calendars: vec![dana, side] },
        Person { name: "Ben Okafor", email: "ben@northwind.example", zone: Tz::America__New_York, calendars: vec![ben] },
    ]
}
