//! The pages, as a browser and as someone else meet them: who gets in, what is refused, and what every answer says of itself.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
};

use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::Value;

use kalends_fakes::{Consent, Policy};

use crate::{
    api::{Api, full_token},
    connecting::{accounts, connect},
    daemons::Daemon,
    support::{DANA, World, event, on_each_database, text},
};

pub(crate) const EVA: &str = "eva@northwind.example";
pub(crate) const KIM: &str = "kim@northwind.example";
pub(crate) const OPS: &str = "olga@northwind.example";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A program that serves pages, and someone's browser.
pub(crate) struct Served {
    daemon: Daemon,
    base: String,
    client: Client,
}

pub(crate) fn served(world: &World) -> Served {
    let (daemon, host) = Daemon::listening(world);
    // Another test may have been first.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
    Served { daemon, base: format!("http://{host}"), client }
}

/// Someone who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    cookie: String,
    pub(crate) csrf: String,
}

impl Served {
    /// What the program logged so far.
    pub(crate) fn log(&self) -> String {
        self.daemon.log()
    }

    pub(crate) fn host(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub(crate) async fn get(&self, path: &str, who: Option<&Person>) -> Response {
        let mut request = self.client.get(format!("{}{path}", self.base));
        if let Some(who) = who {
            request = request.header("cookie", &who.cookie);
        }
        request.send().await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, who: Option<&Person>, form: &[(&str, &str)], more: &[(&'static str, &str)]) -> Response {
        let mut request = self.client.post(format!("{}{path}", self.base)).form(form);
        if let Some(who) = who {
            request = request.header("cookie", &who.cookie);
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer")
    }

    /// Signs in with an account elsewhere, and comes back.
    pub(crate) async fn come_back(&self, from: &str) -> Response {
        let answer = self.post(&format!("/sign-in/with/{from}"), None, &[("next", "/week")], &[]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.text().await);
        let header = |answer: &Response, name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        let cookie = header(&answer, "set-cookie").split(';').next().expect("a cookie").to_owned();
        let there = self.client.get(header(&answer, "location")).send().await.expect("the provider");
        self.client.get(header(&there, "location")).header("cookie", cookie).send().await.expect("an answer")
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Option<Person> {
        let answer = self.post("/sign-in", None, &[("email", email), ("password", password)], &[]).await;
        let cookie = answer.headers().get("set-cookie")?.to_str().ok()?.split(';').next()?.to_owned();
        let page = self.get("/catalog", Some(&Person { cookie: cookie.clone(), csrf: String::new() })).await.text().await.ok()?;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1)?.split('"').next()?.to_owned();
        Some(Person { cookie, csrf })
    }
}

pub(crate) fn with_password(world: &World, email: &str, more: &[&str]) {
    let args: Vec<&str> = ["users", "set", email, "--password"].iter().chain(more).copied().collect();
    let mut child = world.spawn_with_input(&args);
    writeln!(child.stdin.take().expect("stdin"), "{PASSWORD}").expect("typed");
    assert!(child.wait_with_output().expect("it ran").status.success());
}

/// Dana, whose time it is; Eva, who reviews it; Kim, a colleague; Olga of ops.
pub(crate) fn firm(world: &World) {
    for (email, more) in [
        (EVA, &["--role", "staff", "--role", "reviewer", "--reviews", DANA][..]),
        (KIM, &["--role", "staff"]),
        (OPS, &["--role", "ops", "--role", "admin"]),
    ] {
        world.run(&["staff", "add", email, "--first-day", "2026-02-01"]).expect("added");
        with_password(world, email, more);
    }
    with_password(world, DANA, &["--role", "staff"]);
    world.calendar(&[
        event("x", "20260302T090000Z", "20260302T100000Z", "Something secret", ""),
        event("y", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Work", ""),
    ]);
    world.sync();
    // The clock of the book stands; sessions live by the machine's.
}

pub(crate) async fn people(served: &Served) -> BTreeMap<&'static str, Person> {
    let mut people = BTreeMap::new();
    for email in [DANA, EVA, KIM, OPS] {
        people.insert(email, served.sign_in(email, PASSWORD).await.expect("signed in"));
    }
    people
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work)
}

fn of(list: &[Value], name: &str, value: &str) -> (String, i64) {
    let found = list.iter().find(|one| one[name] == value).expect("one");
    (text(found, "id").to_owned(), found["version"].as_i64().unwrap_or(1))
}

on_each_database! {
    fn every_page_is_for_those_it_is_for(world: World) {
        firm(&world);
        let (entry, _) = of(&world.entries(), "project", "ACME-15");
        let (question, _) = of(&world.exceptions(), "reason", "unmatched");
        let dana = world.json(&["users", "list"]).as_array().expect("people").iter().find(|one| one["email"] == DANA).map(|one| text(one, "id").to_owned()).expect("Dana");
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            let week = format!("/week?person={dana}&of=2026-03-02");
            let open = format!("/queue?item={question}");
            // Page, then what Dana, Eva, Kim and Olga get, and what a stranger gets.
            let pages = [
                ("/queue", [200, 200, 200, 200]),
                ("/week", [200, 200, 200, 200]),
                (week.as_str(), [200, 200, 404, 404]),
                ("/approve", [404, 200, 404, 404]),
                ("/calendars", [200, 200, 200, 200]),
                ("/catalog", [200, 200, 200, 200]),
                ("/nowhere", [404, 404, 404, 404]),
            ];
            for (path, expected) in pages {
                for (email, status) in [DANA, EVA, KIM, OPS].iter().zip(expected) {
                    assert_eq!(served.get(path, Some(&people[email])).await.status().as_u16(), status, "{email} {path}");
                }
                let stranger = served.get(path, None).await.status();
                assert!(stranger == StatusCode::SEE_OTHER || path == "/nowhere", "a stranger {path}: {stranger}");
            }
            for (email, reads) in [(DANA, true), (EVA, true), (KIM, false), (OPS, false)] {
                let page = served.get(&open, Some(&people[email])).await.text().await.expect("a page");
                assert_eq!(page.contains("Something secret"), reads, "{email}");
            }
            // What changes something: who may not is told so, or not even that it exists.
            let acts = [
                (format!("/queue/{question}"), vec![("act", "dismiss")], [403, 409, 404, 403]),
                (format!("/entries/{entry}"), vec![("act", "approve")], [403, 303, 404, 403]),
                (format!("/entries/{entry}"), vec![("act", "reopen"), ("why", "x")], [403, 303, 404, 403]),
                (format!("/entries/{entry}"), vec![("act", "change"), ("task", "Talk")], [303, 303, 404, 403]),
                (format!("/approve?of=2026-03-02&person={dana}"), vec![("act", "seen"), ("person", &dana), ("of", "2026-03-02")], [404, 303, 404, 404]),
                (format!("/entries/{dana}"), vec![("act", "approve")], [404, 404, 404, 404]),
            ];
            for (path, form, expected) in &acts {
                for (email, status) in [DANA, EVA, KIM, OPS].iter().zip(expected) {
                    let who = &people[email];
                    let mut form: Vec<(&str, &str)> = form.clone();
                    form.push(("csrf", &who.csrf));
                    if form.contains(&("task", "Talk")) && *email == EVA {
                        form.retain(|(name, _)| *name != "task");
                        form.push(("task", "Other"));
                    }
                    assert_eq!(served.post(path, Some(who), &form, &[]).await.status().as_u16(), *status, "{email} {path} {form:?}");
                }
            }
        });
    }

    fn what_comes_from_elsewhere_changes_nothing(world: World) {
        firm(&world);
        let (question, _) = of(&world.exceptions(), "reason", "unmatched");
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            let (eva, other) = (&people[EVA], &people[KIM]);
            let forms = kalends::routes().into_iter().filter(|(method, path)| method == "POST" && !path.starts_with("/sign-in") && !path.starts_with("/connect/") && !path.starts_with("/api") && path != "/csp-report");
            let paths: Vec<_> = forms.map(|(_, path)| path.replace("{id}", &question).replace("{batch}", &question)).collect();
            assert!(paths.len() >= 12, "{paths:?}");
            for path in &paths {
                let form = [("act", "not-work"), ("csrf", eva.csrf.as_str())];
                for (what, status, answer) in [
                    ("no token", 403, served.post(path, Some(eva), &form[..1], &[]).await),
                    ("another's token", 403, served.post(path, Some(eva), &[("csrf", other.csrf.as_str())], &[]).await),
                    ("another site", 403, served.post(path, Some(eva), &form, &[("sec-fetch-site", "cross-site")]).await),
                    ("another origin", 403, served.post(path, Some(eva), &form, &[("origin", "https://evil.example")]).await),
                    ("nobody", 401, served.post(path, None, &form, &[]).await),
                    ("plain text", 403, served.client.post(format!("{}{path}", served.base)).header("cookie", &eva.cookie).header("content-type", "text/plain").body(format!("csrf={}", eva.csrf)).send().await.expect("an answer")),
                ] {
                    assert_eq!(answer.status().as_u16(), status, "{what} {path}");
                }
            }
            assert_eq!(served.get(&format!("/queue/{question}"), Some(eva)).await.status(), StatusCode::METHOD_NOT_ALLOWED);
        });
        assert!(world.reasons().contains(&"unmatched".to_owned()));
    }

    fn every_answer_says_how_it_is_to_be_held(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let all = kalends::routes().into_iter().map(|(_, path)| path.replace("{id}", "x").replace("{batch}", "x").replace("{provider}", "google"));
            for path in all.chain(["/nowhere".to_owned()]) {
                let answer = served.get(&path, Some(&eva)).await;
                for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"), ("cross-origin-opener-policy", "same-origin")] {
                    assert_eq!(answer.headers().get(name).and_then(|value| value.to_str().ok()), Some(value), "{path} {name}");
                }
                let policy = answer.headers()["content-security-policy"].to_str().expect("text");
                assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
                assert!(path.starts_with("/assets") || answer.headers()["cache-control"] == "no-store", "{path}");
            }
        });
    }

    fn what_a_browser_keeps_from_running_is_a_line_in_the_log(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            let report = |body: String| async { served.client.post(format!("{}/csp-report", served.base)).header("content-type", "application/csp-report").body(body).send().await.expect("an answer").status().as_u16() };
            let page = served.get("/sign-in", None).await;
            assert!(page.headers()["content-security-policy"].to_str().expect("text").ends_with("report-uri /csp-report"));
            assert!(!page.headers().contains_key("reporting-endpoints"), "without TLS that leads nowhere");
            let body = r#"{"csp-report":{"document-uri":"https://k.example/queue?link=XYLOPHONE","effective-directive":"script-src","blocked-uri":"https://evil.example/XYLOPHONE"}}"#;
            assert_eq!(report(body.to_owned()).await, 204);
            assert_eq!(report("XYLOPHONE".to_owned()).await, 400);
            assert_eq!(report("x".repeat(9_000)).await, 413);
            let mut got = Vec::new();
            for _ in 0..40 {
                got.push(report(body.to_owned()).await);
            }
            // A minute may end between two of them.
            assert!(got.contains(&429) && got.iter().filter(|status| **status == 204).count() <= 20, "{got:?}");
            let log = served.log();
            assert!(log.contains("directive script-src, blocked https://evil.example, page /queue, source unknown:0") && !log.contains("XYLOPHONE"), "{log}");
            assert!(log.matches("directive script-src").count() <= 20);
        });
    }

    fn a_session_is_new_ends_and_is_nobody_elses(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            let fixed = served.client.post(format!("{}/sign-in", served.base)).header("cookie", "kalends=chosen-by-someone-else").form(&[("email", EVA), ("password", PASSWORD)]).send().await.expect("an answer");
            assert!(!fixed.headers()["set-cookie"].to_str().expect("text").contains("chosen"));
            assert!(fixed.headers()["set-cookie"].to_str().expect("text").contains("HttpOnly; SameSite=Lax"));
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let gone = served.post("/sign-out", Some(&eva), &[("csrf", &eva.csrf)], &[]).await;
            assert_eq!(gone.status(), StatusCode::SEE_OTHER);
            assert_eq!(served.get("/queue", Some(&eva)).await.status(), StatusCode::SEE_OTHER);
            let kim = served.sign_in(KIM, PASSWORD).await.expect("signed in");
            world.run(&["users", "set", KIM, "--role", "staff", "--role", "ops"]).expect("another role");
            assert_eq!(served.get("/queue", Some(&kim)).await.status(), StatusCode::SEE_OTHER);
            assert_eq!(served.get("/sign-in?next=https://evil.example", None).await.text().await.expect("a page").matches("evil.example").count(), 0);
        });
        assert!(world.rows("select digest from session").iter().all(|digest| digest.len() == 64));
    }

    fn passwords_are_not_guessed(world: World) {
        firm(&world);
        block_on(async {
            let served = served(&world);
            for _ in 0..10 {
                assert!(served.sign_in(DANA, "wrong horse battery").await.is_none());
            }
            // Even the right one is not looked at any more, from here and for her; nobody learns who exists.
            assert!(served.sign_in(DANA, PASSWORD).await.is_none());
            let known = served.post("/sign-in", None, &[("email", DANA), ("password", "x")], &[]).await;
            let unknown = served.post("/sign-in", None, &[("email", "nobody@northwind.example"), ("password", "x")], &[]).await;
            assert_eq!(known.status(), unknown.status());
            assert_eq!(known.text().await.expect("a page"), unknown.text().await.expect("a page"));
        });
    }

    fn a_one_time_link_works_once(world: World) {
        firm(&world);
        let link = block_on(async {
            let served = served(&world);
            let told = world.run(&["users", "link", EVA]).expect("a link");
            let path = told.lines().next().and_then(|line| line.split("/sign-in/link").nth(1)).expect("an address").to_owned();
            let link = path.trim_start_matches("?link=").to_owned();
            for _ in 0..2 {
                assert_eq!(served.get(&format!("/sign-in/link{path}"), None).await.status(), StatusCode::OK);
            }
            assert_eq!(served.post("/sign-in/link", None, &[("link", &link)], &[]).await.status(), StatusCode::SEE_OTHER);
            assert_eq!(served.post("/sign-in/link", None, &[("link", &link)], &[]).await.status(), StatusCode::GONE);
            link
        });
        assert!(!world.rows("select digest from sign_in_link").contains(&link));
    }

    fn an_answer_becomes_a_rule_that_answers_the_others(world: World) {
        firm(&world);
        let weekly = |day: u32| event(&format!("w{day}"), &format!("202603{day:02}T140000Z"), &format!("202603{day:02}T150000Z"), "Borealis weekly 7", "");
        world.calendar(&[weekly(4), weekly(11), weekly(18), event("x", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Now known", ""), event("y", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Work", "")]);
        world.sync();
        let asked: Vec<Value> = world.exceptions().into_iter().filter(|one| one["reason"] == "unmatched").collect();
        let (question, _) = of(&asked, "date", "2026-03-04");
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let answered = served.post(&format!("/queue/{question}"), Some(&eva), &[("likely", "project=GBX-3"), ("csrf", &eva.csrf)], &[]).await;
            let next = answered.headers()["location"].to_str().expect("text").to_owned();
            assert!(next.contains("undo=") && next.contains(&format!("rule={question}")), "{next}");
            let offer = served.get(&format!("/rule/{question}"), Some(&eva)).await.text().await.expect("a page");
            assert!(offer.contains("<strong>2</strong> more open questions") && offer.contains("Borealis weekly") && offer.contains("project: &quot;GBX-3&quot;"), "{offer}");
            assert_eq!(served.post(&format!("/rule/{question}"), Some(&eva), &[("csrf", &eva.csrf)], &[]).await.status(), StatusCode::SEE_OTHER);
        });
        assert_eq!(world.reasons().iter().filter(|reason| *reason == "unmatched").count(), 0, "{:?}", world.reasons());
        assert_eq!(world.entries().iter().filter(|entry| entry["project"] == "GBX-3").count(), 3);
        world.run(&["rules", "test"]).expect("its test passes");
    }

    fn the_account_that_is_connected_signs_in_too(world: World) {
        firm(&world);
        let providers = accounts(&world);
        connect(&world, &["google"]).expect("connected");
        block_on(async {
            let served = served(&world);
            let begun = |cookie: Option<String>| async {
                let answer = served.post("/sign-in/with/google", None, &[("next", "/week")], &[]).await;
                assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.text().await);
                let own = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
                let at = answer.headers()["location"].to_str().expect("text").to_owned();
                let back = served.client.get(at).send().await.expect("the provider").headers()["location"].to_str().expect("text").to_owned();
                let path = back.trim_start_matches(&served.base).to_owned();
                (path.clone(), served.client.get(back).header("cookie", cookie.unwrap_or(own)).send().await.expect("an answer"))
            };
            let (path, signed) = begun(None).await;
            assert_eq!(signed.status(), StatusCode::SEE_OTHER, "{:?}", signed.text().await);
            assert_eq!(signed.headers()["location"], "/week");
            let cookie = signed.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
            let dana = Person { cookie, csrf: String::new() };
            assert!(served.get("/week", Some(&dana)).await.text().await.expect("a page").contains(DANA));
            // The way back is good once, and in one browser.
            assert_eq!(served.get(&path, None).await.status(), StatusCode::UNAUTHORIZED);
            let (_, elsewhere) = begun(Some("kalends_sign_in=another".to_owned())).await;
            assert_eq!(elsewhere.status(), StatusCode::UNAUTHORIZED);
            // An account that nobody here has is nobody.
            let _calendar = providers.google.account("stranger@elsewhere.example");
            providers.google.consent(Consent::Auto { email: Some("stranger@elsewhere.example".to_owned()), withhold: Vec::new() });
            let (_, stranger) = begun(None).await;
            assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
            assert!(stranger.text().await.expect("a page").contains("nobody"));
        });
    }

    fn the_firms_own_provider_says_who_someone_is(world: World) {
        firm(&world);
        let providers = accounts(&world);
        let id = &providers.google;
        id.set(Policy { issuer: Some(id.base()), iss: true, ..id.policy() });
        let issuer = id.base();
        world.configure_more(&format!("sign_in: {{title: Northwind, issuer: \"{issuer}\", client_id: app}}\n"));
        block_on(async {
            let served = served(&world);
            let page = served.get("/sign-in", None).await;
            assert!(page.headers()["content-security-policy"].to_str().expect("text").contains(&issuer), "the form may lead there");
            assert!(page.text().await.expect("a page").contains("Sign in with Northwind"));
            let come_back = || async {
                let answer = served.post("/sign-in/with/oidc", None, &[("next", "/week")], &[]).await;
                assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{:?}", answer.text().await);
                let own = answer.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
                let at = answer.headers()["location"].to_str().expect("text").to_owned();
                let back = served.client.get(at).send().await.expect("the provider").headers()["location"].to_str().expect("text").to_owned();
                served.client.get(back).header("cookie", own).send().await.expect("an answer")
            };
            let signed = come_back().await;
            assert_eq!((signed.status(), &signed.headers()["location"]), (StatusCode::SEE_OTHER, &"/week".parse().expect("a header")));
            let cookie = signed.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
            let dana = Person { cookie, csrf: String::new() };
            assert!(served.get("/week", Some(&dana)).await.text().await.expect("a page").contains(DANA));
            // Someone else's word is not taken, nor that of one who calls himself otherwise.
            id.set(Policy { issuer: Some("https://another.example".to_owned()), iss: true, ..id.policy() });
            let answer = served.post("/sign-in/with/oidc", None, &[("next", "/week")], &[]).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            assert!(answer.text().await.expect("a page").contains("it calls itself https://another.example; write sign_in.issuer so"));
        });
    }

    fn one_stroke_for_several_people_is_taken_back_for_all_of_them(world: World) {
        firm(&world);
        world.run(&["users", "set", EVA, "--role", "staff", "--role", "reviewer", "--reviews", "everyone"]).expect("set");
        world.file("kim.ics", &[event("k", "20260302T090000Z", "20260302T100000Z", "Something secret", "")]);
        world.run(&["calendar", "add", "ics", "--staff", KIM, "--file", "kim.ics"]).expect("added");
        world.sync();
        let unmatched = || world.reasons().iter().filter(|reason| *reason == "unmatched").count();
        assert_eq!(unmatched(), 2);
        let (question, _) = of(&world.exceptions(), "reason", "unmatched");
        let (answered, submitted) = block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let form = [("likely", "project=GBX-3"), ("all", "1"), ("csrf", eva.csrf.as_str())];
            let answer = served.post(&format!("/queue/{question}"), Some(&eva), &form, &[]).await;
            let next = answer.headers()["location"].to_str().expect("text").to_owned();
            let answered = unmatched();
            let batch = next.split("undo=").nth(1).and_then(|rest| rest.split('&').next()).expect("a way back").to_owned();
            let undone = served.post(&format!("/undo/{batch}"), Some(&eva), &[("csrf", &eva.csrf)], &[]).await;
            assert_eq!(undone.status(), StatusCode::SEE_OTHER);
            // A step on an entry's way is no answer that could be taken back.
            let (entry, version) = of(&world.entries(), "project", "ACME-15");
            let seen = version.to_string();
            let form = [("act", "submit"), ("one", &format!("{entry}:{seen}")), ("csrf", &eva.csrf)];
            (answered, served.post("/week/submit", Some(&eva), &form, &[]).await.status())
        });
        assert_eq!((answered, submitted, unmatched()), (0, StatusCode::SEE_OTHER, 2));
        assert!(world.entries().iter().filter(|entry| entry["project"] == Value::Null).count() == 2);
    }

    fn only_what_shares_what_an_answer_rests_on_is_alike(world: World) {
        firm(&world);
        let guest = |who: &str| format!("ATTENDEE:mailto:{who}\r\nATTENDEE:mailto:{DANA}\r\n");
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T100000Z", "Planning", &guest("bo@globex.example")),
            event("b", "20260303T090000Z", "20260303T100000Z", "Review", &guest("bo@globex.example")),
            event("c", "20260304T090000Z", "20260304T100000Z", "Planning", &guest("tom@acme.example")),
            event("d", "20260305T090000Z", "20260305T100000Z", "[ACME-15] One", &guest("tom@acme.example")),
            event("e", "20260305T093000Z", "20260305T103000Z", "[ACME-15] Two", &guest("tom@acme.example")),
            event("f", "20260306T090000Z", "20260306T100000Z", "[GBX-3] Three", &guest("bo@globex.example")),
            event("g", "20260306T093000Z", "20260306T103000Z", "[GBX-3] Four", &guest("bo@globex.example")),
        ]);
        world.sync();
        let asked = world.exceptions();
        let (missing, _) = of(&asked, "date", "2026-03-02");
        let (overlap, _) = of(&asked, "reason", "overlap");
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let alone = served.get(&format!("/queue?item={overlap}"), Some(&eva)).await.text().await.expect("a page");
            assert!(!alone.contains("name=\"all\""), "overlaps have nothing in common: {alone}");
            let page = served.get(&format!("/queue?item={missing}"), Some(&eva)).await.text().await.expect("a page");
            assert!(page.contains("the same to all 2 alike"), "{page}");
            let form = |likely| [("likely", likely), ("all", "1"), ("csrf", eva.csrf.as_str())];
            served.post(&format!("/queue/{missing}"), Some(&eva), &form("project=GBX-3"), &[]).await;
            served.post(&format!("/queue/{overlap}"), Some(&eva), &[("act", "dismiss"), ("all", "1"), ("csrf", &eva.csrf)], &[]).await;
        });
        let left: Vec<_> = world.exceptions().iter().map(|one| (text(one, "reason").to_owned(), text(one, "date").to_owned())).collect();
        let held = |reason: &str, date: &str| left.contains(&(reason.to_owned(), date.to_owned()));
        assert!(left.len() == 2 && held("missing-field", "2026-03-04") && held("overlap", "2026-03-06"), "{left:?}");
    }

    fn what_looks_private_is_read_by_its_owner_alone(world: World) {
        world.configure_more("review: {titles: not-private-looking}\n");
        firm(&world);
        let (question, _) = of(&world.exceptions(), "reason", "unmatched");
        let held = world.entries().iter().find(|entry| entry["project"] == Value::Null).map(|entry| text(entry, "id").to_owned()).expect("one");
        let users = world.json(&["users", "list"]);
        let dana = users.as_array().expect("people").iter().find(|one| one["email"] == DANA).map(|one| text(one, "id").to_owned()).expect("Dana");
        let token = full_token(&world, "masked", EVA);
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            let week = format!("/week?person={dana}&of=2026-03-02&entry={held}");
            for (email, reads) in [(DANA, true), (EVA, false)] {
                for path in ["/queue", &format!("/queue?item={question}"), &week] {
                    let page = served.get(path, Some(&people[email])).await.text().await.expect("a page");
                    assert_eq!(page.contains("Something secret"), reads, "{email} {path}");
                }
            }
            assert!(served.get(&week, Some(&people[EVA])).await.text().await.expect("a page").contains("[ACME-15] Work"), "matched time is read");
            for id in [&question, &held] {
                let got = Api::at(served.host()).send(&token, "GET", &format!("/rules/explain?id={id}"), &[], None);
                assert_eq!(got.status, 403, "{}", got.body);
            }
        });
    }

    fn a_selection_is_answered_at_one_stroke(world: World) {
        firm(&world);
        world.calendar(&[
            event("x", "20260302T090000Z", "20260302T100000Z", "One thing", ""),
            event("z", "20260304T090000Z", "20260304T100000Z", "Another thing", ""),
            event("w", "20260305T090000Z", "20260305T100000Z", "A third", ""),
        ]);
        world.sync();
        let open = || world.reasons().iter().filter(|reason| *reason == "unmatched").count();
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let queue = served.get("/queue?reason=unmatched", Some(&eva)).await.text().await.expect("a page");
            let ticks = queue.split("name=\"one\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
            let questions: Vec<_> = ticks.map(str::to_owned).collect();
            assert_eq!(questions.len(), 3);
            let bulk = |act: &'static str, ticked: &[String]| {
                let mut form = vec![("csrf", eva.csrf.clone()), ("act", act.to_owned()), ("project", "GBX-3".to_owned())];
                form.extend(ticked.iter().map(|one| ("one", one.clone())));
                let (served, eva) = (&served, &eva);
                async move {
                    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    let answer = served.post("/queue/bulk", Some(eva), &form, &[]).await;
                    answer.headers()["location"].to_str().expect("text").to_owned()
                }
            };
            let slept = bulk("snooze", &questions[2..]).await;
            assert!(slept.contains("done=snoozed"), "{slept}");
            let page = |path: &'static str| async { served.get(path, Some(&eva)).await.text().await.expect("a page") };
            let shown = |page: &str| ["One thing", "Another thing", "A third"].iter().filter(|title| page.contains(**title)).count();
            assert_eq!((shown(&page("/queue").await), shown(&page("/queue?asleep=1").await)), (2, 3));
            let next = bulk("change", &questions[..2]).await;
            assert!(next.contains("done=answered"), "{next}");
            assert_eq!(open(), 1);
            assert_eq!(world.entries().iter().filter(|entry| entry["project"] == "GBX-3").count(), 2);
            let batch = next.split("undo=").nth(1).and_then(|rest| rest.split('&').next()).expect("a way back").to_owned();
            let undone = served.post(&format!("/undo/{batch}"), Some(&eva), &[("csrf", &eva.csrf)], &[]).await;
            assert_eq!((undone.status(), open()), (StatusCode::SEE_OTHER, 3));
        });
    }

    fn who_has_no_role_has_nothing(world: World) {
        firm(&world);
        world.run(&["users", "set", DANA]).expect("no role");
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            assert_eq!(served.get("/week", Some(&dana)).await.status(), StatusCode::NOT_FOUND);
            let queue = served.get("/queue", Some(&dana)).await.text().await.expect("a page");
            assert!(queue.contains("Nothing waits") && !queue.contains("unmatched"), "{queue}");
        });
    }

    fn what_someone_saw_is_what_she_acts_on(world: World) {
        firm(&world);
        let (entry, version) = of(&world.entries(), "project", "ACME-15");
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            world.run(&["entries", "set", &entry, "task=Talk"]).expect("set");
            let seen = version.to_string();
            let stale = served.post(&format!("/entries/{entry}"), Some(&eva), &[("act", "approve"), ("version", &seen), ("csrf", &eva.csrf)], &[]).await;
            assert_eq!(stale.status(), StatusCode::PRECONDITION_FAILED);
            assert!(stale.text().await.expect("a page").contains("Someone else was quicker"));
            let now = of(&world.entries(), "project", "ACME-15").1.to_string();
            let done = served.post(&format!("/entries/{entry}"), Some(&eva), &[("act", "approve"), ("version", &now), ("csrf", &eva.csrf)], &[]).await;
            assert_eq!(done.status(), StatusCode::SEE_OTHER);
        });
    }
}

