//! Feeds on the page of calendars: read from a secret address that nothing repeats, refused in plain words, replaced, forgotten.

use serde_json::Value;

use crate::{
    daemons::wait_until,
    pages::{EVA, KIM, OPS, PASSWORD, Person, Served, block_on, firm, people, served, with_password},
    support::{DANA, Feed, World, event, on_each_database},
};

const SECRET: &str = "private-7c1fe0";

fn file(events: &[(&str, u32)]) -> String {
    let events = events
        .iter()
        .map(|(uid, day)| event(uid, &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), "[GBX-3] Plan", ""));
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.collect::<String>())
}

fn address(feed: &Feed, which: &str) -> String {
    format!("http://{}/{SECRET}-{which}/basic.ics", feed.host())
}

/// A firm whose configuration lets these be read, though they are on this machine.
fn allowed(world: &World, feeds: &[&Feed]) {
    firm(world);
    let hosts: Vec<_> = feeds.iter().map(|feed| format!("\"{}\"", feed.host())).collect();
    world.configure_more(&format!("feeds: {{allow: [{}]}}\n", hosts.join(", ")));
    world.run(&["keys", "generate"]).expect("a key");
}

/// Entries of the feed, by date.
fn planned(world: &World) -> Vec<String> {
    let of_feed = |entry: &&Value| entry["project"] == "GBX-3" && entry["status"] != "void";
    let mut dates: Vec<_> =
        world.entries().iter().filter(of_feed).map(|entry| entry["date"].as_str().expect("a date").to_owned()).collect();
    dates.sort();
    dates
}

fn ids(world: &World) -> Vec<String> {
    world.entries().iter().map(|entry| entry["id"].as_str().expect("an id").to_owned()).collect()
}

async fn add(served: &Served, who: &Person, address: &str) -> (u16, String, String) {
    let form = [("csrf", who.csrf.as_str()), ("address", address), ("name", "Team plan"), ("privacy", "full"), ("whose", "all")];
    answered(served.post("/calendars/feeds", Some(who), &form, &[]).await).await
}

async fn answered(answer: reqwest::Response) -> (u16, String, String) {
    let location = answer.headers().get("location").map_or("", |value| value.to_str().expect("text")).to_owned();
    (answer.status().as_u16(), location, answer.text().await.expect("a page"))
}

async fn act(served: &Served, who: &Person, path: &str, name: &str, value: &str) -> (u16, String, String) {
    answered(served.post(path, Some(who), &[("csrf", &who.csrf), (name, value)], &[]).await).await
}

async fn page(served: &Served, who: &Person) -> String {
    served.get("/calendars", Some(who)).await.text().await.expect("a page")
}

/// Where the page changes the address of its one feed.
fn changing(page: &str) -> String {
    let end = page.find("/address\"").expect("a feed");
    page[page[..end].rfind('"').expect("an address") + 1..end].to_owned() + "/address"
}

/// Everything that stands in the book, as text.
fn everything(world: &World) -> String {
    if world.database.starts_with("postgres") {
        return world.rows("select schema_to_xml('public', true, false, '')::text").concat();
    }
    let files = std::fs::read_dir(world.path("")).expect("a folder").flatten().filter(|file| file.path().is_file());
    files.map(|file| String::from_utf8_lossy(&std::fs::read(file.path()).expect("a file")).into_owned()).collect()
}

