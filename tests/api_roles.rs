//! Who may do what through the API: every operation of its own document, by every role, on what is hers, another's, or not there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    api::{Api, Got, full_token, token},
    support::{DANA, World, event, on_each_database},
};

pub(crate) const ABSENT: &str = "00000000-0000-4000-8000-000000000000";

/// Someone with a role, and what is hers.
pub(crate) struct Person {
    pub(crate) role: &'static str,
    pub(crate) email: String,
    token: String,
}

/// Roles as people have them; `reviewer` reviews Dana only, `everyone` all.
const ROLES: [(&str, &[&str]); 6] = [
    ("nobody", &[]),
    ("staff", &["--role", "staff"]),
    ("reviewer", &["--role", "reviewer", "--reviews", DANA]),
    ("everyone", &["--role", "reviewer", "--reviews", "everyone"]),
    ("ops", &["--role", "ops"]),
    ("admin", &["--role", "admin"]),
];

/// Records of one person.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) entry: String,
    pub(crate) other_entry: String,
    pub(crate) exception: String,
    pub(crate) user: String,
    pub(crate) calendar: String,
}

pub(crate) fn people(world: &World) -> Vec<Person> {
    let day = |uid: &str, (day, hour): (u32, u32), title: &str| {
        event(uid, &format!("202603{day:02}T{hour:02}0000Z"), &format!("202603{day:02}T{:02}0000Z", hour + 1), title, "")
    };
    // Two of one day, which can be merged.
    let events = |of: &str| {
        [
            day(&format!("{of}1"), (2, 9), "[ACME-15] A"),
            day(&format!("{of}2"), (2, 13), "[ACME-15] B"),
            day(&format!("{of}3"), (4, 9), "Nobody knows"),
        ]
    };
    world.calendar(&events("dana"));
    let mut found = Vec::new();
    for (role, args) in ROLES {
        let (email, file) = (format!("{role}@northwind.example"), format!("{role}.ics"));
        world.run(&["staff", "add", &email, "--timezone", "UTC", "--first-day", "2026-02-01"]).expect("added");
        world.file(&file, &events(role));
        world.run(&["calendar", "add", "ics", "--staff", &email, "--file", &file]).expect("added");
        let args: Vec<_> = ["users", "set", &email].into_iter().chain(args.iter().copied()).collect();
        world.run(&args).expect("set");
        found.push(Person { role, token: full_token(world, role, &email), email });
    }
    world.sync();
    found
}

fn records(api: &Api, token: &str, email: &str) -> Records {
    let first = |path: &str, place: usize| {
        let list = api.get(token, path);
        list["items"][place]["id"].as_str().unwrap_or_else(|| panic!("{path}: {list}")).to_owned()
    };
    let users = api.get(token, "/users?limit=200");
    let user = users["items"].as_array().into_iter().flatten().find(|one| one["email"] == email);
    Records {
        entry: first(&format!("/entries?staff={email}&held=false"), 0),
        other_entry: first(&format!("/entries?staff={email}&held=false"), 1),
        exception: first(&format!("/exceptions?staff={email}"), 0),
        user: user.and_then(|one| one["id"].as_str()).expect("a person").to_owned(),
        calendar: first(&format!("/calendars?staff={email}"), 0),
    }
}

/// What each of them has, and Dana, by address.
pub(crate) fn everyones_records(world: &World, api: &Api, people: &[Person]) -> BTreeMap<String, Records> {
    let watcher = full_token(world, "watcher", "everyone@northwind.example");
    let emails = people.iter().map(|person| person.email.as_str()).chain([DANA]);
    emails.map(|email| (email.to_owned(), records(api, &watcher, email))).collect()
}

pub(crate) fn sees(role: &str, own: bool) -> bool {
    match role {
        "nobody" => false,
        "staff" => own,
        _ => true,
    }
}

/// Whether she may do it, where she sees it; none where she is a stranger to this time.
fn may(role: &str, own: bool, operation: &str) -> Option<bool> {
    let judges = ["approve_entry", "reject_entry", "reopen_entry"].contains(&operation);
    let of_reviewers = ["dismiss_exception", "snooze_exception", "assign_exception"].contains(&operation);
    let of_ops = ["snooze_exception", "assign_exception"].contains(&operation);
    match (role, own) {
        ("everyone", _) | ("reviewer", false) => Some(true),
        ("staff", true) => Some(!judges && !of_reviewers),
        ("ops", _) => Some(of_ops),
        ("admin", _) => Some(false),
        _ => None,
    }
}

