//! The API of a daemon that really runs, on both databases: the main path of each resource, and what it refuses.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    daemons::Daemon,
    support::{DANA, World, event, on_each_database},
};

const SCOPES: [&str; 12] = [
    "entries:read",
    "entries:write",
    "exceptions:read",
    "exceptions:write",
    "catalog:read",
    "catalog:write",
    "sources:read",
    "sources:write",
    "reports:read",
    "audit:read",
    "users:read",
    "users:write",
];

/// An answer: its status, its headers by lower-case name, and its body.
pub(crate) struct Got {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Where something is wrong.
    pub(crate) fn pointers(&self) -> Vec<&str> {
        self.body["errors"].as_array().into_iter().flatten().filter_map(|one| one["pointer"].as_str()).collect()
    }
}

/// A daemon with its API.
pub(crate) struct Api {
    _daemon: Option<Daemon>,
    host: String,
}

impl Api {
    pub(crate) fn serve(world: &World) -> Self {
        let (daemon, host) = Daemon::listening(world);
        Self { _daemon: Some(daemon), host }
    }

    /// Of a program that serves already.
    pub(crate) fn at(host: &str) -> Self {
        Self { _daemon: None, host: host.to_owned() }
    }

    /// One request below `/api/v1`.
    pub(crate) fn send(&self, token: &str, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Got {
        let text = body.map_or_else(String::new, Value::to_string);
        let kind = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        self.raw(method, &format!("/api/v1{path}"), &format!("Authorization: Bearer {token}\r\n{kind}"), headers, &text)
    }

    fn raw(&self, method: &str, path: &str, head: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut stream = TcpStream::connect(&self.host).expect("it listens");
        let more = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        let (host, length) = (&self.host, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}{more}Content-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("sent");
        // A body that is too large is not read to its end.
        let _left = stream.write_all(body.as_bytes());
        let mut text = Vec::new();
        let _cut = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer");
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let headers = head.lines().filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
        Got { status, headers, body: serde_json::from_str(body).unwrap_or(Value::Null) }
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Value {
        let got = self.send(token, "GET", path, &[], None);
        assert_eq!(got.status, 200, "{path}: {}", got.body);
        got.body
    }

    pub(crate) fn post(&self, token: &str, path: &str, version: &Value, body: &Value) -> Got {
        self.send(token, "POST", path, &[("If-Match", &format!("\"{version}\""))], Some(body))
    }
}

/// A new token.
pub(crate) fn token(world: &World, name: &str, email: &str, scopes: &[&str]) -> String {
    let scopes = scopes.iter().flat_map(|scope| ["--scope", scope]);
    let args: Vec<_> = ["tokens", "add", name, "--staff", email].into_iter().chain(scopes).collect();
    world.run(&args).expect("a token").lines().next().expect("a secret").to_owned()
}

pub(crate) fn full_token(world: &World, name: &str, email: &str) -> String {
    token(world, name, email, &SCOPES)
}

/// Six entries on six days and two questions, and a reviewer's token for them.
pub(crate) fn prepared(world: &World) -> (Api, String) {
    let day = |day: u32, title: &str| {
        event(&format!("e{day}"), &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T103000Z"), title, "")
    };
    world.calendar(&[
        day(2, "[ACME-15] One"),
        day(3, "[ACME-15] Two"),
        day(4, "[GBX-3] Three"),
        day(5, "[GBX-3] Four"),
        day(9, "Nobody knows"),
        day(10, "Nor this"),
    ]);
    world.sync();
    world.run(&["users", "set", DANA, "--role", "staff", "--role", "reviewer", "--reviews", "everyone"]).expect("set");
    let token = full_token(world, "all", DANA);
    (Api::serve(world), token)
}

pub(crate) fn new_entry(day: u32, name: &str) -> Value {
    json!({ "staff": DANA, "start": format!("2026-03-{day:02}T13:00:00Z"), "end": format!("2026-03-{day:02}T14:00:00Z"), "timezone": "UTC",
        "project": "ACME-15", "description": "by hand", "external_ref": name })
}

on_each_database! {
    fn entries_are_read_in_pages_without_gaps_and_by_every_filter(world: World) {
        let (api, token) = prepared(&world);
        let all = api.get(&token, "/entries?limit=200");
        let ids = |page: &Value| page["items"].as_array().expect("items").iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
        assert_eq!((ids(&all).len(), &all["next_cursor"]), (6, &Value::Null));
        for (list, all) in [("/entries", &all), ("/exceptions", &api.get(&token, "/exceptions?limit=200"))] {
            let (mut walked, mut path) = (Vec::new(), format!("{list}?limit=1"));
            loop {
                let page = api.get(&token, &path);
                walked.extend(ids(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                path = format!("{list}?limit=1&cursor={next}");
            }
            assert_eq!(walked, ids(all), "{list}");
        }
        for (query, count) in [
            ("from=2026-03-03&to=2026-03-05", 3),
            ("project=GBX-3", 2),
            ("client=acme", 2),
            ("held=true", 2),
            ("held=false&status=draft&status=approved", 4),
            ("status=void", 0),
            ("staff=dana@northwind.example", 6),
            ("staff=nobody@northwind.example", 0),
            ("match=start&start=2026-03-02T09:00:00Z&end=2026-03-03T09:00:00Z", 1),
            ("match=end&start=2026-03-02T10:30:00Z&end=2026-03-03T10:30:00Z", 1),
            ("match=intersection&start=2026-03-02T10:00:00Z&end=2026-03-03T09:00:01Z", 2),
            ("match=day&start=2026-03-02T00:00:00Z&end=2026-03-03T00:00:00Z", 1),
        ] {
            assert_eq!(ids(&api.get(&token, &format!("/entries?limit=200&{query}"))).len(), count, "{query}");
        }
        let wrong = api.send(&token, "GET", "/entries?limit=0&held=perhaps&colour=red", &[], None);
        assert_eq!((wrong.status, wrong.pointers()), (400, vec!["/colour", "/held", "/limit"]));
        assert_eq!(wrong.header("content-type"), "application/problem+json");
        assert_eq!(api.send(&token, "GET", "/entries?cursor=abc", &[], None).status, 422);
        assert_eq!(api.send(&token, "GET", "/exceptions?cursor=abc", &[], None).status, 422);
    }

    fn an_entry_is_written_changed_and_removed_by_whoever_saw_it(world: World) {
        let (api, token) = prepared(&world);
        let made = api.send(&token, "POST", "/entries", &[], Some(&new_entry(11, "ticket 7")));
        assert_eq!((made.status, made.header("etag"), &made.body["origin"]), (201, "\"1\"", &json!("api")), "{}", made.body);
        let path = made.header("location").strip_prefix("/api/v1").expect("a place").to_owned();
        assert_eq!(api.get(&token, &path), made.body);
        let twice = api.send(&token, "POST", "/entries", &[], Some(&new_entry(12, "ticket 7")));
        assert_eq!(twice.status, 409);
        assert!(twice.body["detail"].as_str().is_some_and(|told| told.contains(made.body["id"].as_str().expect("an id"))), "{}", twice.body);
        let change = json!({ "description": null, "task": "Support", "end": "2026-03-11T15:00:00Z" });
        assert_eq!(api.send(&token, "PATCH", &path, &[], Some(&change)).status, 428);
        assert_eq!(api.send(&token, "PATCH", &path, &[("If-Match", "\"7\"")], Some(&change)).status, 412);
        let changed = api.send(&token, "PATCH", &path, &[("If-Match", "\"1\"")], Some(&change));
        assert_eq!((changed.status, changed.header("etag")), (200, "\"2\""), "{}", changed.body);
        assert_eq!(
            (&changed.body["description"], &changed.body["task"], &changed.body["seconds"], &changed.body["project"]),
            (&Value::Null, &json!("Support"), &json!(7200), &json!("ACME-15"))
        );
        assert_eq!(api.send(&token, "PATCH", &path, &[("If-Match", "\"1\"")], Some(&change)).status, 412);
        let whole = json!({ "start": "2026-03-11T13:00:00Z", "end": "2026-03-11T13:30:00Z", "project": "GBX-3" });
        let put = api.send(&token, "PUT", &path, &[("If-Match", "\"2\"")], Some(&whole));
        assert_eq!((put.status, &put.body["task"], &put.body["client"], &put.body["seconds"]), (200, &Value::Null, &json!("globex"), &json!(1800)), "{}", put.body);
        assert_eq!(api.send(&token, "DELETE", &path, &[], None).status, 428);
        let tag = put.header("etag").to_owned();
        assert_eq!(api.send(&token, "DELETE", &path, &[("If-Match", &tag)], None).status, 204);
        assert_eq!(api.send(&token, "GET", &path, &[], None).status, 410);
        assert_eq!(api.get(&token, "/entries?status=void")["items"].as_array().map(Vec::len), Some(1));
        let acts: Vec<_> = api.get(&token, "/audit")["items"].as_array().expect("acts").iter().map(|one| (one["act"].clone(), one["actor"].clone())).collect();
        let by = json!("token all of dana@northwind.example");
        assert_eq!(acts[..4], [(json!("void"), by.clone()), (json!("change"), by.clone()), (json!("change"), by.clone()), (json!("write"), by)]);
    }

    fn every_bad_field_is_told_at_once_and_nothing_is_done(world: World) {
        let (api, token) = prepared(&world);
        let mut body = new_entry(11, "");
        for (name, value) in [("status", json!("approved")), ("version", json!(9)), ("origin", json!("calendar")), ("start", json!("noon")), ("tags", json!([1]))] {
            body[name] = value;
        }
        let shape = api.send(&token, "POST", "/entries", &[], Some(&body));
        assert_eq!((shape.status, shape.pointers()), (422, vec!["/external_ref", "/origin", "/start", "/status", "/tags/0", "/version"]));
        let meaning = json!({ "staff": "nobody@x.example", "start": "2026-03-11T13:00:00Z", "end": "2026-03-11T12:00:00Z", "timezone": "Vienna",
            "project": "ACME-155", "client": "globex" });
        let meaning = api.send(&token, "POST", "/entries", &[], Some(&meaning));
        assert_eq!((meaning.status, meaning.pointers()), (422, vec!["/project", "/staff", "/end", "/timezone"]));
        assert!(meaning.body["detail"].as_str().is_some_and(|told| told.contains("did you mean ACME-15?")), "{}", meaning.body);
        let sent = |head: &str, body: &str| api.raw("POST", "/api/v1/entries", &format!("Authorization: Bearer {token}\r\n{head}"), &[], body).status;
        assert_eq!(sent("Content-Type: text/plain\r\n", "{}"), 415);
        assert_eq!(sent("Content-Type: application/json\r\n", "{\"staff\":"), 400);
        assert_eq!(sent("Content-Type: application/json\r\n", &" ".repeat((1 << 20) + 1)), 413);
        let wrong = api.send(&token, "PUT", "/entries", &[], None);
        assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, POST, HEAD, OPTIONS"));
        assert_eq!(api.send(&token, "OPTIONS", "/entries", &[], None).status, 204);
        assert_eq!(api.send(&token, "GET", "/entry", &[], None).body["type"], "/api#not-found");
        assert_eq!(api.get(&token, "/entries?limit=200")["items"].as_array().map(Vec::len), Some(6));
    }

    fn a_repeated_request_is_done_once(world: World) {
        let (api, token) = prepared(&world);
        let mut body = new_entry(11, "x");
        body.as_object_mut().expect("fields").remove("external_ref");
        let send = |key: &str, body: &Value| api.send(&token, "POST", "/entries", &[("Idempotency-Key", key)], Some(body));
        let (first, second) = (send("a", &body), send("a", &body));
        assert_eq!((first.status, second.status), (201, 201), "{}", second.body);
        assert_eq!((&first.body, first.header("etag"), first.header("location")), (&second.body, second.header("etag"), second.header("location")));
        body["description"] = json!("another");
        assert_eq!(send("a", &body).status, 422);
        // What was refused was not done, so its key is free.
        let mut wrong = body.clone();
        wrong["project"] = json!("NONE-1");
        assert_eq!((send("b", &wrong).status, send("b", &body).status), (422, 201));
        // Another token's keys are others.
        let other = full_token(&world, "other", DANA);
        assert_eq!(api.send(&other, "POST", "/entries", &[("Idempotency-Key", "a")], Some(&body)).status, 201);
        assert_eq!(api.get(&token, "/entries?limit=200")["items"].as_array().map(Vec::len), Some(9));
    }

    fn entries_go_their_way_out_one_by_one_and_many_at_once(world: World) {
        let (api, token) = prepared(&world);
        let all = api.get(&token, "/entries?limit=200&held=false");
        let entries = all["items"].as_array().expect("items").clone();
        let path = |place: usize, act: &str| format!("/entries/{}/{act}", entries[place]["id"].as_str().expect("an id"));
        let bare = |place: usize, act: &str, version: i64| api.send(&token, "POST", &path(place, act), &[("If-Match", &format!("\"{version}\""))], None);
        let done = |got: Got| (got.status, got.body["approval_status"].as_str().unwrap_or_default().to_owned());
        assert_eq!(done(bare(0, "submit", 1)), (200, "submitted".to_owned()));
        assert_eq!(done(bare(0, "withdraw", 2)), (200, "pending".to_owned()));
        assert_eq!(done(bare(0, "submit", 3)), (200, "submitted".to_owned()));
        let because = json!({ "reason": "too long" });
        assert_eq!(done(api.post(&token, &path(0, "reject"), &json!(4), &because)), (200, "rejected".to_owned()));
        assert_eq!(done(bare(1, "approve", 1)), (200, "approved".to_owned()));
        let frozen = api.send(&token, "PATCH", &path(1, "")[..path(1, "").len() - 1], &[("If-Match", "\"2\"")], Some(&json!({ "task": "x" })));
        assert_eq!(frozen.status, 409, "{}", frozen.body);
        assert_eq!(done(api.post(&token, &path(1, "reopen"), &json!(2), &because)), (200, "pending".to_owned()));
        let items: Vec<_> = entries.iter().zip([9, 3, 1, 1]).map(|(one, version)| json!({ "id": one["id"], "version": version })).collect();
        let bulk = api.send(&token, "POST", "/entries/bulk", &[], Some(&json!({ "act": "approve", "items": items })));
        let rows: Vec<_> = bulk.body["items"].as_array().expect("rows").iter().map(|row| row["status"].clone()).collect();
        assert_eq!((bulk.status, rows), (200, vec![json!(409), json!(200), json!(200), json!(200)]), "{}", bulk.body);
        let days = api.get(&token, "/reports/daily?from=2026-03-01&to=2026-03-31");
        let sums: Vec<_> = days["items"].as_array().expect("rows").iter().map(|row| (row["project"].clone(), row["seconds"].clone(), row["approved"].clone())).collect();
        assert_eq!(sums, [(json!("ACME-15"), json!(5400), json!(true)), (json!("GBX-3"), json!(5400), json!(true)), (json!("GBX-3"), json!(5400), json!(true))]);
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&token, &format!("/reports/daily?from=2026-03-01&to=2026-03-31&limit=1{cursor}"));
            paged.extend(page["items"].as_array().expect("rows").clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(json!(paged), days["items"], "pages together are the whole");
        let drafts = api.get(&token, "/reports/daily?from=2026-03-01&to=2026-03-31&status=rejected");
        assert_eq!((&drafts["items"][0]["approved"], &drafts["items"][0]["status"]), (&json!(false), &json!("rejected")));
    }

    fn an_entry_is_divided_and_joined(world: World) {
        let (api, token) = prepared(&world);
        let made = api.send(&token, "POST", "/entries", &[], Some(&new_entry(11, "t"))).body;
        let parts = json!({ "parts": [{ "share": 1, "project": "ACME-15" }, { "share": 3, "project": "GBX-3" }] });
        let split = api.post(&token, &format!("/entries/{}/split", made["id"].as_str().expect("an id")), &made["version"], &parts);
        assert_eq!(split.status, 200, "{}", split.body);
        let seconds: Vec<_> = split.body["items"].as_array().expect("parts").iter().map(|one| one["seconds"].clone()).collect();
        assert_eq!(seconds, [json!(900), json!(2700)]);
        let [one, two] = ["u", "v"].map(|name| api.send(&token, "POST", "/entries", &[], Some(&new_entry(12, name))).body);
        let merge = |into: &Value| api.post(&token, &format!("/entries/{}/merge", one["id"].as_str().expect("an id")), &json!(1), &json!({ "into": into["id"] }));
        assert_eq!(merge(&one).status, 422);
        let other_day = merge(&api.get(&token, "/entries?from=2026-03-02&to=2026-03-02")["items"][0]);
        assert_eq!(other_day.status, 422, "{}", other_day.body);
        let merged = merge(&two);
        assert_eq!((merged.status, &merged.body["id"], &merged.body["seconds"]), (200, &two["id"], &two["seconds"]), "{}", merged.body);
    }

    fn questions_are_answered_put_off_and_taken_back(world: World) {
        let (api, token) = prepared(&world);
        let list = api.get(&token, "/exceptions?reason=unmatched");
        assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
        let id = list["items"][0]["id"].as_str().expect("an id").to_owned();
        let one = api.get(&token, &format!("/exceptions/{id}"));
        assert!(one["likely"].is_array(), "{one}");
        let act = |name: &str, version: &Value, body: &Value| api.post(&token, &format!("/exceptions/{id}/{name}"), version, body);
        assert_eq!(act("resolve", &json!(9), &json!({ "project": "ACME-15" })).status, 412);
        assert_eq!(act("resolve", &one["version"], &json!({ "project": "NONE-1" })).pointers(), ["/project"]);
        let assigned = act("assign", &one["version"], &json!({ "to": DANA }));
        assert_eq!((assigned.status, &assigned.body["standing"]), (200, &json!("assigned")), "{}", assigned.body);
        let slept = act("snooze", &assigned.body["version"], &json!({ "until": "2026-04-01T00:00:00Z" }));
        assert_eq!((slept.status, &slept.body["standing"]), (200, &json!("snoozed")), "{}", slept.body);
        assert_eq!(api.get(&token, "/exceptions")["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(api.get(&token, "/exceptions?snoozed=true")["items"].as_array().map(Vec::len), Some(2));
        let done = act("resolve", &slept.body["version"], &json!({ "project": "ACME-15" }));
        assert_eq!((done.status, &done.body["standing"]), (200, &json!("resolved")), "{}", done.body);
        assert_eq!(act("dismiss", &done.body["version"], &json!({})).status, 409);
        let undone = act("undo", &done.body["version"], &json!({}));
        assert_eq!((undone.status, &undone.body["status"]), (200, &json!("open")), "{}", undone.body);
        let gone = act("not-work", &undone.body["version"], &json!({}));
        assert_eq!((gone.status, &gone.body["standing"]), (200, &json!("resolved")), "{}", gone.body);
        let entry = done.body["entry"].as_str().expect("an entry");
        let why = api.get(&token, &format!("/rules/explain?id={entry}"));
        assert!(why["result"].is_string(), "{why}");
        let would = api.send(&token, "POST", "/rules/explain", &[], Some(&json!({ "title": "[ACME-15] Would be" })));
        assert_eq!((would.status, &would.body["outcome"]), (200, &json!("entry")), "{}", would.body);
    }

    fn the_feed_of_changes_leads_to_what_stands(world: World) {
        let (api, token) = prepared(&world);
        let (mut versions, mut cursor) = (std::collections::BTreeMap::new(), String::new());
        let mut follow = |versions: &mut std::collections::BTreeMap<String, i64>| loop {
            let at = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
            let page = api.get(&token, &format!("/changes?limit=3{at}"));
            let items = page["items"].as_array().expect("items").clone();
            for one in items.iter().filter(|one| one["kind"] == "entry") {
                versions.insert(one["id"].as_str().expect("an id").to_owned(), one["version"].as_i64().expect("a version"));
            }
            page["next_cursor"].as_str().expect("a place").clone_into(&mut cursor);
            if items.is_empty() {
                break;
            }
        };
        let standing = || {
            let all = api.get(&token, "/entries?limit=200");
            let version = |one: &Value| (one["id"].as_str().expect("an id").to_owned(), one["version"].as_i64().expect("a version"));
            all["items"].as_array().expect("items").iter().map(version).collect::<std::collections::BTreeMap<_, _>>()
        };
        follow(&mut versions);
        assert_eq!(versions, standing());
        let made = api.send(&token, "POST", "/entries", &[], Some(&new_entry(11, "later")));
        assert_eq!(made.status, 201);
        assert_ne!(versions, standing());
        follow(&mut versions);
        assert_eq!(versions, standing());
    }

    fn the_catalog_is_read_here_and_owned_by_the_files(world: World) {
        let (api, token) = prepared(&world);
        let keys = |path: &str, name: &str| api.get(&token, path)["items"].as_array().expect("items").iter().map(|one| one[name].clone()).collect::<Vec<_>>();
        assert_eq!(keys("/clients", "key"), ["acme", "globex", "northwind"]);
        assert_eq!(keys("/projects?limit=2", "code"), ["ACME-12", "ACME-15"]);
        assert_eq!(api.get(&token, "/projects/ACME-15")["client"], "acme");
        let refused = api.send(&token, "PUT", "/clients/acme", &[], Some(&json!({ "name": "Acme" })));
        assert!(refused.status == 409 && refused.body["detail"].as_str().is_some_and(|told| told.contains("owned by the rule files")));
        assert_eq!(keys("/users", "email"), [DANA]);
        assert_eq!(keys("/calendars", "state"), ["read"]);
        assert_eq!(keys("/connections", "id"), Vec::<Value>::new());
        assert!(api.get(&token, "/tasks")["items"].is_array());
    }

    fn a_token_that_works_no_more_is_refused(world: World) {
        let (api, token) = prepared(&world);
        let status = |secret: &str| api.send(secret, "GET", "/entries", &[], None).status;
        assert_eq!((status(&token), status("kal_wrong"), status("")), (200, 401, 401));
        assert_eq!(api.send("", "GET", "/entries", &[], None).header("www-authenticate"), "Bearer realm=\"kalends\"");
        let tokens = world.json(&["tokens", "list"]);
        assert!(tokens[0]["used_at"].is_string(), "{tokens}");
        world.run(&["tokens", "revoke", tokens[0]["id"].as_str().expect("an id")]).expect("revoked");
        assert_eq!(status(&token), 401);
    }
}

#[test]
fn whoever_asks_too_often_waits() {
    let world = World::new("kalends.db".to_owned());
    world.configure_more("requests_a_minute: 3\n");
    world.sync();
    let token = full_token(&world, "eager", DANA);
    let api = Api::serve(&world);
    let got: Vec<_> = (0..4).map(|_| api.send(&token, "GET", "/clients", &[], None)).collect();
    assert_eq!(got.iter().map(|one| one.status).collect::<Vec<_>>(), [200, 200, 200, 429]);
    assert!(got[3].header("retry-after").parse::<u32>().is_ok_and(|seconds| (1..=61).contains(&seconds)));
}

#[test]
fn the_document_is_there_for_programs_and_people() {
    let world = World::new("kalends.db".to_owned());
    world.sync();
    let api = Api::serve(&world);
    let document = api.send("", "GET", "/openapi.json", &[], None);
    assert_eq!((document.status, &document.body["openapi"]), (200, &json!("3.1.0")));
    let page = api.raw("GET", "/api", "", &[], "");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
}
