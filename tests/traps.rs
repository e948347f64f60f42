//! What providers do without any fault of theirs, and what their users do to each other. In a calm world the same happens without the trap:
//! a series is not called off around its exceptions but loses the other occurrences one by one, and nothing is hidden, odd or left out.

use std::io::{Read, Write};

use kalends_fakes::{Fake, Fault, Kind, On, Policy, Role};
use serde_json::{Value, json};

use crate::{
    connecting::Accounts,
    daemons::wait_until,
    support::{DANA, World},
};

const TOM: &str = "tom@northwind.example";

/// Whether traps are laid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Calm,
    Stormy,
}

/// What each provider must have laid by the end, and Kalends walked over, twice at least.
pub(crate) const AT_GOOGLE: &[&str] = &[
    "empty-page",
    "minimal-tombstone",
    "rights-changed",
    "attendees-omitted",
    "private-skeleton",
    "unknown-enum",
    "user-quota-exceeded",
    "project-quota-exceeded",
    "cancelled-master-with-live-exceptions",
];
pub(crate) const AT_OUTLOOK: &[&str] = &[
    "empty-page",
    "unknown-enum",
    "custom-zone",
    "skeleton-occurrence",
    "deleted-occurrence-without-trace",
    "out-of-window-removed",
    "mailbox-concurrency-exceeded",
];

fn google_event(title: &str, day: u32, hour: u32) -> Value {
    let time = |hour: u32| json!({ "dateTime": format!("2026-03-{day:02}T{hour:02}:00:00Z"), "timeZone": "Europe/Berlin" });
    json!({ "summary": title, "start": time(hour), "end": time(hour + 1) })
}

fn outlook_event(title: &str, day: u32, hour: u32) -> Value {
    let time = |hour: u32| json!({ "dateTime": format!("2026-03-{day:02}T{hour:02}:00:00"), "timeZone": "UTC" });
    json!({ "subject": title, "start": time(hour), "end": time(hour + 1) })
}

/// A colleague's calendar that Dana reads; its id.
pub(crate) fn team(world: &World, firm: &Accounts, weather: Weather) -> String {
    let _own = firm.google.account(TOM);
    let team = firm.google.calendar(TOM, "Team");
    firm.google.share(&team, DANA, if weather == Weather::Calm { Role::Writer } else { Role::Reader });
    let connections = world.json(&["connections", "list"]);
    let google = connections.as_array().expect("a list").iter().find(|one| one["provider"] == "google").expect("connected");
    let id = google["id"].as_str().expect("an id");
    world.run(&["calendar", "add", "account", id, "Team", "--whose", "all"]).expect("added");
    team
}

/// What people do that a trap may lie in.
pub(crate) fn live(firm: &Accounts, team: &str, weather: Weather) {
    let _hidden = firm.google.add(team, &with(google_event("Doctor", 18, 20), &json!({ "visibility": "private" })));
    let guests: Vec<Value> = [DANA, "a@acme.example", "b@acme.example", "c@acme.example"]
        .iter()
        .map(|email| json!({ "email": email, "responseStatus": "accepted" }))
        .collect();
    let _crowd = firm.google.add(&firm.at_google, &with(google_event("Crowd", 16, 20), &json!({ "attendees": guests })));
    let _plain = firm.outlook.add(
        &firm.at_outlook,
        &odd(weather, outlook_event("Odd", 16, 18), &json!({ "showAs": "unknownFutureValue", "sensitivity": "unknownFutureValue" })),
    );
    let _zone = firm.outlook.add(
        &firm.at_outlook,
        &odd(weather, outlook_event("Zone", 17, 18), &json!({ "originalStartTimeZone": "tzone://Microsoft/Custom" })),
    );
    let _odd = firm.google.add(
        &firm.at_google,
        &odd(weather, google_event("New kind", 17, 20), &json!({ "eventType": "siesta", "transparency": "translucent" })),
    );
    let _far = firm.outlook.add(&firm.at_outlook, &json!({ "subject": "Far", "start": { "dateTime": "2027-03-02T09:00:00", "timeZone": "UTC" }, "end": { "dateTime": "2027-03-02T10:00:00", "timeZone": "UTC" } }));
    outlived(firm, weather);
}

