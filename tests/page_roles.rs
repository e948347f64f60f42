//! Who may do what on pages: every route of the router's own table, by every role and by a stranger, on what is hers, another's, or not there.

use crate::{
    api::Api,
    api_roles::{ABSENT, Records, everyones_records, people, sees},
    pages::{PASSWORD, Person, Served, block_on, served, with_password},
    support::{DANA, World, on_each_database},
};

/// What comes of asking.
const SHOWN: &[u16] = &[200];
const DONE: &[u16] = &[303];
/// Allowed, but of a version nobody saw; or there is nothing to do.
const STALE: &[u16] = &[409, 412];
const WRONG: &[u16] = &[422];
const FORBIDDEN: &[u16] = &[403];
const UNKNOWN: &[u16] = &[404];

/// Where in the book a request points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Own,
    Others,
    Absent,
}

/// What a person of this role gets. Reviewers review Dana, the other of every other person here; `everyone` reviews all, herself too.
fn expected(role: &str, method: &str, path: &str, at: At) -> &'static [u16] {
    let own = at == At::Own;
    let seen = at != At::Absent && sees(role, own);
    let reviews = role == "everyone" || (role == "reviewer" && !own);
    let works = own && role == "staff";
    match (method, path) {
        // These show what one may see; the tests of each page hold what that is.
        ("GET", "/queue" | "/calendars" | "/catalog") => SHOWN,
        // Of a selection rows are answered one by one: the page says how many were left.
        ("GET", "/") | ("POST", "/queue/seen" | "/queue/bulk" | "/week/submit" | "/calendars/connect" | "/sign-out") => DONE,
        ("GET", "/week") if at != At::Absent && (reviews || (own && role != "nobody")) => SHOWN,
        ("GET", "/approve") if role == "reviewer" || role == "everyone" => SHOWN,
        ("POST", "/approve") if at != At::Absent && reviews => DONE,
        // Of rules everything is for those who run the system, whatever they point at.
        (
            "GET",
            "/rules"
            | "/rules/findings/{code}"
            | "/rules/playground"
            | "/rules/edit"
            | "/rules/history"
            | "/rules/history/{number}"
            | "/rules/compare",
        )
        | ("POST", "/rules/playground" | "/rules/edit")
            if role == "ops" || role == "admin" =>
        {
            SHOWN
        }
        ("GET", "/rule/{id}") if at != At::Absent && reviews => SHOWN,
        // Nobody did anything yet; whether others did is not told.
        ("POST", "/undo/{batch}") => STALE,
        ("POST", "/queue/{id}" | "/entries/{id}") if seen => match role {
            "everyone" => STALE,
            "reviewer" if !own => STALE,
            "staff" | "ops" | "admin" => FORBIDDEN,
            _ => UNKNOWN,
        },
        ("POST", "/week/write") if at != At::Absent && (works || reviews) => DONE,
        ("POST", "/week/write") if at != At::Absent && sees(role, own) && role != "reviewer" => FORBIDDEN,
        ("POST", "/calendars/{id}") if own => DONE,
        // A feed is added for oneself, and here no address is typed; whose calendar it is not, and what is no feed, has none to change.
        ("POST", "/calendars/feeds") if role == "staff" => WRONG,
        // A rule is made of an answer, and here nobody has answered.
        _ => UNKNOWN,
    }
}

