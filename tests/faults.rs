//! Every fault a provider can have, many times over: what stands at the end is what would stand without.

use std::collections::BTreeMap;

use kalends_fakes::{Fault, Kind, On};
use serde_json::{Value, json};

use crate::{
    connecting::{Accounts, accounts, connect},
    support::{World, on_each_database, text},
    traps::{self, Weather},
};

const ROUNDS: usize = 24;

fn google_faults() -> Vec<(On, Kind)> {
    let later = |text: &str| Some(text.to_owned());
    vec![
        (On::Changes, Kind::DropBefore),
        (On::Changes, Kind::DropAfter),
        (On::List, Kind::DropAfter),
        (On::List, Kind::Delay(20)),
        (On::List, Kind::Truncate),
        (On::Changes, Kind::Truncate),
        (On::Changes, Kind::FullSyncRequired),
        (On::Changes, Kind::UpdatedMinTooLongAgo),
        (On::List, Kind::Deleted410),
        (On::Changes, Kind::RateLimit403),
        (On::Changes, Kind::UserRateLimit403),
        (On::Changes, Kind::RateLimit429(later("1"))),
        (On::List, Kind::RateLimit429(None)),
        (On::Changes, Kind::Quota403),
        (On::Changes, Kind::Unauthorized),
        (On::Changes, Kind::ScopeInsufficient403),
        (On::List, Kind::NotFound404),
        (On::List, Kind::Error500),
        (On::List, Kind::Html502),
        (On::Changes, Kind::Html503),
        (On::List, Kind::NotJson200),
        (On::Token, Kind::Token500),
        (On::Token, Kind::DropBefore),
    ]
}

fn outlook_faults() -> Vec<(On, Kind)> {
    let later = |text: &str| Some(text.to_owned());
    vec![
        (On::Changes, Kind::DropBefore),
        (On::Changes, Kind::DropAfter),
        (On::List, Kind::Truncate),
        (On::Changes, Kind::SyncStateNotFound(true)),
        (On::Changes, Kind::SyncStateNotFound(false)),
        (On::Changes, Kind::Throttled429(later("2"))),
        (On::Changes, Kind::Throttled429(later("Wed, 21 Oct 2026 07:28:00 GMT"))),
        (On::Changes, Kind::Throttled429(later("0"))),
        (On::List, Kind::Throttled429(None)),
        (On::List, Kind::MailboxConcurrency429),
        (On::Changes, Kind::Html503),
        (On::List, Kind::Html504),
        (On::Changes, Kind::ForeignNextLink),
        (On::List, Kind::ForeignNextLink),
        (On::List, Kind::Duplicates),
        (On::Changes, Kind::Duplicates),
        (On::Changes, Kind::LifetimeValidation401),
        (On::List, Kind::NotJson200),
        (On::Token, Kind::DropAfter),
        (On::Token, Kind::Html502),
    ]
}

fn span(day: usize, hour: usize) -> (String, String) {
    (format!("2026-03-{:02}T{hour:02}:00:00", 2 + day % 14), format!("2026-03-{:02}T{:02}:00:00", 2 + day % 14, hour + 1))
}

fn google_event(title: &str, day: usize, hour: usize) -> Value {
    let (start, end) = span(day, hour);
    let time = |at: &str| json!({ "dateTime": format!("{at}Z"), "timeZone": "Europe/Berlin" });
    json!({ "summary": title, "start": time(&start), "end": time(&end) })
}

fn outlook_event(title: &str, day: usize, hour: usize) -> Value {
    let (start, end) = span(day, hour);
    let time = |at: &str| json!({ "dateTime": at, "timeZone": "UTC" });
    json!({ "subject": title, "start": time(&start), "end": time(&end) })
}

/// What people do to their calendars in a round; the same in both worlds.
fn live(firm: &Accounts, round: usize, made: &mut Vec<(String, String)>) {
    let hour = 6 + round % 12;
    let google = firm.google.add(&firm.at_google, &google_event(&format!("G{round}"), round, hour));
    let outlook = firm.outlook.add(&firm.at_outlook, &outlook_event(&format!("O{round}"), round + 3, hour));
    made.push((google, outlook));
    let (google, outlook) = &made[round / 2];
    match round % 4 {
        0 => firm.google.edit(
            &firm.at_google,
            google,
            &json!({ "start": google_event("", round + 5, 4)["start"], "end": google_event("", round + 5, 4)["end"] }),
        ),
        1 => firm.outlook.edit(
            &firm.at_outlook,
            outlook,
            &json!({ "start": outlook_event("", round + 5, 4)["start"], "end": outlook_event("", round + 5, 4)["end"] }),
        ),
        2 => firm.google.delete(&firm.at_google, google),
        _ => firm.outlook.cancel(&firm.at_outlook, outlook),
    }
    if round == 3 {
        let rule = json!({ "recurrence": ["RRULE:FREQ=DAILY;COUNT=8"] });
        let mut series = google_event("Series", 0, 3);
        series["recurrence"] = rule["recurrence"].clone();
        let id = firm.google.add(&firm.at_google, &series);
        firm.google.delete(&firm.at_google, &format!("{id}_20260304T030000Z"));
    }
}

