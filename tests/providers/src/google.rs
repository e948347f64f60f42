//! Google Calendar API v3: its requests, and how its events look.

use std::collections::BTreeMap;

use axum::{body::Body, http::Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::{
    calendar::{Calendar, Exception, Item, Occurrence, instant, merge},
    faults::respond,
    oauth::{Query, now},
    state::{List, Pending, State},
};

/// What may not stand beside a sync token.
const FORBIDDEN: &[&str] =
    &["timeMin", "timeMax", "q", "orderBy", "iCalUID", "updatedMin", "privateExtendedProperty", "sharedExtendedProperty"];
/// A token that lists instances knows nothing of a window; Google's horizon for an endless series.
const HORIZON: TimeDelta = TimeDelta::days(730);
/// Fields that say how an answer is written, not what is asked.
const BESIDE: &[&str] =
    &["pageToken", "syncToken", "timeMin", "timeMax", "updatedMin", "quotaUser", "key", "alt", "prettyPrint", "q", "orderBy"];

pub(crate) fn error(status: u16, domain: &str, reason: &str, message: &str) -> Response<Body> {
    let one = json!({ "domain": domain, "reason": reason, "message": message });
    respond(status, &json!({ "error": { "errors": [one], "code": status, "message": message } }))
}

fn not_found() -> Response<Body> {
    error(404, "global", "notFound", "Not Found")
}

fn bad(message: &str) -> Response<Body> {
    error(400, "global", "badRequest", message)
}

/// One request of the API, for the account whose token it carried.
pub(crate) fn serve(state: &mut State, email: &str, method: &str, path: &[String], query: &Query, body: &Value) -> Response<Body> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match (method, parts.as_slice()) {
        ("GET", ["users", "me", "calendarList"]) => calendars(state, email, query),
        ("GET", ["users", "me", "calendarList", id] | ["calendars", id]) => match state.resolve(email, id) {
            Some(id) => respond(200, &entry(state, email, &id)),
            None => not_found(),
        },
        (_, ["calendars", calendar, rest @ ..]) => match state.resolve(email, calendar) {
            Some(calendar) => events(state, method, &calendar, rest, query, body),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn entry(state: &State, email: &str, id: &str) -> Value {
    let calendar = &state.calendars[id];
    let mut entry = json!({ "kind": "calendar#calendarListEntry", "etag": "\"1\"", "id": id, "summary": calendar.name, "timeZone": "Europe/Berlin",
        "colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000", "selected": true,
        "accessRole": if calendar.owner == email { "owner" } else { "reader" }, "defaultReminders": [],
        "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] } });
    if calendar.is_primary {
        entry["primary"] = json!(true);
    }
    entry
}

fn calendars(state: &State, email: &str, query: &Query) -> Response<Body> {
    let ids = state.accounts.get(email).cloned().unwrap_or_default();
    let size: usize = query.get("maxResults").and_then(|max| max.parse().ok()).unwrap_or(100).clamp(1, 250);
    let from: usize = query.get("pageToken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let items: Vec<_> = ids.iter().skip(from).take(size).map(|id| entry(state, email, id)).collect();
    let mut list = json!({ "kind": "calendar#calendarList", "etag": "\"p1\"", "items": items });
    match ids.len() > from + size {
        true => list["nextPageToken"] = json!((from + size).to_string()),
        false => list["nextSyncToken"] = json!("CL"),
    }
    respond(200, &list)
}

fn events(state: &mut State, method: &str, calendar: &str, rest: &[&str], query: &Query, body: &Value) -> Response<Body> {
    match (method, rest) {
        ("GET", ["events"]) => list(state, calendar, query),
        ("POST", ["events"]) => {
            let id = add(state, calendar, body);
            one(state, calendar, &id)
        }
        ("GET", ["events", id]) => one(state, calendar, id),
        ("GET", ["events", id, "instances"]) => instances(state, calendar, id, query),
        ("PATCH" | "PUT", ["events", id]) => {
            edit(state, calendar, id, body);
            one(state, calendar, id)
        }
        ("DELETE", ["events", id]) => {
            delete(state, calendar, id);
            let mut gone = Response::new(Body::empty());
            *gone.status_mut() = axum::http::StatusCode::NO_CONTENT;
            gone
        }
        _ => not_found(),
    }
}

fn one(state: &State, calendar: &str, id: &str) -> Response<Body> {
    let calendar = &state.calendars[calendar];
    let (master, original) = split(id);
    match (calendar.items.get(&master), original) {
        (Some(item), None) if !item.is_gone => respond(200, &item.body),
        (Some(item), Some(original)) if !item.is_gone => respond(200, &instance(item, &master, original)),
        _ => not_found(),
    }
}

fn instances(state: &State, calendar: &str, id: &str, query: &Query) -> Response<Body> {
    let Some(item) = state.calendars[calendar].items.get(id).filter(|item| !item.is_gone) else { return not_found() };
    let (from, until) = bounds(query);
    let until = until.min(now() + HORIZON);
    let items: Vec<_> = item.instances(id, from.max(item.start), until).iter().map(|found| shown(item, found)).collect();
    respond(200, &wrapped(&state.calendars[calendar], &items))
}

fn wrapped(calendar: &Calendar, items: &[Value]) -> Value {
    json!({ "kind": "calendar#events", "etag": "\"p33\"", "summary": calendar.name, "description": "", "updated": stamp(now()),
        "timeZone": "Europe/Berlin", "accessRole": "owner", "defaultReminders": [], "items": items })
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn bounds(query: &Query) -> (DateTime<Utc>, DateTime<Utc>) {
    let at = |key: &str| query.get(key).and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc());
    (at("timeMin").unwrap_or(DateTime::UNIX_EPOCH), at("timeMax").unwrap_or_else(|| now() + TimeDelta::days(36_500)))
}

/// The part of a query that a token is bound to.
fn bound(calendar: &str, query: &Query) -> String {
    let kept: BTreeMap<_, _> = query.iter().filter(|(key, _)| !BESIDE.contains(&key.as_str())).collect();
    format!("{calendar}{kept:?}")
}

fn list(state: &mut State, id: &str, query: &Query) -> Response<Body> {
    for key in ["timeMin", "timeMax", "updatedMin"] {
        if query.get(key).is_some_and(|text| DateTime::parse_from_rfc3339(text).is_err()) {
            return bad(&format!("{key} is not RFC 3339 with an offset"));
        }
    }
    let (from, until) = bounds(query);
    if query.contains_key("timeMin") && query.contains_key("timeMax") && from >= until {
        return error(400, "calendar", "timeRangeEmpty", "The specified time range is empty.");
    }
    let is_single = query.get("singleEvents").is_some_and(|flag| flag == "true");
    if query.get("orderBy").is_some_and(|order| order == "startTime") && !is_single {
        return bad("The requested ordering is not available for the particular query.");
    }
    let query_key = bound(id, query);
    if let Some(token) = query.get("pageToken") {
        let Some(pending) = state.pages.get(token).cloned() else { return bad("Invalid page token value.") };
        if pending.query != query_key {
            return bad("The page token belongs to another query.");
        }
        return page(state, id, query, &pending);
    }
    let (list, clock) = match query.get("syncToken") {
        Some(_) if FORBIDDEN.iter().any(|key| query.contains_key(*key)) => return bad("Sync token cannot be used with these parameters."),
        Some(token) => match since(state, id, token, &query_key, is_single) {
            Ok(changes) => changes,
            Err(response) => return response,
        },
        None => whole(state, id, is_single, from, until, query),
    };
    page(state, id, query, &Pending::new(query_key, list, clock))
}

/// Everything a plain list holds.
fn whole(state: &mut State, id: &str, is_single: bool, from: DateTime<Utc>, until: DateTime<Utc>, query: &Query) -> (List, u64) {
    let calendar = &state.calendars[id];
    let types: Vec<&str> = query.get("eventTypes").map(|types| types.split(',').collect()).unwrap_or_default();
    let wanted = |body: &Value| types.is_empty() || types.contains(&body["eventType"].as_str().unwrap_or("default"));
    let uid = query.get("iCalUID");
    let words = query.get("q").map(|words| words.to_lowercase());
    let found = |body: &Value| {
        uid.is_none_or(|uid| body["iCalUID"] == uid.as_str())
            && words.as_ref().is_none_or(|words| body["summary"].as_str().unwrap_or_default().to_lowercase().contains(words))
    };
    if is_single {
        let until = if query.contains_key("timeMax") { until } else { now() + HORIZON };
        let is_asked = |one: &Occurrence| calendar.items.get(&one.id).is_some_and(|item| wanted(&item.body) && found(&item.body));
        return (List::of_occurrences(calendar.window(from, until).into_iter().filter(is_asked).collect()), calendar.clock);
    }
    let mut bodies = Vec::new();
    for (master, item) in calendar.items.iter().filter(|(_, item)| !item.is_gone && wanted(&item.body) && found(&item.body)) {
        let touches = item.is_series() && !item.instances(master, from, until.min(now() + HORIZON)).is_empty()
            || item.end > from && item.start < until;
        if touches {
            bodies.push(item.body.clone());
            bodies.extend(item.exceptions.keys().map(|original| instance(item, master, *original)));
        }
    }
    (List::of_bodies(bodies), calendar.clock)
}

/// What changed since a token.
fn since(state: &mut State, id: &str, token: &str, query: &str, is_single: bool) -> Result<(List, u64), Response<Body>> {
    let expired = || error(410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.");
    let (clock, key) = token.split_once('.').ok_or_else(expired)?;
    let clock: u64 = clock.strip_prefix("CP").and_then(|digits| digits.parse().ok()).ok_or_else(expired)?;
    if key != digest(query) {
        return Err(bad("The sync token belongs to a query with other parameters."));
    }
    let calendar = &state.calendars[id];
    let (mut bodies, mut unbounded) = (Vec::new(), false);
    for (master, item) in calendar.since(clock) {
        if item.is_gone {
            bodies.push(json!({ "kind": "calendar#event", "etag": item.body["etag"], "id": master, "status": "cancelled" }));
        } else if is_single && item.is_series() {
            unbounded = true;
            bodies.extend(item.instances(master, item.start, now() + HORIZON).iter().map(|found| shown(item, found)));
        } else {
            bodies.push(item.body.clone());
            let changed = item.exceptions.iter().filter(|(_, exception)| exception.changed > clock);
            bodies.extend(changed.map(|(original, _)| instance(item, master, *original)));
        }
    }
    let now_at = calendar.clock;
    if unbounded {
        state.fire("window-less-incremental");
    }
    if bodies.iter().any(|body| body["status"] == "cancelled" && body.get("start").is_none()) {
        state.fire("minimal-tombstone");
    }
    Ok((List::of_bodies(bodies), now_at))
}

fn digest(text: &str) -> String {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)).to_string()
}

fn page(state: &mut State, id: &str, query: &Query, pending: &Pending) -> Response<Body> {
    let size = query.get("maxResults").and_then(|max| max.parse().ok()).unwrap_or(250).clamp(1, 2500).min(state.policy.page_max);
    let (shown_now, left) = pending.page(size, state.policy.empty_pages);
    let calendar = &state.calendars[id];
    let items: Vec<Value> = match &pending.list {
        List::Occurrences(found) => found[shown_now].iter().filter_map(|one| Some(shown(calendar.items.get(&one.id)?, one))).collect(),
        List::Bodies(bodies) => bodies[shown_now].to_vec(),
    };
    let mut body = wrapped(calendar, &items);
    match left {
        None => body["nextSyncToken"] = json!(format!("CP{}.{}", pending.clock, digest(&pending.query))),
        Some(left) => {
            let token = state.fresh("Ck");
            body["nextPageToken"] = json!(token);
            if left.was_empty {
                state.fire("empty-page");
            }
            state.pages.insert(token, left);
        }
    }
    let partial = query.get("fields").map(|fields| partial(&body, fields));
    respond(200, &partial.unwrap_or(body))
}

/// Google's partial responses: `a,b(c,d),e/f`.
fn partial(value: &Value, fields: &str) -> Value {
    if let Some(list) = value.as_array() {
        return list.iter().map(|one| partial(one, fields)).collect();
    }
    let mut kept = json!({});
    for field in top_level(fields) {
        let (name, inner) = match (field.find('('), field.find('/')) {
            (Some(at), slash) if slash.is_none_or(|slash| at < slash) => (&field[..at], Some(field[at + 1..].trim_end_matches(')'))),
            (_, Some(at)) => (&field[..at], Some(&field[at + 1..])),
            _ => (field, None),
        };
        if name == "*" {
            return value.clone();
        }
        if let Some(found) = value.get(name) {
            kept[name] = inner.map_or_else(|| found.clone(), |inner| partial(found, inner));
        }
    }
    kept
}

fn top_level(fields: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (at, char) in fields.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(fields[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(fields[start..].trim());
    parts
}

/// An occurrence as a list shows it.
fn shown(item: &Item, found: &Occurrence) -> Value {
    found.original.map_or_else(|| item.body.clone(), |original| instance(item, &found.id, original))
}

fn suffix(item: &Item, original: DateTime<Utc>) -> String {
    original.format(if item.is_all_day { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" }).to_string()
}

/// An instance of a series: as the series has it, as it was changed, or that it was taken out.
fn instance(item: &Item, master: &str, original: DateTime<Utc>) -> Value {
    let id = format!("{master}_{}", suffix(item, original));
    let point = |at: DateTime<Utc>| written(item, at);
    let body = match item.exceptions.get(&original) {
        Some(Exception { body: None, .. }) => {
            return json!({ "kind": "calendar#event", "etag": item.body["etag"], "id": id, "status": "cancelled", "recurringEventId": master, "originalStartTime": point(original) });
        }
        Some(Exception { body: Some(body), .. }) => body.clone(),
        None => {
            let mut body = item.body.clone();
            body["start"] = point(original);
            body["end"] = point(original + (item.end - item.start));
            body
        }
    };
    let mut body = body;
    body.as_object_mut().into_iter().for_each(|object| drop(object.remove("recurrence")));
    body["id"] = json!(id);
    body["recurringEventId"] = json!(master);
    body["originalStartTime"] = point(original);
    body
}

fn written(item: &Item, at: DateTime<Utc>) -> Value {
    if item.is_all_day {
        return json!({ "date": at.date_naive().to_string() });
    }
    json!({ "dateTime": at.with_timezone(&item.zone).to_rfc3339_opts(SecondsFormat::Secs, true), "timeZone": item.zone.name() })
}

/// A master's id, and which instance of it is meant.
fn split(id: &str) -> (String, Option<DateTime<Utc>>) {
    let parsed = id.rsplit_once('_').and_then(|(master, end)| {
        let at = chrono::NaiveDateTime::parse_from_str(end, "%Y%m%dT%H%M%SZ").ok();
        let day = NaiveDate::parse_from_str(end, "%Y%m%d").ok().map(|day| day.and_time(chrono::NaiveTime::MIN));
        Some((master.to_owned(), Some(at.or(day)?.and_utc())))
    });
    parsed.unwrap_or_else(|| (id.to_owned(), None))
}

fn point(value: &Value) -> Option<(DateTime<Utc>, Tz, bool)> {
    if let Some(day) = value["date"].as_str().and_then(|day| day.parse::<NaiveDate>().ok()) {
        return Some((day.and_time(chrono::NaiveTime::MIN).and_utc(), Tz::UTC, true));
    }
    let zone: Tz = value["timeZone"].as_str().and_then(|zone| zone.parse().ok()).unwrap_or(Tz::Europe__Berlin);
    let text = value["dateTime"].as_str()?;
    let at = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let local = || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").map(|local| instant(zone, local));
    Some((at.or_else(|_| local()).ok()?, zone, false))
}

/// What a body says, kept.
fn item(body: Value) -> Option<Item> {
    let (start, zone, is_all_day) = point(&body["start"])?;
    let (end, ..) = point(&body["end"])?;
    let rules = body["recurrence"].as_array().into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect();
    Some(Item { body, start, end, zone, is_all_day, rules, exceptions: BTreeMap::new(), is_gone: false, changed: 0 })
}

/// A person's client inserts an event.
pub(crate) fn add(state: &mut State, calendar: &str, event: &Value) -> String {
    let id = event["id"].as_str().map_or_else(|| state.fresh("ev"), str::to_owned);
    let Some(kept) = state.calendars.get_mut(calendar) else { return id };
    let owner = kept.owner.clone();
    let at = stamp(now());
    let mut body = json!({ "kind": "calendar#event", "etag": format!("\"{}\"", kept.clock + 1), "id": id, "status": "confirmed",
        "htmlLink": format!("https://www.google.com/calendar/event?eid={id}"), "created": at, "updated": at,
        "creator": { "email": owner, "self": true }, "organizer": { "email": owner, "self": true },
        "iCalUID": format!("{id}@google.com"), "sequence": 0, "reminders": { "useDefault": true }, "eventType": "default" });
    merge(&mut body, event);
    // A date has no zone, and a time that was given without an offset gets one.
    if let Some(made) = item(body) {
        let mut made = made;
        (made.body["start"], made.body["end"]) = (written(&made, made.start), written(&made, made.end));
        mark_self(&mut made.body, &owner);
        kept.put(&id, made);
    }
    id
}

fn mark_self(body: &mut Value, owner: &str) {
    for person in body.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
        if person["email"] == owner {
            person["self"] = json!(true);
        }
    }
    if body["organizer"]["email"] != owner {
        body["organizer"].as_object_mut().into_iter().for_each(|organizer| drop(organizer.remove("self")));
    }
}

/// A person's client changes an event, or one instance of a series.
pub(crate) fn edit(state: &mut State, calendar: &str, id: &str, patch: &Value) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    let (master, original) = if kept.items.contains_key(id) { (id.to_owned(), None) } else { split(id) };
    let Some(before) = kept.items.get(&master).cloned() else { return };
    let touch = |body: &mut Value, clock: u64| {
        merge(body, patch);
        body["updated"] = json!(stamp(now()));
        body["etag"] = json!(format!("\"{clock}\""));
    };
    match original {
        None => {
            let mut body = before.body.clone();
            touch(&mut body, kept.clock + 1);
            if let Some(mut made) = item(body) {
                (made.body["start"], made.body["end"]) = (written(&made, made.start), written(&made, made.end));
                let is_moved = made.start != before.start || made.rules != before.rules;
                // A moved series forgets what was special about its instances.
                made.exceptions = if is_moved { BTreeMap::new() } else { before.exceptions };
                kept.put(&master, made);
            }
        }
        Some(original) => {
            let mut body = instance(&before, &master, original);
            touch(&mut body, kept.clock + 1);
            if let (Some((start, ..)), Some((end, ..))) = (point(&body["start"]), point(&body["end"])) {
                (body["start"], body["end"]) = (written(&before, start), written(&before, end));
                kept.except(&master, original, Exception { body: Some(body), start, end, changed: 0 });
            }
        }
    }
}

/// A person's client deletes an event, or one instance of a series.
pub(crate) fn delete(state: &mut State, calendar: &str, id: &str) {
    let Some(kept) = state.calendars.get_mut(calendar) else { return };
    let (master, original) = if kept.items.contains_key(id) { (id.to_owned(), None) } else { split(id) };
    match original {
        None => kept.delete(&master),
        Some(original) => kept.except(&master, original, Exception { body: None, start: original, end: original, changed: 0 }),
    }
}