on_each_database! {
    fn a_feed_is_read_from_an_address_that_nothing_repeats(world: World) {
        let feed = Feed::start(file(&[("p1", 10), ("p2", 11)]));
        allowed(&world, &[&feed]);
        world.log("trace");
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let (status, location, _) = add(&served, &dana, &address(&feed, "a")).await;
            assert_eq!((status, location.as_str()), (303, "/calendars?done=reading"));
            // The daemon reads it at its next turn, without anyone asking.
            wait_until("the feed is read", || planned(&world) == ["2026-03-10", "2026-03-11"]);
            let page = page(&served, &dana).await;
            assert!(page.contains("Team plan") && page.contains("Its address changed"), "{page}");
            let (status, _, again) = add(&served, &dana, &address(&feed, "a")).await;
            assert!(status == 422 && again.contains("is read already"), "{status} {again}");
            let log = served.log();
            assert!(log.contains("TRACE") && log.contains("Read a calendar."), "{} bytes", log.len());
            let audit = world.run(&["audit", "--format", "json"]).expect("the audit");
            assert!(audit.contains("\"add\""), "{audit}");
            let shown = world.run(&["connections", "list", "--format", "json"]).expect("listed") + &world.run(&["calendar", "list", "--format", "json"]).expect("listed");
            for (place, text) in [("the book", everything(&world)), ("the log", log), ("the page", page + &again), ("the audit", audit), ("a list", shown)] {
                assert!(!text.contains(SECRET), "the address is in {place}");
            }
            assert!(everything(&world).contains("Team plan"), "the book was looked through");
        });
    }

    fn what_is_no_feed_is_refused_in_plain_words_and_only_so_often(world: World) {
        let feed = Feed::start("<!doctype html><title>Sign in</title>".to_owned());
        let gone = Feed::start(String::new());
        allowed(&world, &[&feed]);
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            let dana = &people[DANA];
            let elsewhere = address(&gone, "x");
            let refused = [
                (format!("calendar.example/{SECRET}"), "this is no web address"),
                (format!("ftp://calendar.example/{SECRET}"), "no address of a calendar feed"),
                (format!("https://10.0.0.5/{SECRET}"), "10.0.0.5 is at a private address"),
                (format!("https://[::1]/{SECRET}"), "this machine&#39;s own address"),
                (format!("https://169.254.169.254/{SECRET}"), "link-local address"),
                (format!("http://localhost/{SECRET}"), "localhost is at this machine&#39;s own address"),
                (elsewhere, "where calendars are not served"),
                (address(&feed, "page"), "a web page"),
                (String::new(), "this is no web address"),
            ];
            for (typed, words) in &refused {
                let (status, _, page) = add(&served, dana, typed).await;
                let page = page.replace('\'', "&#39;");
                assert_eq!(status, 422, "{typed}");
                assert!(page.contains(words), "{typed}: {}", page.split("role=\"alert\">").nth(1).unwrap_or(&page));
                assert!(page.contains("value=\"Team plan\"") && page.contains("value=\"all\" selected"), "what was typed is kept: {page}");
                assert!(!page.contains(SECRET) && !page.contains("(127.0.0.1"), "{page}");
            }
            assert!(!everything(&world).contains("Team plan"));
            feed.says(&file(&[("p1", 10)]));
            let (status, ..) = add(&served, dana, &address(&feed, "a")).await;
            assert_eq!(status, 303, "what is there does not count");
            let (status, ..) = add(&served, dana, "https://10.0.0.5/x").await;
            assert_eq!(status, 422);
            let (status, _, page) = add(&served, dana, &address(&feed, "b")).await;
            assert!(status == 429 && page.contains("quarter of an hour"), "{status}");
            let (status, ..) = act(&served, dana, &changing(&page), "address", &address(&feed, "b")).await;
            assert_eq!(status, 429);
            let (status, ..) = add(&served, &people[KIM], &address(&feed, "a")).await;
            assert_eq!(status, 303, "another person is not held up, and may read what Dana reads");
        });
    }

    fn a_feed_keeps_its_time_at_another_address_and_without_one(world: World) {
        let (old, new) = (Feed::start(file(&[("p1", 10)])), Feed::start(file(&[("p1", 10), ("p2", 11)])));
        allowed(&world, &[&old, &new]);
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            assert_eq!(add(&served, &dana, &address(&old, "a")).await.0, 303);
            wait_until("the feed is read", || planned(&world) == ["2026-03-10"]);
            let before = ids(&world);
            let path = changing(&page(&served, &dana).await);
            let (status, _, wrong) = act(&served, &dana, &path, "address", "https://10.0.0.5/x").await;
            assert!(status == 422 && wrong.contains("private address") && wrong.contains("aria-invalid"), "{status}");
            assert_eq!(act(&served, &dana, &path, "address", &address(&new, "b")).await.0, 303);
            wait_until("it is read there", || planned(&world) == ["2026-03-10", "2026-03-11"]);
            assert!(before.iter().all(|id| ids(&world).contains(id)), "the same entries");
            let sealed = || world.rows("select case when address is null then status else status || ' with an address' end from connection order by status");
            assert_eq!(sealed(), ["active with an address", "removed"]);
            assert_eq!(planned(&world).len(), 2, "nothing is there twice");
            let (status, location, _) = act(&served, &dana, path.trim_end_matches("/address"), "act", "remove").await;
            assert_eq!((status, location.as_str()), (303, "/calendars?done=removed"));
            assert_eq!((sealed(), planned(&world).len()), (vec!["removed".to_owned(), "removed".to_owned()], 2));
            assert!(!page(&served, &dana).await.contains("Team plan"));
            // What is gone is gone for the page; whoever types the address again has the same calendar again.
            for what in ["resume", "pause", "remove"] {
                assert_eq!(act(&served, &dana, path.trim_end_matches("/address"), "act", what).await.0, 404, "{what}");
            }
            let id = path.split('/').nth(2).expect("an id");
            let told = world.run(&["calendar", "resume", id]).expect_err("there is no address");
            assert!(told.contains("its address was forgotten"), "{told}");
            assert_eq!(add(&served, &dana, &address(&new, "b")).await.0, 303);
            wait_until("it is read again", || sealed().first().is_some_and(|one| one == "active with an address"));
            assert!(changing(&page(&served, &dana).await).contains(id), "the same calendar");
        });
    }

    fn whose_feed_it_is_not_and_who_has_no_time_changes_none(world: World) {
        let (feed, other) = (Feed::start(file(&[("p1", 10)])), Feed::start(file(&[])));
        allowed(&world, &[&feed, &other]);
        with_password(&world, EVA, &["--role", "reviewer", "--reviews", DANA]);
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            assert_eq!(add(&served, &people[DANA], &address(&feed, "a")).await.0, 303);
            let path = changing(&page(&served, &people[DANA]).await);
            for email in [EVA, KIM, OPS] {
                let who = &people[email];
                let (status, ..) = act(&served, who, &path, "address", &address(&other, "b")).await;
                assert_eq!(status, 404, "{email}");
                assert_eq!(act(&served, who, path.trim_end_matches("/address"), "act", "remove").await.0, 404, "{email}");
            }
            for email in [EVA, OPS] {
                assert!(!page(&served, &people[email]).await.contains("name=\"address\""), "{email}");
                assert_eq!(add(&served, &people[email], &address(&other, "b")).await.0, 404, "{email}");
            }
            let own = world.rows("select location from calendar where connection is not null");
            assert_eq!(own.len(), 1, "{own:?}");
        });
    }
}
