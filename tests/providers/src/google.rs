//! Google Calendar API v3: its requests. How its events look and are listed is in the files beside.

mod event;
mod listing;
mod view;

use axum::{body::Body, http::Response};
use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

pub(crate) use self::event::{add, delete, edit, outlive};
use self::{
    event::{instance, replacing, split, tombstone},
    view::View,
};
use crate::{
    faults::respond,
    oauth::Query,
    state::{Role, State},
};

/// The zone of every calendar.
const ZONE: Tz = Tz::Europe__Berlin;

fn error(status: u16, domain: &str, reason: &str, message: &str) -> Response<Body> {
    let one = json!({ "domain": domain, "reason": reason, "message": message });
    respond(status, &json!({ "error": { "errors": [one], "code": status, "message": message } }))
}

fn not_found() -> Response<Body> {
    error(404, "global", "notFound", "Not Found")
}

fn bad(message: &str) -> Response<Body> {
    error(400, "global", "badRequest", message)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// One request of the API, for the account whose token it carried.
pub(crate) fn serve(state: &mut State, email: &str, method: &str, path: &[String], query: &Query, body: &Value) -> Response<Body> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    match (method, parts.as_slice()) {
        ("GET", ["users", "me", "calendarList"]) => calendars(state, email, query),
        ("GET", ["users", "me", "calendarList", id]) => {
            state.resolve(email, id).map_or_else(not_found, |id| respond(200, &entry(state, email, &id)))
        }
        ("GET", ["calendars", id]) => state.resolve(email, id).map_or_else(not_found, |id| respond(200, &calendar(state, &id))),
        (_, ["calendars", calendar, rest @ ..]) => match state.resolve(email, calendar) {
            Some(calendar) => {
                let view = View::of(state, email, &calendar, query);
                events(state, method, &calendar, rest, query, body, &view)
            }
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// A calendar as everyone has it.
fn calendar(state: &State, id: &str) -> Value {
    let kept = &state.calendars[id];
    let mut calendar = json!({ "kind": "calendar#calendar", "etag": "\"1\"", "id": id, "summary": kept.name, "timeZone": ZONE.name(),
        "conferenceProperties": { "allowedConferenceSolutionTypes": ["hangoutsMeet"] } });
    if !kept.is_primary {
        calendar["dataOwner"] = json!(kept.owner);
    }
    calendar
}

/// A calendar as one account has it in its list.
fn entry(state: &State, email: &str, id: &str) -> Value {
    let mut entry = calendar(state, id);
    entry["kind"] = json!("calendar#calendarListEntry");
    for (key, value) in [("colorId", "14"), ("backgroundColor", "#9fe1e7"), ("foregroundColor", "#000000")] {
        entry[key] = json!(value);
    }
    entry["selected"] = json!(true);
    entry["accessRole"] = json!(state.role(email, id).word());
    entry["defaultReminders"] = json!([]);
    if state.accounts.get(email).and_then(|own| own.first()).is_some_and(|main| main == id) {
        entry["primary"] = json!(true);
    }
    entry
}

fn calendars(state: &State, email: &str, query: &Query) -> Response<Body> {
    let least = query.get("minAccessRole").map(|word| Role::of(word));
    let Some(least) = least.map_or(Some(None), |least| least.map(Some)) else { return bad("Invalid value for: minAccessRole") };
    let ids = state.accounts.get(email).cloned().unwrap_or_default();
    let ids: Vec<_> = ids.into_iter().filter(|id| least.is_none_or(|least| state.role(email, id) >= least)).collect();
    let token = format!("CL{}", ids.join(",").len());
    let ids = match query.get("syncToken") {
        Some(_) if least.is_some() => return bad("Sync token cannot be used with these parameters."),
        Some(known) if *known == token => Vec::new(),
        Some(known) if !known.starts_with("CL") => {
            return error(410, "calendar", "fullSyncRequired", "Sync token is no longer valid, a full sync is required.");
        }
        _ => ids,
    };
    let size: usize = query.get("maxResults").and_then(|max| max.parse().ok()).unwrap_or(100).clamp(1, 250);
    let from: usize = query.get("pageToken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let items: Vec<_> = ids.iter().skip(from).take(size).map(|id| entry(state, email, id)).collect();
    let mut list = json!({ "kind": "calendar#calendarList", "etag": "\"p1\"", "items": items });
    match ids.len() > from + size {
        true => list["nextPageToken"] = json!((from + size).to_string()),
        false => list["nextSyncToken"] = json!(token),
    }
    respond(200, &list)
}

fn events(state: &mut State, method: &str, calendar: &str, rest: &[&str], query: &Query, body: &Value, view: &View) -> Response<Body> {
    if method != "GET" && !view.may_write() {
        return error(403, "global", "requiredAccessLevel", "You need to have writer access to this calendar.");
    }
    match (method, rest) {
        ("GET", ["events"]) => listing::list(state, calendar, query, view),
        ("POST", ["events"]) => insert(state, calendar, body, view),
        ("GET", ["events", id]) => found(state, calendar, id).map_or_else(not_found, |body| respond(200, &view.shows(body).0)),
        ("GET", ["events", id, "instances"]) => listing::instances(state, calendar, id, query, view),
        ("PATCH" | "PUT", ["events", id]) => match found(state, calendar, id) {
            Some(before) => {
                edit(state, calendar, id, &if method == "PUT" { replacing(&before, body) } else { body.clone() });
                found(state, calendar, id).map_or_else(not_found, |body| respond(200, &view.shows(body).0))
            }
            None => not_found(),
        },
        ("DELETE", ["events", id]) => match found(state, calendar, id) {
            Some(before) if before["status"] == "cancelled" => error(410, "global", "deleted", "Resource has been deleted"),
            Some(_) => {
                delete(state, calendar, id);
                let mut gone = Response::new(Body::empty());
                *gone.status_mut() = axum::http::StatusCode::NO_CONTENT;
                gone
            }
            None => not_found(),
        },
        _ => not_found(),
    }
}

/// An event, or an instance of a series that has it. Of what was deleted it is known that it was.
fn found(state: &State, calendar: &str, id: &str) -> Option<Value> {
    let items = &state.calendars[calendar].items;
    if let Some(item) = items.get(id) {
        return Some(if item.is_gone { tombstone(item, id) } else { item.body.clone() });
    }
    let (master, original) = split(id);
    let (item, original) = (items.get(&master)?, original?);
    (item.is_series() && !item.is_gone && item.has(original)).then(|| instance(item, &master, original))
}

fn insert(state: &mut State, calendar: &str, body: &Value, view: &View) -> Response<Body> {
    let is_known = body["id"].as_str().is_some_and(|id| state.calendars[calendar].items.contains_key(id));
    if is_known {
        return error(409, "global", "duplicate", "The requested identifier already exists.");
    }
    for (key, message) in [("start", "Missing start time."), ("end", "Missing end time.")] {
        if body[key]["date"].is_null() && body[key]["dateTime"].is_null() {
            return error(400, "global", "required", message);
        }
    }
    let is_series = body["recurrence"].as_array().is_some_and(|rules| !rules.is_empty());
    if is_series && body["start"]["date"].is_null() && body["start"]["timeZone"].is_null() {
        return error(400, "global", "required", "Missing time zone definition for start time.");
    }
    let id = add(state, calendar, body);
    found(state, calendar, &id).map_or_else(|| bad("Bad Request"), |body| respond(200, &view.shows(body).0))
}