/// The entries, and how many events of each calendar are known: those of others become none.
fn standing(world: &World) -> Vec<String> {
    const EVENTS: &str = "select c.name || ': ' || cast(count(*) as text) from event e join calendar c on c.id = e.calendar \
        where e.removed_at is null group by c.name";
    let shown = |entry: &Value| {
        format!("{} {} {} {} {}", text(entry, "date"), text(entry, "start"), text(entry, "end"), text(entry, "status"), entry["held"])
    };
    let mut all: Vec<_> = world.entries().iter().map(shown).chain(world.rows(EVENTS)).collect();
    all.sort();
    all
}

/// Connected accounts, and a colleague's calendar.
fn begin(world: &World, weather: Weather) -> (Accounts, String) {
    let firm = accounts(world);
    for fake in [&firm.google, &firm.outlook] {
        traps::policy(fake, weather);
    }
    connect(world, &["google"]).expect("connected");
    connect(world, &["outlook"]).expect("connected");
    let team = traps::team(world, &firm, weather);
    (firm, team)
}

/// What is given to both providers in a storm.
type Storm<'a> = [(&'a kalends_fakes::Fake, Vec<(On, Kind)>); 2];

/// A fault at each provider, twice; it fails, or it does not; nothing is lost either way.
fn strike(world: &World, storm: &Storm<'_>, round: usize) {
    for (fake, faults) in storm {
        let (on, kind) = faults[round % faults.len()].clone();
        if on == On::Token {
            fake.expire_tokens();
        }
        fake.fault(Fault { on, kind, times: 2, after: u32::try_from(round % 2).expect("small") });
    }
    for _ in 0..3 {
        drop(world.run(&["sync"]));
    }
}

/// Those whose turn did not come by themselves, one at a time.
fn strike_again(world: &World, firm: &Accounts, made: &[(String, String)], storm: &Storm<'_>) {
    for (fake, faults) in storm {
        fake.clear_faults();
        for (on, kind) in faults {
            fake.expire_tokens();
            let fault = Fault { on: *on, kind: kind.clone(), times: 2, after: 0 };
            fake.fault(fault.clone());
            for _ in 0..6 {
                drop(world.run(&["sync"]));
                if fake.waiting() == 0 {
                    break;
                }
                // Something changes, so that lists are read too.
                touch(firm, made);
            }
            assert_eq!(fake.waiting(), 0, "{} did not happen", fault.label());
        }
    }
}

fn report(provider: &str, fired: &BTreeMap<String, u32>) {
    // Straight to the terminal: what a test prints is only shown if it fails.
    let text = format!("faults and traps that happened at {provider}: {fired:?}\n");
    std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).expect("told");
}

fn every_one_fired(storm: &Storm<'_>) {
    for ((fake, faults), (provider, traps)) in storm.iter().zip([("Google", traps::AT_GOOGLE), ("Outlook", traps::AT_OUTLOOK)]) {
        let fired = fake.fired();
        report(provider, &fired);
        let labels = faults.iter().map(|(on, kind)| Fault { on: *on, kind: kind.clone(), times: 1, after: 0 }.label());
        for name in labels.chain(traps.iter().map(|trap| (*trap).to_owned())) {
            let times = fired.get(&name).copied().unwrap_or_default();
            assert!(times >= 2, "{name} happened {times} times at {provider}");
        }
    }
}

on_each_database! {
    fn every_fault_many_times_ends_in_the_same_entries_as_none(world: World) {
        let calm = World::new("kalends.db".to_owned());
        let ((stormy_firm, stormy_team), (calm_firm, calm_team)) = (begin(&world, Weather::Stormy), begin(&calm, Weather::Calm));
        let (mut stormy_made, mut calm_made) = (Vec::new(), Vec::new());
        let (mut stormy_series, mut calm_series) = (None, None);
        let storm = [(&stormy_firm.google, google_faults()), (&stormy_firm.outlook, outlook_faults())];
        for round in 0..ROUNDS {
            live(&stormy_firm, round, &mut stormy_made);
            live(&calm_firm, round, &mut calm_made);
            if round % 8 == 1 {
                traps::live(&stormy_firm, &stormy_team, Weather::Stormy);
                traps::live(&calm_firm, &calm_team, Weather::Calm);
                traps::lose_occurrence(&stormy_firm, &mut stormy_series);
                traps::lose_occurrence(&calm_firm, &mut calm_series);
                traps::change_rights(&stormy_firm);
            }
            calm.sync();
            strike(&world, &storm, round);
        }
        strike_again(&world, &stormy_firm, &stormy_made, &storm);
        for _ in 0..2 {
            traps::sync_over_quota(&world, &stormy_firm.google);
            traps::sync_beside_a_greedy_client(&world, &stormy_firm.outlook);
            world.sync();
        }
        calm.sync();
        let stands = standing(&calm);
        assert_eq!(standing(&world), stands);
        assert!(stands.len() > ROUNDS, "something stands there: {stands:?}");
        every_one_fired(&storm);
    }
}

/// A change that makes no difference to anyone's hours.
fn touch(firm: &Accounts, made: &[(String, String)]) {
    let Some((google, outlook)) = made.last() else { return };
    firm.google.edit(&firm.at_google, google, &json!({ "colorId": "3" }));
    firm.outlook.edit(&firm.at_outlook, outlook, &json!({ "importance": "high" }));
}