fn with(mut event: Value, more: &Value) -> Value {
    event.as_object_mut().expect("an event").extend(more.as_object().expect("fields").clone());
    event
}

fn odd(weather: Weather, event: Value, words: &Value) -> Value {
    if weather == Weather::Stormy { with(event, words) } else { event }
}

/// A series of which only what was moved remains.
fn outlived(firm: &Accounts, weather: Weather) {
    let mut series = google_event("Outlived", 9, 21);
    series["recurrence"] = json!(["RRULE:FREQ=DAILY;COUNT=3"]);
    let id = firm.google.add(&firm.at_google, &series);
    let moved = google_event("Moved", 10, 22);
    firm.google.edit(&firm.at_google, &format!("{id}_20260310T210000Z"), &json!({ "start": moved["start"], "end": moved["end"] }));
    match weather {
        Weather::Stormy => firm.google.outlive(&firm.at_google, &id),
        Weather::Calm => ["09", "11"].iter().for_each(|day| firm.google.delete(&firm.at_google, &format!("{id}_202603{day}T210000Z"))),
    }
}

/// A series at Outlook that has lost an occurrence; another each time it is called.
pub(crate) fn lose_occurrence(firm: &Accounts, series: &mut Option<String>) {
    let id = series.get_or_insert_with(|| {
        let mut series = outlook_event("Daily", 9, 19);
        let range = json!({ "type": "numbered", "startDate": "2026-03-09", "numberOfOccurrences": 8 });
        series["recurrence"] = json!({ "pattern": { "type": "daily", "interval": 1 }, "range": range });
        firm.outlook.add(&firm.at_outlook, &series)
    });
    let window = ["2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"].map(|at| at.parse().expect("an instant"));
    let left = firm.outlook.instances(&firm.at_outlook, id, window[0], window[1]);
    firm.outlook.delete(&firm.at_outlook, &left[0]);
}

/// Others come to see Dana's calendar: what Google told of it before ends.
pub(crate) fn change_rights(firm: &Accounts) {
    firm.google.share(&firm.at_google, TOM, Role::Reader);
}

/// One `sync` while others of the project, or Dana elsewhere, have used the minute up.
pub(crate) fn sync_over_quota(world: &World, google: &Fake) {
    for quota in [json!({ "user_quota": 1 }), json!({ "project_quota": 1 })] {
        google.adjust(&quota).expect("a quota");
        drop(world.run(&["sync"]));
        google.adjust(&json!({ "user_quota": null, "project_quota": null })).expect("a quota");
    }
}

/// One `sync` while another program of Dana's has four requests in flight, which is all that her mailbox takes.
pub(crate) fn sync_beside_a_greedy_client(world: &World, outlook: &Fake) {
    let token = outlook.all_tokens().into_iter().rfind(|token| token.starts_with("ya29")).expect("a token");
    outlook.fault(Fault { on: On::List, kind: Kind::Delay(1_500), times: 4, after: 0 });
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| ask(outlook, &token));
        }
        wait_until("four are in flight", || outlook.waiting() == 0);
        drop(world.run(&["sync"]));
    });
}

fn ask(outlook: &Fake, token: &str) {
    let host = outlook.base().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(&host).expect("a server");
    let path = "/v1.0/me/calendarView?startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-03-02T00:00:00Z";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Small pages, empty ones among them; in a storm no more than two attendees.
pub(crate) fn policy(fake: &Fake, weather: Weather) {
    let attendees_max = (weather == Weather::Stormy).then_some(2);
    fake.set(Policy { page_max: 3, empty_pages: true, attendees_max, ..fake.policy() });
}
