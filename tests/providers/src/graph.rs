//! Microsoft Graph v1.0: its requests for calendars. How its events look and what query options do is in the files beside.

mod event;
mod odata;
mod prefer;

use axum::{
    body::Body,
    http::{HeaderMap, Response, header},
};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};

pub(crate) use self::event::{add, delete, edit};
use self::{
    event::{full, has, skeleton, split, traps, written},
    odata::{counted, queried, selected},
    prefer::Prefer,
};
use crate::{
    calendar::{Item, Occurrence},
    faults::{graph_error, respond},
    oauth::{Query, encoded, subject},
    state::{List, Pending, Role, State},
};

const CONTEXT: &str = "https://graph.microsoft.com/v1.0/$metadata#Collection(event)";
/// What an id begins with where immutable ones were not asked for.
const MUTABLE: &str = "AAMkMUTABLE";

fn fail(status: u16, code: &str, message: &str) -> Response<Body> {
    respond(status, &graph_error(code, message))
}

fn not_found() -> Response<Body> {
    fail(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

/// One request of the API, for the account whose token it carried. `base` is how the client reached us.
#[expect(clippy::too_many_arguments, reason = "a request has these parts")]
pub(crate) fn serve(
    state: &mut State,
    email: &str,
    method: &str,
    path: &[String],
    query: &Query,
    body: &Value,
    headers: &HeaderMap,
    base: &str,
) -> Response<Body> {
    let prefer = Prefer::of(headers);
    let main = state.accounts.get(email).and_then(|ids| ids.first()).cloned().unwrap_or_default();
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let (calendar, rest) = match parts.as_slice() {
        ["me"] => return me(email),
        ["me", "calendars"] if method == "GET" => return calendars(state, email, query, base),
        ["me", "calendar"] => return one_calendar(state, email, &main),
        ["me", "calendars", id] => return one_calendar(state, email, id),
        ["me", "calendars", id, rest @ ..] => match state.resolve(email, id) {
            Some(id) => (id, rest.to_vec()),
            None => return not_found(),
        },
        // An event is found wherever in the mailbox it is.
        ["me", "events", id, ..] => (holder(state, email, id).unwrap_or(main), parts[1..].to_vec()),
        ["me", "calendar", rest @ ..] | ["me", rest @ ..] => (main, rest.to_vec()),
        _ => return fail(400, "BadRequest", "Resource not found for the segment."),
    };
    if method != "GET" && !matches!(state.role(email, &calendar), Role::Owner | Role::Writer) {
        return fail(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    }
    let mut response = match (method, rest.as_slice()) {
        ("GET", ["calendarView"]) => view(state, &calendar, query, &prefer, base, path),
        ("GET", ["calendarView", "delta" | "delta()" | "microsoft.graph.delta" | "microsoft.graph.delta()"]) => {
            delta(state, &calendar, query, &prefer, base, path)
        }
        ("GET", ["events"]) => masters(state, &calendar, query, &prefer, base, path),
        ("POST", ["events"]) => insert(state, &calendar, body, &prefer),
        ("GET", ["events", id]) => one(state, &calendar, id, query, &prefer, 200),
        ("GET", ["events", id, "instances"]) => instances(state, &calendar, id, query, &prefer, base, path),
        ("PATCH" | "DELETE", ["events", id]) if !is_there(state, &calendar, id) => not_found(),
        ("PATCH", ["events", id]) => {
            edit(state, &calendar, &plain(id), body);
            one(state, &calendar, id, query, &prefer, 200)
        }
        ("DELETE", ["events", id]) => {
            delete(state, &calendar, &plain(id));
            let mut gone = Response::new(Body::empty());
            *gone.status_mut() = axum::http::StatusCode::NO_CONTENT;
            gone
        }
        _ => fail(400, "BadRequest", "Resource not found for the segment."),
    };
    if let Some(applied) = prefer.applied().and_then(|applied| header::HeaderValue::from_str(&applied).ok()) {
        response.headers_mut().insert("preference-applied", applied);
    }
    if !prefer.is_immutable {
        state.fire("mutable-ids");
    }
    response
}

fn plain(id: &str) -> String {
    id.strip_prefix(MUTABLE).unwrap_or(id).to_owned()
}

/// The calendar of an account that holds an event.
fn holder(state: &State, email: &str, id: &str) -> Option<String> {
    let (master, _) = split(&plain(id));
    let own = state.accounts.get(email)?;
    own.iter().find(|own| state.calendars.get(*own).is_some_and(|calendar| calendar.items.contains_key(&master))).cloned()
}

fn is_there(state: &State, calendar: &str, id: &str) -> bool {
    let (master, original) = split(&plain(id));
    state.calendars[calendar].items.get(&master).is_some_and(|item| !item.is_gone && has(item, original))
}

fn insert(state: &mut State, calendar: &str, body: &Value, prefer: &Prefer) -> Response<Body> {
    let mut body = body.clone();
    // Ids are the server's to give.
    body.as_object_mut().into_iter().for_each(|body| drop(body.remove("id")));
    let id = add(state, calendar, &body);
    match is_there(state, calendar, &id) {
        true => one(state, calendar, &id, &Query::new(), prefer, 201),
        false => fail(400, "ErrorPropertyValidationFailure", "At least one property failed validation."),
    }
}

fn me(email: &str) -> Response<Body> {
    respond(
        200,
        &json!({ "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity", "id": subject(email),
        "displayName": email, "mail": email, "userPrincipalName": email, "businessPhones": [] }),
    )
}

fn calendar_body(state: &State, id: &str) -> Value {
    let calendar = &state.calendars[id];
    json!({ "id": id, "name": calendar.name, "color": "auto", "hexColor": "", "isDefaultCalendar": calendar.is_primary, "changeKey": "k",
        "canShare": true, "canViewPrivateItems": true, "canEdit": true, "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness", "isTallyingResponses": true, "isRemovable": !calendar.is_primary,
        "owner": { "name": calendar.owner, "address": calendar.owner } })
}

fn one_calendar(state: &State, email: &str, id: &str) -> Response<Body> {
    state.resolve(email, id).map_or_else(not_found, |id| respond(200, &calendar_body(state, &id)))
}

fn calendars(state: &State, email: &str, query: &Query, base: &str) -> Response<Body> {
    let ids = state.accounts.get(email).cloned().unwrap_or_default();
    let bodies = ids.iter().map(|id| calendar_body(state, id)).collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#users('me')/calendars";
    skipped(bodies, query, &format!("{base}/v1.0/me/calendars"), context)
}

/// A list whose pages are counted by `$top` and `$skip`.
fn skipped(bodies: Vec<Value>, query: &Query, at: &str, context: &str) -> Response<Body> {
    let Some(size) = top(query, 10) else { return bad_top() };
    let bodies = match queried(bodies, query) {
        Ok(bodies) => bodies,
        Err(message) => return fail(400, "BadRequest", &message),
    };
    let (count, from) = (bodies.len(), query.get("$skip").and_then(|text| text.parse::<usize>().ok()).unwrap_or(0));
    let value: Vec<_> = bodies.into_iter().skip(from).take(size).map(|body| selected(body, query)).collect();
    let mut list = json!({ "@odata.context": context, "value": value });
    counted(&mut list, query, count);
    if count > from + size {
        let others = query.iter().filter(|(key, _)| !["$top", "$skip"].contains(&key.as_str()));
        let others: String = others.map(|(key, value)| format!("&{key}={}", encoded(value))).collect();
        list["@odata.nextLink"] = json!(format!("{at}?$top={size}&$skip={}{others}", from + size));
    }
    respond(200, &list)
}

/// How many are wanted; none if that is no number there can be.
fn top(query: &Query, otherwise: usize) -> Option<usize> {
    query.get("$top").map_or(Some(otherwise), |text| text.parse().ok()).filter(|size| (1..=1000).contains(size))
}

fn bad_top() -> Response<Body> {
    fail(400, "ErrorInvalidParameter", "The value of $top is invalid; it must be between 1 and 1000.")
}

/// The window of a view; both bounds must be given.
fn bounds(query: &Query) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = |key: &str| {
        let text = query.get(key)?;
        let offset = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
        offset.ok().or_else(|| forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc()))
    };
    Some((at("startDateTime")?, at("endDateTime")?))
}

fn needs_bounds() -> Response<Body> {
    fail(
        400,
        "ErrorInvalidParameter",
        "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.",
    )
}

fn view(state: &mut State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    let pending = match query.get("$skiptoken") {
        Some(token) => state.pages.get(token).cloned(),
        None => {
            let Some(window) = bounds(query) else { return needs_bounds() };
            match viewed(state, id, query, window) {
                Ok(list) => Some(Pending::new(String::new(), list, state.calendars[id].clock)),
                Err(message) => return fail(400, "BadRequest", &message),
            }
        }
    };
    let Some(pending) = pending else { return fail(400, "BadRequest", "The skip token is not valid.") };
    let Some(size) = top(query, prefer.page.unwrap_or(10).clamp(1, 1000)) else { return bad_top() };
    let (now_shown, left) = pending.page(size.min(state.policy.page_max), false);
    let calendar = &state.calendars[id];
    let found = match &pending.list {
        List::Occurrences(all) => all[now_shown].iter().filter_map(|one| Some(whole(calendar.items.get(&one.id)?, one))).collect(),
        List::Bodies(bodies) => bodies[now_shown].to_vec(),
    };
    let laid: Vec<_> = found.iter().flat_map(traps).collect();
    let shown: Vec<_> = found.into_iter().map(|body| selected(written(body, prefer), query)).collect();
    let mut list = json!({ "@odata.context": CONTEXT, "value": shown });
    counted(&mut list, query, pending.list.len());
    laid.into_iter().for_each(|trap| state.fire(trap));
    if let Some(left) = left {
        let token = state.fresh("sk");
        state.pages.insert(token.clone(), left);
        let kept: Vec<String> = ["$top", "$select", "$count"]
            .iter()
            .filter_map(|key| query.get(*key).map(|value| format!("&{key}={}", encoded(value))))
            .collect();
        list["@odata.nextLink"] = json!(format!("{base}/v1.0/{}?$skiptoken={token}{}", joined(path), kept.concat()));
    }
    respond(200, &list)
}

fn whole(item: &Item, one: &Occurrence) -> Value {
    one.original.map_or_else(|| item.body.clone(), |original| full(item, &one.id, original))
}

/// What touches a window; bodies are made ready only where they are asked about.
fn viewed(state: &State, id: &str, query: &Query, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Result<List, String> {
    let calendar = &state.calendars[id];
    let found = calendar.window(from, until);
    if !query.contains_key("$filter") && !query.contains_key("$orderby") {
        return Ok(List::of_occurrences(found));
    }
    let bodies = found.iter().filter_map(|one| Some(whole(calendar.items.get(&one.id)?, one))).collect();
    queried(bodies, query).map(List::of_bodies)
}

fn joined(path: &[String]) -> String {
    path.iter().map(|part| encoded(part)).collect::<Vec<_>>().join("/")
}

fn masters(state: &State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    let live = state.calendars[id].items.values().filter(|item| !item.is_gone);
    let bodies = live.map(|item| written(item.body.clone(), prefer)).collect();
    skipped(bodies, query, &format!("{base}/v1.0/{}", joined(path)), CONTEXT)
}

fn one(state: &State, calendar: &str, id: &str, query: &Query, prefer: &Prefer, status: u16) -> Response<Body> {
    let (master, original) = split(&plain(id));
    let item = state.calendars[calendar].items.get(&master).filter(|item| !item.is_gone && has(item, original));
    let body = item.map(|item| original.map_or_else(|| item.body.clone(), |original| full(item, &master, original)));
    body.map_or_else(not_found, |body| respond(status, &selected(written(body, prefer), query)))
}

fn instances(state: &State, calendar: &str, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    let Some((from, until)) = bounds(query) else { return needs_bounds() };
    let master = plain(id);
    let Some(item) = state.calendars[calendar].items.get(&master).filter(|item| !item.is_gone) else { return not_found() };
    let found = item.instances(&master, from, until);
    let bodies = found.iter().filter_map(|one| Some(written(full(item, &master, one.original?), prefer))).collect();
    skipped(bodies, query, &format!("{base}/v1.0/{}", joined(path)), CONTEXT)
}

/// A round of changes in a window that was frozen when it began.
fn delta(state: &mut State, id: &str, query: &Query, prefer: &Prefer, base: &str, path: &[String]) -> Response<Body> {
    if ["$select", "$filter", "$expand", "$orderby", "$search"].iter().any(|key| query.contains_key(*key)) {
        return fail(
            400,
            "ErrorInvalidUrlQuery",
            "The following parameters are not supported with change tracking: '$select, $filter, $expand, $orderby, $search'.",
        );
    }
    let get = |key: &str| query.get(key).or_else(|| query.get(&key.to_lowercase()));
    let pending = match (get("$skiptoken"), get("$deltatoken")) {
        (Some(token), _) => match state.pages.get(token).cloned() {
            Some(pending) => pending,
            None => return fail(410, "SyncStateNotFound", "The sync state generation is not found."),
        },
        (None, Some(token)) => match changed(state, id, token) {
            Some(pending) => pending,
            None => return fail(410, "SyncStateNotFound", "The sync state generation is not found."),
        },
        (None, None) => {
            let Some(window) = bounds(query) else { return needs_bounds() };
            let bodies = round(state, id, 0, window);
            Pending::new(frozen(window), List::of_bodies(bodies), state.calendars[id].clock)
        }
    };
    let List::Bodies(bodies) = &pending.list else { return fail(410, "SyncStateNotFound", "The sync state is not found.") };
    let size = prefer.page.unwrap_or(10).clamp(1, 1000).min(state.policy.page_max);
    if prefer.page.is_none() {
        state.fire("default-page-of-ten");
    }
    let (now_shown, left) = pending.page(size, state.policy.empty_pages);
    let value: Vec<_> = bodies[now_shown].iter().map(|body| written(body.clone(), prefer)).collect();
    let mut list = json!({ "@odata.context": CONTEXT, "value": value });
    let at = format!("{base}/v1.0/{}", joined(path));
    match left {
        None => list["@odata.deltaLink"] = json!(format!("{at}?$deltatoken={}.{}", pending.clock, pending.query)),
        Some(left) => {
            let token = state.fresh("R0us");
            list["@odata.nextLink"] = json!(format!("{at}?$skiptoken={token}"));
            if left.was_empty {
                state.fire("empty-page");
            }
            state.pages.insert(token, left);
        }
    }
    respond(200, &list)
}

fn frozen((from, until): (DateTime<Utc>, DateTime<Utc>)) -> String {
    format!("{}.{}", from.timestamp(), until.timestamp())
}

fn changed(state: &mut State, id: &str, token: &str) -> Option<Pending> {
    let mut parts = token.split('.').map(|part| part.parse::<i64>().ok());
    let (clock, from, until) = (parts.next()??, parts.next()??, parts.next()??);
    let window = (DateTime::from_timestamp(from, 0)?, DateTime::from_timestamp(until, 0)?);
    let bodies = round(state, id, u64::try_from(clock).ok()?, window);
    Some(Pending::new(frozen(window), List::of_bodies(bodies), state.calendars[id].clock))
}

/// What a round tells: single events whole, a series as its master, bare occurrences and whole exceptions; of what was taken out of a
/// series, nothing.
fn round(state: &mut State, id: &str, clock: u64, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> Vec<Value> {
    let calendar = &state.calendars[id];
    let (mut bodies, mut traps) = (Vec::new(), Vec::new());
    for (master, item) in calendar.since(clock) {
        let touches = item.end > from && item.start < until;
        let removed = json!({ "@odata.type": "#microsoft.graph.event", "id": master, "@removed": { "reason": "deleted" } });
        if !item.is_series() {
            match (item.is_gone, touches) {
                (false, true) => bodies.push(item.body.clone()),
                (true, _) if clock > 0 => bodies.push(removed),
                (false, false) if clock > 0 => {
                    traps.push("out-of-window-removed");
                    bodies.push(removed);
                }
                _ => {}
            }
            continue;
        }
        if item.is_gone {
            bodies.extend((clock > 0).then_some(removed));
            continue;
        }
        let found = item.instances(master, from, until);
        // Of a series that lost its last occurrence in the window only the master is told.
        let is_told = item.exceptions.values().any(|exception| exception.changed > clock) && clock > 0;
        if found.is_empty() && !is_told {
            continue;
        }
        bodies.push(item.body.clone());
        for one in found {
            let Some(original) = one.original else { continue };
            if item.exceptions.contains_key(&original) {
                bodies.push(full(item, master, original));
            } else {
                traps.push("skeleton-occurrence");
                bodies.push(skeleton(item, master, original));
            }
        }
        if item.exceptions.values().any(|exception| exception.body.is_none() && exception.changed > clock) {
            traps.push("deleted-occurrence-without-trace");
        }
    }
    traps.into_iter().for_each(|trap| state.fire(trap));
    bodies
}
