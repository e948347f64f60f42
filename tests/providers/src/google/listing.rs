//! Lists of Google's events: whole, since a sync token, the instances of a series; page by page.

use std::collections::BTreeMap;

use axum::{body::Body, http::Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    bad, error,
    event::{called_off_one, instance, shown, tombstone},
    not_found, stamp,
    view::{View, partial},
};
use crate::{
    calendar::{Calendar, Exception, Item},
    faults::respond,
    oauth::{Query, now},
    state::{List, Pending, State},
};

/// What may not stand beside a sync token.
const FORBIDDEN: &[&str] =
    &["timeMin", "timeMax", "q", "orderBy", "iCalUID", "updatedMin", "privateExtendedProperty", "sharedExtendedProperty"];
/// A token that lists instances knows nothing of a window; Google's horizon for an endless series.
const HORIZON: TimeDelta = TimeDelta::days(730);
/// How far the instances of a deleted series are called off one by one.
const CANCEL_HORIZON: TimeDelta = TimeDelta::days(180);
/// What changed longer ago than this is not listed by when it changed.
const UPDATED_MIN: TimeDelta = TimeDelta::days(28);
/// What looks into events.
const FILTERS: &[&str] = &["q", "eventTypes", "iCalUID", "privateExtendedProperty", "sharedExtendedProperty"];
/// Fields that say how an answer is written, not what is asked.
const BESIDE: &[&str] =
    &["pageToken", "syncToken", "timeMin", "timeMax", "updatedMin", "quotaUser", "key", "alt", "prettyPrint", "q", "orderBy"];

fn is_set(query: &Query, key: &str) -> bool {
    query.get(key).is_some_and(|flag| flag == "true")
}

fn at(query: &Query, key: &str) -> Option<DateTime<Utc>> {
    query.get(key).and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc())
}

fn bounds(query: &Query) -> (DateTime<Utc>, DateTime<Utc>) {
    (at(query, "timeMin").unwrap_or(DateTime::UNIX_EPOCH), at(query, "timeMax").unwrap_or_else(|| now() + TimeDelta::days(36_500)))
}

/// The part of a query that a token is bound to.
fn bound(calendar: &str, query: &Query) -> String {
    let kept: BTreeMap<_, _> = query.iter().filter(|(key, _)| !BESIDE.contains(&key.as_str())).collect();
    format!("{calendar}{kept:?}")
}

/// What is wrong with a query.
fn objection(query: &Query) -> Option<Response<Body>> {
    for key in ["timeMin", "timeMax", "updatedMin"] {
        if query.contains_key(key) && at(query, key).is_none() {
            return Some(bad(&format!("{key} is not RFC 3339 with an offset")));
        }
    }
    let (from, until) = bounds(query);
    if query.contains_key("timeMin") && query.contains_key("timeMax") && from >= until {
        return Some(error(400, "calendar", "timeRangeEmpty", "The specified time range is empty."));
    }
    match query.get("orderBy").map(String::as_str) {
        Some("startTime") if !is_set(query, "singleEvents") => {
            return Some(bad("The requested ordering is not available for the particular query."));
        }
        None | Some("startTime" | "updated") => {}
        Some(_) => return Some(error(400, "global", "invalidParameter", "Invalid value for: orderBy")),
    }
    if query.get("timeZone").is_some_and(|name| name.parse::<chrono_tz::Tz>().is_err()) {
        return Some(bad("Invalid time zone"));
    }
    let may_hide = query.get("showDeleted").is_none_or(|flag| flag == "true");
    if query.contains_key("syncToken") && (FORBIDDEN.iter().any(|key| query.contains_key(*key)) || !may_hide) {
        return Some(bad("Sync token cannot be used with these parameters."));
    }
    at(query, "updatedMin")
        .filter(|at| *at < now() - UPDATED_MIN)
        .map(|_| error(410, "calendar", "updatedMinTooLongAgo", "The requested minimum modification time lies too far in the past."))
}