fn body(operation: &str, of: &Records) -> Option<Value> {
    Some(match operation {
        "replace_entry" => json!({ "start": "2026-03-02T09:00:00Z", "end": "2026-03-02T11:00:00Z" }),
        "change_entry" => json!({ "task": "Other" }),
        "reject_entry" | "reopen_entry" => json!({ "reason": "so" }),
        "merge_entry" => json!({ "into": of.other_entry }),
        "split_entry" => json!({ "parts": [{ "share": 1 }, { "share": 1 }] }),
        "resolve_exception" => json!({ "project": "ACME-15" }),
        "snooze_exception" => json!({ "until": null }),
        "assign_exception" => json!({ "to": null }),
        _ => return None,
    })
}

/// The record that an operation's path names.
fn named<'a>(path: &str, of: &'a Records) -> &'a str {
    match path.split('/').nth(1) {
        Some("entries") => &of.entry,
        Some("exceptions") => &of.exception,
        Some("users") => &of.user,
        Some("calendars") => &of.calendar,
        _ => ABSENT,
    }
}

/// Every operation: method, path below `/api/v1`, name and scope.
fn operations(api: &Api) -> Vec<(String, String, String, String)> {
    let document = api.send("", "GET", "/openapi.json", &[], None).body;
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, one) in methods.as_object().expect("methods") {
            let text = |name: &str| one[name].as_str().expect("text").to_owned();
            let path = path.strip_prefix("/api/v1").expect("below").to_owned();
            all.push((method.to_uppercase(), path, text("operationId"), text("x-scope")));
        }
    }
    assert!(all.len() > 40, "{}", all.len());
    all
}

/// A version nobody saw: whatever is allowed is stale, and nothing changes under the others.
const STALE: (&str, &str) = ("If-Match", "\"99\"");

fn check_record(person: &Person, operation: &str, method: &str, got: &Got, own: bool, absent: bool) {
    let what = format!("{operation} by {} on {}: {} {}", person.role, if own { "her own" } else { "another's" }, got.status, got.body);
    let role = person.role;
    if absent || !sees(role, own) {
        assert_eq!(got.status, 404, "{what}");
    } else if method == "GET" {
        assert_eq!(got.status, 200, "{what}");
    } else {
        match may(role, own, operation) {
            None => assert_eq!(got.status, 404, "{what}"),
            Some(false) => assert_eq!(got.status, 403, "{what}"),
            Some(true) => assert!([409, 412].contains(&got.status), "{what}"),
        }
    }
}

/// Lists hold what is hers to see; what has no record is answered by scope alone.
fn check_plain(api: &Api, person: &Person, (method, path, operation): (&str, &str, &str), of: &Records, own: bool, email: &str) {
    let (role, sees) = (person.role, sees(person.role, own));
    let send = |path: &str, body: Option<&Value>| api.send(&person.token, method, path, &[], body);
    let what = format!("{operation} by {role}, {}", if own { "her own" } else { "another's" });
    match operation {
        "write_entry" => {
            let body = json!({ "staff": email, "start": "2026-03-12T09:00:00Z", "end": "2026-03-12T09:10:00Z", "timezone": "UTC" });
            let got = send(path, Some(&body));
            match may(role, own, operation).filter(|_| sees) {
                Some(true) => assert_eq!(got.status, 201, "{what}: {}", got.body),
                Some(false) => assert_eq!(got.status, 403, "{what}"),
                None => assert!([404, 422].contains(&got.status), "{what}: {}", got.status),
            }
        }
        "act_on_entries" => {
            let items = json!([{ "id": of.entry, "version": 99 }, { "id": ABSENT, "version": 1 }]);
            let got = send(path, Some(&json!({ "act": "submit", "items": items })));
            let row = got.body["items"][0]["status"].as_u64();
            let wanted = match may(role, own, operation).filter(|_| sees) {
                Some(true) => 412,
                Some(false) => 403,
                None => 404,
            };
            assert_eq!((got.status, row, got.body["items"][1]["status"].as_u64()), (200, Some(wanted), Some(404)), "{what}");
        }
        "explain" => {
            let wanted = match (sees, role) {
                (false, _) => 404,
                (true, "ops" | "admin") if !own => 403,
                _ => 200,
            };
            assert_eq!(send(&format!("{path}?id={}", of.entry), None).status, wanted, "{what}");
            assert_eq!(send(&format!("{path}?id={ABSENT}"), None).status, 404, "{what}");
        }
        "explain_event" => assert_eq!(send(path, Some(&json!({ "title": "x" }))).status, 200, "{what}"),
        _ if method == "GET" => {
            let days = if operation == "report_daily" { "?from=2026-03-01&to=2026-03-31&status=draft" } else { "?limit=200" };
            let got = send(&format!("{path}{days}"), None);
            assert_eq!(got.status, 200, "{what}: {}", got.body);
            let of_person = got.body["items"].as_array().into_iter().flatten().filter(|one| one["staff"] == email || one["email"] == email);
            let some =
                ["list_entries", "list_exceptions", "list_calendars", "list_users", "report_daily", "list_changes"].contains(&operation);
            assert!(!some || (of_person.count() > 0) == sees, "{what}: {}", got.body);
        }
        _ => assert_eq!(send(path, None).status, 409, "{what}"),
    }
}

