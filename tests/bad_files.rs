//! Calendar files that do harm, or try to: each through `calendar preview`, in bounded time and memory, with its outcome in a snapshot.

use std::{
    io::{BufRead, Write},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Bounds of SEMANTICS S25 in the large: per file, in a debug build too.
const TIME_MAX: Duration = Duration::from_secs(10);
const RSS_MAX_KIB: i64 = 256 << 10;

/// One VEVENT in a calendar; its lines as they stand.
fn event(lines: &str) -> Vec<u8> {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\n{lines}\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n").into_bytes()
}

/// Stands behind the bad one, and must live.
const GOOD: &str = "BEGIN:VEVENT\r\nUID:good\r\nSUMMARY:good\r\nDTSTART:20260310T090000Z\r\nDTEND:20260310T100000Z\r\nEND:VEVENT\r\n";
const START: &str = "DTSTART:20260302T090000Z";

fn whole(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Files that are no calendar, or not all of one.
fn not_calendars() -> Vec<(&'static str, Vec<u8>)> {
    let good = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{GOOD}END:VCALENDAR\r\n");
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("empty", whole("")),
        ("white space", whole(" \r\n\t\r\n")),
        ("a sign-in page", whole("<!DOCTYPE html><html><body>Sign in</body></html>")),
        ("an XML error", whole("<?xml version=\"1.0\"?><error/>")),
        ("a JSON error", whole("{\"error\": {\"code\": 401}}")),
        ("a picture", vec![0x89, b'P', b'N', b'G', 0, 1, 2, 3]),
        ("byte order mark", [b"\xef\xbb\xbf".as_slice(), good.as_bytes()].concat()),
        ("UTF-16", [&[0xff, 0xfe], utf16.as_slice()].concat()),
        ("carriage returns only", whole(&good.replace("\r\n", "\r"))),
        ("line feeds only", whole(&good.replace("\r\n", "\n"))),
        ("no end", whole(good.trim_end().trim_end_matches("END:VCALENDAR"))),
        ("cut in an event", whole(&good[..good.len() / 2])),
        ("two calendars", whole(&format!("{good}{}", good.replace("good", "better")))),
        ("junk behind it", whole(&format!("{good}\r\nEND:VEVENT\r\nfree text\r\n"))),
        ("crossed ends", whole("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\nEND:VEVENT\r\n")),
        (
            "an event in an event",
            whole(
                "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000Z\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            ),
        ),
        (
            "vCalendar 1.0",
            whole("BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nDTSTART:20260302T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
        ),
        ("nested 3,000 deep", whole(&format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:VEVENT\r\n".repeat(3_000)))),
        ("nested 39 KB deep", whole(&format!("BEGIN:VCALENDAR\r\n{}", "BEGIN:A\r\n".repeat(4_400)))),
        ("nested alarms", event(&format!("{START}\r\n{}{}", "BEGIN:VALARM\r\n".repeat(20), "END:VALARM\r\n".repeat(20)))),
    ]
}

/// Events that are broken each in one way.
fn broken_events() -> Vec<(&'static str, Vec<u8>)> {
    let one = |lines: &str| event(lines);
    let with = |lines: &str| event(&format!("{START}\r\n{lines}"));
    vec![
        ("no start", one("SUMMARY:x")),
        ("a start that is no date", one("DTSTART:next monday")),
        ("a 13th month", one("DTSTART:20261301T090000Z")),
        ("25 o'clock", one("DTSTART:20260302T250000Z")),
        ("a leap second", one("DTSTART:20260302T235960Z")),
        ("year 0001", one("DTSTART:00010101T000000Z\r\nDTEND:00010101T010000Z")),
        ("year 9999", one("DTSTART:99991231T230000Z\r\nDURATION:P30D")),
        ("year 0001, every day", one("DTSTART:00010101T000000Z\r\nRRULE:FREQ=DAILY")),
        ("year 1604, every year", one("DTSTART;VALUE=DATE:16040310\r\nRRULE:FREQ=YEARLY")),
        ("year 9999, every day", one("DTSTART:99991231T230000Z\r\nRRULE:FREQ=DAILY")),
        ("ends before it starts", with("DTEND:20260302T080000Z")),
        ("400 days long", with("DURATION:P400D")),
        ("no length", with("DTEND:20260302T090000Z")),
        ("a date with a time", with("DTEND;VALUE=DATE:20260303")),
        ("two starts", with("DTSTART:20260303T090000Z")),
        ("no duration", with("DURATION:1 hour")),
        ("an endless duration", with("DURATION:P999999999999D")),
        ("an unknown zone", one("DTSTART;TZID=Mars/Olympus:20260302T090000")),
        ("Customized Time Zone", one("DTSTART;TZID=Customized Time Zone:20260302T090000")),
        ("tzone://Microsoft/Custom", one("DTSTART;TZID=tzone://Microsoft/Custom:20260302T090000")),
        ("an empty zone", one("DTSTART;TZID=:20260302T090000")),
        ("a line that is none", with("SUMMARY:x\r\nthis is no property")),
        ("control characters", with("SUMMARY:a\u{0}b\u{1}c\u{7f}")),
        ("half a character", [b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000Z\r\nSUMMARY:caf\xc3\r\n \xa9 \xff\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".as_slice()].concat()),
        ("Latin-1", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260302T090000Z\r\nSUMMARY:M\xfcnchen\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".to_vec()),
        ("right to left", with("SUMMARY:\u{202e}gnp.exe\u{202c} <script>alert(1)</script>")),
        ("a formula", with("SUMMARY:=cmd|' /C calc'!A0")),
        ("no UID", whole(&format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{START}\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n"))),
        ("the same UID twice", with("END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260305T090000Z")),
        ("an older SEQUENCE behind", with("SEQUENCE:2\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nSEQUENCE:1\r\nDTSTART:20260305T090000Z")),
        ("an override without a series", with("RECURRENCE-ID:20260302T090000Z")),
        ("an override of another kind", event("DTSTART;VALUE=DATE:20260302\r\nRRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260303T000000Z\r\nDTSTART:20260303T120000Z")),
        ("exclusions as dates", with("RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE;VALUE=DATE:20260303")),
        ("a period without an end", with("RDATE;VALUE=PERIOD:20260303T090000Z/")),
        ("a zone that contradicts its name", whole(&format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Europe/Berlin:20260302T090000\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n"))),
        ("a zone like no other", whole(&format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Odd\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0007\r\nTZOFFSETTO:+0007\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Odd:20260302T090000\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n"))),
        ("a zone without seasons", whole(&format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Odd\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=Odd:20260302T090000\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n"))),
    ]
}

/// Rules that go on and on, or are none.
fn rules() -> Vec<(&'static str, Vec<u8>)> {
    [
        ("every second", "FREQ=SECONDLY"),
        ("every minute", "FREQ=MINUTELY"),
        ("every hour over a change of clocks", "FREQ=HOURLY"),
        ("every second of every day", "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10;BYSECOND=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20"),
        ("a thousand million times", "FREQ=DAILY;COUNT=1000000000"),
        ("no times", "FREQ=DAILY;COUNT=0"),
        ("every nothing", "FREQ=DAILY;INTERVAL=0"),
        ("minus one", "FREQ=DAILY;INTERVAL=-1"),
        ("very seldom", "FREQ=YEARLY;INTERVAL=65535"),
        ("never on any date", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ("never at any place", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300"),
        ("ended before it began", "FREQ=DAILY;UNTIL=20200101T000000Z"),
        ("until someday", "FREQ=DAILY;UNTIL=someday"),
        ("no frequency", "COUNT=3"),
        ("no weekday", "FREQ=WEEKLY;BYDAY=XX"),
        ("a foreign weekday", "FREQ=WEEKLY;BYDAY=-1éR"),
        ("the 32nd", "FREQ=MONTHLY;BYMONTHDAY=32"),
        ("another calendar", "RSCALE=HEBREW;FREQ=YEARLY"),
        ("nothing", ""),
    ]
    .map(|(name, rule)| {
        let start = if name.contains("every hour") { "DTSTART;TZID=Europe/Berlin:20260302T090000" } else { START };
        (name, event(&format!("{start}\r\nRRULE:{rule}")))
    })
    .to_vec()
}

/// Writes a flood bit by bit: what this process holds at its height would count as the child's.
type Flood = Box<dyn Fn(&mut dyn Write) -> std::io::Result<()>>;

/// A head, one part many times, and an end.
fn flood(head: String, part: impl Fn(usize) -> String + 'static, times: usize, end: String) -> Flood {
    Box::new(move |file| {
        file.write_all(head.as_bytes())?;
        (0..times).try_for_each(|number| file.write_all(part(number).as_bytes()))?;
        file.write_all(end.as_bytes())
    })
}

/// Many parts inside one event.
fn in_event(head: &str, part: impl Fn(usize) -> String + 'static, times: usize) -> Flood {
    let head = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\n{START}\r\n{head}");
    flood(head, part, times, format!("\r\nEND:VEVENT\r\n{GOOD}END:VCALENDAR\r\n"))
}

fn in_calendar(part: impl Fn(usize) -> String + 'static, times: usize) -> Flood {
    flood("BEGIN:VCALENDAR\r\n".to_owned(), part, times, format!("{GOOD}END:VCALENDAR\r\n"))
}

fn floods() -> Vec<(&'static str, Flood)> {
    let always = |text: &str| {
        let text = text.to_owned();
        move |_: usize| text.clone()
    };
    let event = |n: usize| format!("BEGIN:VEVENT\r\nUID:e{n}\r\nDTSTART:202603{:02}T{:02}0000Z\r\nEND:VEVENT\r\n", 1 + n % 28, n % 24);
    let date = |n: usize| format!("{}{:02}{:02}T090000Z,\r\n ", 2000 + n % 60, 1 + n % 12, 1 + n % 28);
    let zone = |n: usize| {
        format!(
            "BEGIN:VTIMEZONE\r\nTZID:Z{n}\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
    };
    let series = |n: usize| {
        format!(
            "BEGIN:VEVENT\r\nUID:s{n}\r\nDTSTART:20200101T{:02}0000Z\r\nDURATION:PT1H\r\nSUMMARY:A daily meeting with a name\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n",
            n % 24
        )
    };
    vec![
        ("a title of a megabyte", in_event("SUMMARY:", always("x"), 1 << 20)),
        ("a description of a megabyte", in_event("DESCRIPTION:", always("ä"), 1 << 19)),
        ("a line folded 200,000 times", in_event("DESCRIPTION:x", always("\r\n y"), 200_000)),
        ("300,000 people", in_event("SUMMARY:x", always("\r\nATTENDEE:mailto:someone@acme.example"), 300_000)),
        ("100,000 added dates in one line", in_event("RDATE:", date, 100_000)),
        (
            "50,000 lines of added dates",
            in_event("SUMMARY:x", |n| format!("\r\nRDATE:202603{:02}T{:02}{:02}00Z", 1 + n % 28, n % 24, n % 60), 50_000),
        ),
        ("100,000 excluded dates", in_event("RRULE:FREQ=DAILY;COUNT=5", always("\r\nEXDATE:20260303T090000Z"), 100_000)),
        ("1,000 rules", in_event("SUMMARY:x", always("\r\nRRULE:FREQ=DAILY;COUNT=2"), 1_000)),
        ("1,000 zones", in_calendar(zone, 1_000)),
        ("2,000 daily series", in_calendar(series, 2_000)),
        ("200,000 events", in_calendar(event, 199_999)),
        ("one event more than is read", in_calendar(event, 200_000)),
        ("more lines than are read", in_calendar(always("X-A:b\r\n"), 1_000_000)),
        ("more bytes than are read", in_calendar(always("X-A:and so on and so on and so on and so on and so on and so on\r\n"), 1_100_000)),
    ]
}

/// What it says, and how long that took.
fn outcome(file: &Path, folder: &Path) -> (String, Duration) {
    let began = Instant::now();
    let name = file.display().to_string();
    let args =
        ["calendar", "preview", &name, "--from", "2026-03-01", "--to", "2026-04-01", "--timezone", "Europe/Berlin", "--format", "json"];
    let rows = folder.join("rows.json");
    let to_file = std::fs::File::create(&rows).expect("a file");
    let out = Command::new(env!("CARGO_BIN_EXE_kalends")).args(args).stdout(to_file).output().expect("it runs");
    let took = began.elapsed();
    // Counted without being held: see `Flood`.
    let lines = std::io::BufReader::new(std::fs::File::open(&rows).expect("rows")).lines();
    let found = lines.map_while(Result::ok).filter(|line| line.starts_with("    \"uid\"")).count();
    let told = String::from_utf8_lossy(&out.stderr).replace(&format!("{}/x.ics: ", folder.display()), "");
    let lines: Vec<_> = told.lines().take(2).map(|line| line.chars().take(140).collect::<String>()).collect();
    (format!("exit {}, {found} occurrences; {}", out.status.code().unwrap_or(-1), lines.join(" | ")), took)
}

#[test]
fn bad_files_do_no_harm_and_say_what_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.ics");
    let small = [not_calendars(), broken_events(), rules()].into_iter().flatten();
    let small = small.map(|(name, bytes)| -> (_, Flood) { (name, Box::new(move |file: &mut dyn Write| file.write_all(&bytes))) });
    let all: Vec<_> = small.chain(floods()).collect();
    assert!(all.len() >= 60, "{} files", all.len());
    let mut told = String::new();
    for (name, write) in &all {
        let mut writer = std::io::BufWriter::new(std::fs::File::create(&file).expect("a file"));
        write(&mut writer).and_then(|()| writer.flush()).expect("written");
        drop(writer);
        let (said, took) = outcome(&file, folder.path());
        assert!(took <= TIME_MAX, "{name}: {took:?}");
        told.extend([name, ": ", said.as_str(), "\n"]);
        let peak = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_CHILDREN).expect("usage").max_rss();
        assert!(peak <= RSS_MAX_KIB, "{name}: a child used {peak} KiB");
    }
    insta::assert_snapshot!("bad_files", told);
}

#[test]
fn no_prefix_of_a_file_is_taken_for_a_calendar() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.ics");
    let good = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{GOOD}END:VCALENDAR");
    for part in 0..50 {
        std::fs::write(&file, &good[..good.len() * part / 50]).expect("written");
        let (said, _) = outcome(&file, folder.path());
        assert!(said.starts_with("exit 1"), "{part}/50: {said}");
    }
}