/// The record a route is asked for, in its path and its form.
fn asked(path: &str, of: &Records) -> (String, Vec<(&'static str, String)>) {
    let one = |name: &'static str, value: &str| (name, value.to_owned());
    let (id, form) = match path {
        "/queue/{id}" => (&of.exception, vec![one("act", "dismiss"), one("version", "99")]),
        "/queue/bulk" => (&of.exception, vec![one("act", "dismiss"), ("one", format!("{}:99", of.exception))]),
        "/entries/{id}" => (&of.entry, vec![one("act", "approve"), one("version", "99")]),
        "/week/submit" => (&of.entry, vec![("one", format!("{}:99", of.entry))]),
        "/week/write" => (&of.user, vec![one("person", &of.user), one("date", "2026-03-12"), one("start", "09:00"), one("end", "09:10")]),
        "/approve" => (&of.user, vec![one("act", "seen"), one("person", &of.user), one("of", "2026-03-02")]),
        "/calendars/{id}" => (&of.calendar, vec![one("act", "pause")]),
        "/calendars/feeds" => (&of.user, vec![one("privacy", "full"), one("whose", "mine")]),
        "/calendars/{id}/address" => (&of.calendar, vec![one("address", "https://calendar.example/x.ics")]),
        "/calendars/connect" => (&of.user, vec![one("provider", "google")]),
        "/rules/playground" => (&of.exception, vec![one("title", "x")]),
        "/rules/edit" => (&of.exception, vec![one("file", "rules/rules.yaml"), one("act", "try")]),
        "/week" => return (format!("/week?person={}&of=2026-03-02", of.user), Vec::new()),
        _ => (&of.exception, vec![]),
    };
    (path.replace("{id}", id).replace("{batch}", ABSENT).replace("{code}", "R004").replace("{number}", "1"), form)
}

fn absent() -> Records {
    let absent = || ABSENT.to_owned();
    Records { entry: absent(), other_entry: absent(), exception: absent(), user: absent(), calendar: absent() }
}

/// Every page for people who are signed in, leaving last.
fn routes() -> Vec<(String, String)> {
    let open = ["/api", "/assets", "/sign-in", "/connect/", "/csp-report"];
    let mut routes: Vec<_> = kalends::routes().into_iter().filter(|(_, path)| !open.iter().any(|start| path.starts_with(start))).collect();
    routes.sort_by_key(|(_, path)| path == "/sign-out");
    assert!(routes.len() >= 18, "{routes:?}");
    routes
}

async fn ask(served: &Served, who: Option<&Person>, (method, path): (&str, &str), of: &Records) -> u16 {
    let (path, mut form) = asked(path, of);
    if method == "GET" {
        return served.get(&path, who).await.status().as_u16();
    }
    form.extend(who.map(|who| ("csrf", who.csrf.clone())));
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    served.post(&path, who, &form, &[]).await.status().as_u16()
}

on_each_database! {
    fn each_role_sees_and_does_on_pages_what_is_hers(world: World) {
        let people = people(&world);
        for person in &people {
            with_password(&world, &person.email, &[]);
        }
        let (before, mut odd) = (world.entries(), Vec::new());
        let served = served(&world);
        let records = everyones_records(&world, &Api::at(served.host()), &people);
        let danas = &records[DANA];
        block_on(async {
            for person in &people {
                let signed = served.sign_in(&person.email, PASSWORD).await.expect("signed in");
                for (method, path) in routes() {
                    let points = [(At::Others, danas.clone()), (At::Absent, absent()), (At::Own, records[&person.email].clone())];
                    for (at, of) in points.iter().skip(if path == "/sign-out" { 2 } else { 0 }) {
                        let got = ask(&served, Some(&signed), (&method, &path), of).await;
                        let wanted = expected(person.role, &method, &path, *at);
                        if !wanted.contains(&got) {
                            odd.push(format!("{} {method} {path} at {at:?}: {got}, not {wanted:?}", person.role));
                        }
                    }
                }
            }
            for (method, path) in routes() {
                let got = ask(&served, None, (&method, &path), danas).await;
                assert_eq!(got, if method == "GET" { 303 } else { 401 }, "a stranger {method} {path}");
            }
        });
        assert!(odd.is_empty(), "{odd:#?}");
        let written = |entries: &[serde_json::Value]| entries.iter().filter(|entry| entry["start"].as_str().is_some_and(|start| !start.starts_with("2026-03-12"))).cloned().collect::<Vec<_>>();
        assert_eq!(written(&before), written(&world.entries()), "nothing but what was written by hand is new");
    }
}