pub(super) fn list(state: &mut State, id: &str, query: &Query, view: &View) -> Response<Body> {
    if let Some(objection) = objection(query) {
        return objection;
    }
    let key = bound(id, query);
    if let Some(token) = query.get("pageToken") {
        return further(state, id, query, view, (token, &key));
    }
    let (list, clock) = match query.get("syncToken") {
        Some(token) => match since(state, id, token, &key, is_set(query, "singleEvents")) {
            Ok(changes) => changes,
            Err(response) => return response,
        },
        None => whole(&state.calendars[id], query),
    };
    page(state, id, query, view, &Pending::new(key, list, clock))
}

fn further(state: &mut State, id: &str, query: &Query, view: &View, (token, key): (&str, &str)) -> Response<Body> {
    match state.pages.get(token).cloned() {
        None => bad("Invalid page token value."),
        Some(pending) if pending.query != key => bad("The page token belongs to another query."),
        Some(pending) => page(state, id, query, view, &pending),
    }
}

/// The instances of a series.
pub(super) fn instances(state: &mut State, id: &str, master: &str, query: &Query, view: &View) -> Response<Body> {
    let calendar = &state.calendars[id];
    let Some(item) = calendar.items.get(master).filter(|item| !item.is_gone) else { return not_found() };
    let key = bound(&format!("{id}/{master}"), query);
    if let Some(token) = query.get("pageToken") {
        return further(state, id, query, view, (token, &key));
    }
    let (from, until) = bounds(query);
    let mut found = item.instances(master, from, until.min(now() + HORIZON));
    found.sort_by_key(|one| one.start);
    let mut bodies: Vec<Value> = found.iter().map(|found| shown(item, found)).collect();
    if is_set(query, "showDeleted") {
        bodies.extend(called_off(item, from, until).map(|original| instance(item, master, original)));
    }
    if let Some(original) = query.get("originalStart") {
        bodies.retain(|body| ["dateTime", "date"].iter().any(|key| body["originalStartTime"][*key] == original.as_str()));
    }
    page(state, id, query, view, &Pending::new(key, List::of_bodies(bodies), state.calendars[id].clock))
}

/// Instances that were taken out of a window.
fn called_off(item: &Item, from: DateTime<Utc>, until: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
    let is_out =
        move |(original, exception): &(&DateTime<Utc>, &Exception)| exception.body.is_none() && **original >= from && **original < until;
    item.exceptions.iter().filter(is_out).map(|(original, _)| *original)
}

/// Whether an event is what is looked for.
fn is_asked(body: &Value, query: &Query) -> bool {
    let types: Vec<&str> = query.get("eventTypes").map(|types| types.split(',').collect()).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let people = body["attendees"].as_array().into_iter().flatten().chain([&body["organizer"], &body["creator"]]);
    let words: Vec<String> = people
        .flat_map(|person| [text(&person["email"]), text(&person["displayName"])])
        .chain(["summary", "description", "location"].map(|key| text(&body[key])))
        .collect();
    let has_property = |kind: &str, wanted: &str| {
        wanted.split(',').all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            body["extendedProperties"][kind][name] == value
        })
    };
    (types.is_empty() || types.contains(&body["eventType"].as_str().unwrap_or("default")))
        && query.get("iCalUID").is_none_or(|uid| body["iCalUID"] == uid.as_str())
        && query
            .get("q")
            .is_none_or(|asked| asked.to_lowercase().split_whitespace().all(|word| words.iter().any(|text| text.contains(word))))
        && query.get("privateExtendedProperty").is_none_or(|wanted| has_property("private", wanted))
        && query.get("sharedExtendedProperty").is_none_or(|wanted| has_property("shared", wanted))
}