on_each_database! {
    fn each_role_does_what_is_hers_to_do_and_learns_of_nothing_else(world: World) {
        let people = people(&world);
        let everyone = full_token(&world, "watcher", "everyone@northwind.example");
        let api = Api::serve(&world);
        let danas = records(&api, &everyone, DANA);
        let mut asked = 0;
        for person in &people {
            let hers = records(&api, &everyone, &person.email);
            for (method, path, operation, _) in operations(&api) {
                for (own, of, email) in [(true, &hers, person.email.as_str()), (false, &danas, DANA)] {
                    asked += 1;
                    let record = path.contains("{id}") && !path.starts_with("/connections");
                    if !record && !path.contains('{') {
                        check_plain(&api, person, (&method, &path, &operation), of, own, email);
                        continue;
                    }
                    for (id, absent) in [(named(&path, of), !record), (ABSENT, true)] {
                        let path = path.replace("{id}", id).replace("{key}", "acme").replace("{code}", "ACME-15");
                        let got = api.send(&person.token, &method, &path, &[STALE], body(&operation, of).as_ref());
                        match path.split('/').nth(1) {
                            Some("clients" | "projects") => assert_eq!(got.status, if method == "GET" { 200 } else { 409 }, "{path}"),
                            _ => check_record(person, &operation, &method, &got, own, absent),
                        }
                    }
                }
            }
        }
        assert!(asked > 500, "{asked}");
    }

    fn a_token_does_only_what_its_scopes_say(world: World) {
        world.sync();
        let roles = ["users", "set", DANA, "--role", "staff", "--role", "reviewer", "--role", "ops", "--role", "admin", "--reviews", "everyone"];
        world.run(&roles).expect("set");
        let api = Api::serve(&world);
        let all = operations(&api);
        let scopes: std::collections::BTreeSet<_> = all.iter().map(|(_, _, _, scope)| scope.clone()).collect();
        for scope in &scopes {
            let secret = token(&world, scope, DANA, &[scope]);
            for (method, path, operation, needed) in &all {
                let path = path.replace("{id}", ABSENT).replace("{key}", "acme").replace("{code}", "ACME-15");
                let got = api.send(&secret, method, &path, &[STALE], None);
                assert_eq!(got.status == 403, needed != scope, "{operation} with {scope}: {} {}", got.status, got.body);
                assert_eq!(api.send("kal_none", method, &path, &[STALE], None).status, 401, "{operation}");
            }
        }
    }

    fn words_are_for_who_may_read_them(world: World) {
        let people = people(&world);
        let api = Api::serve(&world);
        let of = |role: &str| people.iter().find(|one| one.role == role).expect("someone");
        let told = |role: &str| api.get(&of(role).token, "/entries?staff=dana@northwind.example&held=false")["items"][0]["task"].clone();
        assert_eq!((told("reviewer"), told("everyone")), (json!("Meeting"), json!("Meeting")));
        assert_eq!((told("ops"), told("admin")), (Value::Null, Value::Null));
        let day = |role: &str| api.get(&of(role).token, "/reports/daily?from=2026-03-02&to=2026-03-02&status=draft&staff=dana@northwind.example")["items"][0]["task"].clone();
        assert_eq!((day("reviewer"), day("ops")), (json!("Meeting"), Value::Null));
    }
}