/// Begins a request and does not go on.
fn half(host: &str) -> std::net::TcpStream {
    let mut stream = std::net::TcpStream::connect(host).expect("connected");
    // Whoever was hung up on cannot write.
    let _left = stream.write_all(b"GET /queue HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    stream
}

/// What comes on a connection until it ends.
fn rest(mut stream: &std::net::TcpStream) -> String {
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("hung up on");
    rest
}

#[test]
fn half_a_request_does_not_keep_others_out() {
    let world = World::new("kalends.db".to_owned());
    firm(&world);
    block_on(async {
        let served = served(&world);
        let open: Vec<_> = (0..500).map(|_| half(served.host())).collect();
        let elsewhere = Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 2])).build().expect("a client");
        let mut took = Vec::new();
        for _ in 0..100 {
            let begun = std::time::Instant::now();
            let answer = elsewhere.get(format!("{}/sign-in", served.base)).send().await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK);
            took.push(begun.elapsed());
        }
        took.sort();
        assert!(took[98] < std::time::Duration::from_millis(200), "{:?}", &took[90..]);
        // Who never finishes is hung up on.
        let _late = rest(&open[0]);
    });
}

#[test]
fn one_address_does_not_take_all_connections() {
    let world = World::new("kalends.db".to_owned());
    firm(&world);
    world.configure_more("connections: {each: 3}\n");
    block_on(async {
        let served = served(&world);
        let open: Vec<_> = (0..3).map(|_| half(served.host())).collect();
        let told = rest(&half(served.host()));
        assert!(told.starts_with("HTTP/1.1 429") && told.contains("Retry-After: 10") && told.ends_with("try again soon."), "{told}");
        // Who asks in full is told so too, not cut off.
        assert_eq!(served.get("/sign-in", None).await.status(), StatusCode::TOO_MANY_REQUESTS);
        drop(open);
        let begun = std::time::Instant::now();
        while served.get("/sign-in", None).await.status() != StatusCode::OK {
            assert!(begun.elapsed() < std::time::Duration::from_secs(10), "places are not given back");
        }
    });
    let wrong = |lines: &str| {
        world.configure(lines);
        world.run(&["doctor"]).expect_err("refused")
    };
    assert!(wrong("connections: {each: 0}\n").contains("connections"), "none at all is a mistake");
}

#[test]
fn a_proxy_that_is_trusted_brings_everyone() {
    let world = World::new("kalends.db".to_owned());
    firm(&world);
    world.configure_more("connections: {each: 3}\ntrusted_proxies: [127.0.0.1]\n");
    block_on(async {
        let served = served(&world);
        let _open: Vec<_> = (0..10).map(|_| half(served.host())).collect();
        assert_eq!(served.get("/sign-in", None).await.status(), StatusCode::OK);
    });
}

#[test]
fn over_tls_browsers_report_by_their_newer_way() {
    let world = World::new("kalends.db".to_owned());
    world.configure_more("public_url: \"https://kalends.example/\"\n");
    block_on(async {
        let page = served(&world).get("/sign-in", None).await;
        assert!(page.headers()["content-security-policy"].to_str().expect("text").ends_with("report-uri /csp-report; report-to csp"));
        assert_eq!(page.headers()["reporting-endpoints"], "csp=\"/csp-report\"");
    });
}