/// Everything a plain list holds.
fn whole(calendar: &Calendar, query: &Query) -> (List, u64) {
    let (from, until) = bounds(query);
    let (is_single, updated_min) = (is_set(query, "singleEvents"), at(query, "updatedMin"));
    // What is deleted is told to those who ask what changed, and to those who ask for it.
    let tells_gone = is_set(query, "showDeleted") || updated_min.is_some();
    let by_change = query.get("orderBy").is_some_and(|order| order == "updated");
    // Bodies are made ready only where they are looked into.
    if is_single && !tells_gone && !by_change && !FILTERS.iter().any(|key| query.contains_key(*key)) {
        let until = if query.contains_key("timeMax") { until } else { now() + HORIZON };
        return (List::of_occurrences(calendar.window(from, until)), calendar.clock);
    }
    let mut found: Vec<(DateTime<Utc>, String, Value)> = Vec::new();
    for (id, item) in &calendar.items {
        let bodies =
            if is_single { expanded(item, id, (from, until), tells_gone) } else { unexpanded(item, id, (from, until), tells_gone) };
        let changed = |body: &Value| body["updated"].as_str().or(item.body["updated"].as_str()).unwrap_or_default().to_owned();
        // Of what is gone nothing is left to look for.
        let bodies = bodies.into_iter().filter(|(_, body)| is_asked(if body["start"].is_null() { &item.body } else { body }, query));
        found.extend(bodies.map(|(start, body)| (start, changed(&body), body)));
    }
    if let Some(min) = updated_min.map(stamp) {
        found.retain(|(_, changed, _)| *changed >= min);
    }
    match by_change {
        true => found.sort_by(|a, b| a.1.cmp(&b.1)),
        false if is_single => found.sort_by_key(|(start, ..)| *start),
        false => {}
    }
    (List::of_bodies(found.into_iter().map(|(.., body)| body).collect()), calendar.clock)
}

type Placed = Vec<(DateTime<Utc>, Value)>;

fn expanded(item: &Item, id: &str, (from, until): (DateTime<Utc>, DateTime<Utc>), tells_gone: bool) -> Placed {
    let until = until.min(now() + HORIZON);
    let touches = item.end > from && item.start < until;
    match (item.is_series(), item.is_gone) {
        (false, false) => touches.then(|| (item.start, item.body.clone())).into_iter().collect(),
        (false, true) => (touches && tells_gone).then(|| (item.start, tombstone(item, id))).into_iter().collect(),
        (true, is_gone) => {
            let mut placed = Placed::new();
            if !is_gone || item.is_outlived {
                placed.extend(item.instances(id, from, until).iter().map(|one| (one.start, shown(item, one))));
            }
            if tells_gone {
                placed.extend(called_off(item, from, until).map(|original| (original, instance(item, id, original))));
            }
            placed
        }
    }
}

fn unexpanded(item: &Item, id: &str, (from, until): (DateTime<Utc>, DateTime<Utc>), tells_gone: bool) -> Placed {
    let touches =
        item.is_series() && !item.instances(id, from, until.min(now() + HORIZON)).is_empty() || item.end > from && item.start < until;
    let exceptions = || item.exceptions.keys().map(|original| (*original, instance(item, id, *original)));
    let live = || exceptions().filter(|(_, body)| body["status"] != "cancelled");
    match (item.is_gone, item.is_outlived) {
        // Plain lists were seen to hold masters that were called off.
        (true, true) if touches => [(item.start, tombstone(item, id))].into_iter().chain(live()).collect(),
        (true, _) => (touches && tells_gone).then(|| (item.start, tombstone(item, id))).into_iter().collect(),
        (false, _) if touches => [(item.start, item.body.clone())].into_iter().chain(exceptions()).collect(),
        _ => Placed::new(),
    }
}

