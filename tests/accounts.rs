//! Whose account was connected: for whom it counts, who signs in with it, and who is told.

use kalends_fakes::{Consent, Fake, Role};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    connecting::{accounts, connect},
    pages::{EVA, block_on, firm, served},
    support::{DANA, World, on_each_database, text},
};

const STRANGER: &str = "stranger@elsewhere.example";

fn choose(fake: &Fake, email: &str) -> String {
    let main = fake.account(email);
    fake.consent(Consent::Auto { email: Some(email.to_owned()), withhold: Vec::new() });
    main
}

fn alone(title: &str, day: u32) -> Value {
    let at = |hour: u32| json!({ "dateTime": format!("2026-03-{day:02}T{hour:02}:00:00Z"), "timeZone": "UTC" });
    json!({ "summary": title, "start": at(9), "end": at(10) })
}

fn out(world: &World, args: &[&str]) -> String {
    String::from_utf8_lossy(&world.output(args).stdout).into_owned()
}

/// What the audit says of connections and of accounts to sign in with.
fn audited(world: &World) -> Vec<String> {
    world.rows("select act from audit where act in ('connect', 'disconnect', 'bind-account') order by seq")
}

on_each_database! {
    fn an_account_connected_for_someone_else_is_no_way_to_sign_in(world: World) {
        firm(&world);
        let providers = accounts(&world);
        let _evas = choose(&providers.google, EVA);
        let page = connect(&world, &["google"]).expect_err("refused");
        assert!(page.contains(&format!("{EVA} is an address of {EVA}")), "{page}");
        let _theirs = choose(&providers.google, STRANGER);
        connect(&world, &["google"]).expect("connected");
        connect(&world, &["outlook"]).expect("connected");
        block_on(async {
            let served = served(&world);
            let stranger = served.come_back("google").await;
            assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
            assert!(stranger.text().await.expect("a page").contains("nobody"));
            // Her own does, as long as it is connected.
            assert_eq!(served.come_back("outlook").await.status(), StatusCode::SEE_OTHER);
            assert_eq!(audited(&world), ["connect", "connect", "bind-account"]);
            let list = world.json(&["connections", "list"]);
            let outlook = list.as_array().expect("a list").iter().find(|one| one["provider"] == "outlook").expect("it").clone();
            world.run(&["connections", "remove", text(&outlook, "id")]).expect("removed");
            assert_eq!(served.come_back("outlook").await.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(world.rows("select subject from identity"), Vec::<String>::new());
            assert_eq!(audited(&world), ["connect", "connect", "bind-account", "disconnect"]);
            let _evas = choose(&providers.google, EVA);
            assert_eq!(served.come_back("google").await.status(), StatusCode::SEE_OTHER);
        });
        let actors = world.rows("select actor from audit where act = 'bind-account' order by seq");
        assert_eq!(actors, [DANA, EVA]);
    }

    fn an_account_under_an_unknown_address_is_told_of_until_it_is_known(world: World) {
        let providers = accounts(&world);
        let theirs = choose(&providers.google, STRANGER);
        let _own = providers.google.add(&theirs, &alone("[ACME-15] Alone", 10));
        connect(&world, &["google"]).expect("connected");
        world.configure_more("digest: {ops: [ops@northwind.example], command: [sh, -c, \"cat >> told; echo $0 >> told\"]}\n");
        world.sync();
        assert_eq!(world.entries().len(), 0);
        let doctor = out(&world, &["doctor"]);
        let advice = format!("kalends staff set {DANA} --add-address {STRANGER}");
        assert!(doctor.contains(STRANGER) && doctor.contains(&advice), "{doctor}");
        world.run(&["job", "digest"]).expect("sent");
        let told = std::fs::read_to_string(world.path("told")).expect("mail");
        assert_eq!(told.matches(STRANGER).count(), 2, "she and ops are told: {told}");
        world.run(&["staff", "set", DANA, "--add-address", STRANGER]).expect("added");
        world.sync();
        assert_eq!(world.entries().len(), 1);
        assert!(out(&world, &["doctor"]).starts_with("nothing keeps hours"));
    }

    fn s23_the_right_to_change_a_calendar_makes_it_nobodys_own(world: World) {
        let providers = accounts(&world);
        let boss = providers.google.account("boss@northwind.example");
        let team = providers.google.calendar("boss@northwind.example", "Team");
        let own = providers.google.calendar(DANA, "Further");
        for calendar in [&boss, &team] {
            providers.google.share(calendar, DANA, Role::Owner);
            let _theirs = providers.google.add(calendar, &alone("[ACME-15] Board", 10));
        }
        let _hers = providers.google.add(&own, &alone("[ACME-15] Hers", 11));
        let (connected, _) = connect(&world, &["google"]).expect("connected");
        for calendar in [&boss, &team, &own] {
            world.run(&["calendar", "add", "account", text(&connected, "id"), calendar]).expect("added");
        }
        world.sync();
        let dates: Vec<_> = world.entries().iter().map(|entry| text(entry, "date").to_owned()).collect();
        assert_eq!(dates, ["2026-03-11"]);
    }

    fn nobody_reads_calendars_of_someone_who_has_left(world: World) {
        let providers = accounts(&world);
        connect(&world, &["google"]).expect("connected");
        world.sync();
        world.run(&["staff", "end", DANA, "--on", "2026-03-20"]).expect("ended");
        world.now("2026-04-10T12:00:00Z");
        providers.google.clear_requests();
        world.sync();
        assert_eq!(providers.google.requests().len(), 0);
        let calendar = world.json(&["calendar", "list"])[0].clone();
        let told = world.run(&["sync", "--calendar", text(&calendar, "id")]).expect_err("refused");
        assert!(told.contains("works here no longer"), "{told}");
    }
}