/// What changed since a token.
fn since(state: &mut State, id: &str, token: &str, query: &str, is_single: bool) -> Result<(List, u64), Response<Body>> {
    let expired = || error(410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.");
    let mut parts = token.strip_prefix("CP").ok_or_else(expired)?.split('.');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (Some(clock), Some(rights), Some(key)) = (number(), number(), number()) else { return Err(expired()) };
    if key != digest(query) {
        return Err(bad("The sync token belongs to a query with other parameters."));
    }
    if rights != state.calendars[id].rights {
        state.fire("rights-changed");
        return Err(expired());
    }
    let calendar = &state.calendars[id];
    let (mut bodies, mut traps) = (Vec::new(), Vec::new());
    for (master, item) in calendar.since(clock) {
        bodies.extend(if is_single && item.is_series() { told_single(item, master, clock, &mut traps) } else { told(item, master, clock) });
    }
    let now_at = calendar.clock;
    if bodies.iter().any(|body| body["status"] == "cancelled" && body.get("start").is_none()) {
        traps.push("minimal-tombstone");
    }
    traps.into_iter().for_each(|trap| state.fire(trap));
    Ok((List::of_bodies(bodies), now_at))
}

fn told(item: &Item, master: &str, clock: u64) -> Vec<Value> {
    let changed =
        |exception: &Exception| if item.is_gone { item.is_outlived && exception.body.is_some() } else { exception.changed > clock };
    let exceptions = item.exceptions.iter().filter(|(_, exception)| changed(exception));
    let exceptions = exceptions.map(|(original, _)| instance(item, master, *original));
    let first = if item.is_gone { tombstone(item, master) } else { item.body.clone() };
    [first].into_iter().chain(exceptions).collect()
}

/// A series to those who want none: its instances, whatever window was asked for first; and those that are gone.
fn told_single(item: &Item, master: &str, clock: u64, traps: &mut Vec<&'static str>) -> Vec<Value> {
    let live = || item.instances(master, item.start, now() + HORIZON);
    if !item.is_gone {
        traps.push("window-less-incremental");
        let out = item.exceptions.iter().filter(|(_, exception)| exception.body.is_none() && exception.changed > clock);
        let out = out.map(|(original, _)| instance(item, master, *original));
        return live().iter().map(|found| shown(item, found)).chain(out).collect();
    }
    traps.push("short-cancel-horizon");
    let whole = Item { is_outlived: false, ..item.clone() };
    let horizon = now().max(item.start) + CANCEL_HORIZON;
    let gone = whole.instances(master, item.start, horizon).into_iter().filter_map(|one| one.original);
    let is_live = |original: &DateTime<Utc>| item.is_outlived && item.exceptions.get(original).is_some_and(|one| one.body.is_some());
    gone.filter(|original| !is_live(original)).map(|original| called_off_one(item, master, original)).collect()
}

fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn page(state: &mut State, id: &str, query: &Query, view: &View, pending: &Pending) -> Response<Body> {
    let size = query.get("maxResults").and_then(|max| max.parse().ok()).unwrap_or(250).clamp(1, 2500).min(state.policy.page_max);
    let (shown_now, left) = pending.page(size, state.policy.empty_pages);
    let calendar = &state.calendars[id];
    let mut traps = Vec::new();
    let raw: Vec<Value> = match &pending.list {
        List::Occurrences(found) => found[shown_now].iter().filter_map(|one| Some(shown(calendar.items.get(&one.id)?, one))).collect(),
        List::Bodies(bodies) => bodies[shown_now].to_vec(),
    };
    let is_outlived = |body: &Value| {
        let master = body["recurringEventId"].as_str().and_then(|master| calendar.items.get(master));
        master.is_some_and(|master| master.is_outlived) && body["status"] != "cancelled"
    };
    if !query.contains_key("fields") && raw.iter().any(is_outlived) {
        traps.push("cancelled-master-with-live-exceptions");
    }
    let items: Vec<Value> = raw
        .into_iter()
        .map(|body| {
            let (body, laid) = view.shows(body);
            // Who asked for some fields only may not have come upon them.
            traps.extend(laid.into_iter().filter(|_| !query.contains_key("fields")));
            body
        })
        .collect();
    let mut body = json!({ "kind": "calendar#events", "etag": "\"p33\"", "summary": calendar.name, "description": "", "updated": stamp(now()),
        "timeZone": view.zone.name(), "accessRole": view.role(), "defaultReminders": [], "items": items });
    match left {
        None => body["nextSyncToken"] = json!(format!("CP{}.{}.{}", pending.clock, calendar.rights, digest(&pending.query))),
        Some(left) => {
            let token = state.fresh("Ck");
            body["nextPageToken"] = json!(token);
            if left.was_empty {
                traps.push("empty-page");
            }
            state.pages.insert(token, left);
        }
    }
    traps.into_iter().for_each(|trap| state.fire(trap));
    let partial = query.get("fields").map(|fields| partial(&body, fields));
    respond(200, &partial.unwrap_or(body))
}
