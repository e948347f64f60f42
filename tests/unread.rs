//! Time that nobody read does not submit itself, and whoever it concerns hears of it (S9).

use serde_json::json;

use crate::{
    connecting::{accounts, connect},
    support::{DANA, World, event, on_each_database, text},
};

fn submitted(world: &World) -> Vec<String> {
    let all = world.entries();
    all.iter().filter(|entry| entry["status"] == "submitted").map(|entry| text(entry, "date")[8..].to_owned()).collect()
}

fn doctor(world: &World) -> String {
    String::from_utf8_lossy(&world.output(&["doctor"]).stdout).into_owned()
}

fn workshop(day: u32) -> String {
    event(&format!("w{day}"), &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T120000Z"), "[ACME-15] Workshop", "")
}

on_each_database! {
    fn s9_days_that_nobody_read_to_their_end_stay_open_until_they_are_read(world: World) {
        world.configure_lasting("digest: {ops: [ops@northwind.example], command: [sh, -c, \"cat >> told; echo $0 >> told\"]}\n");
        world.now("2026-03-16T06:00:00Z");
        world.calendar(&[16, 17, 18].map(workshop));
        world.sync();
        // Whoever runs it sees to it that days are settled, and nobody reads the calendar.
        world.run(&["calendar", "pause", text(&world.json(&["calendar", "list"])[0], "id")]).expect("paused");
        for day in 17..=19 {
            world.now(&format!("2026-03-{day}T12:00:00Z"));
            world.sync();
        }
        world.run(&["calendar", "resume", text(&world.json(&["calendar", "list"])[0], "id")]).expect("resumed");
        world.now("2026-03-22T03:00:00Z");
        assert_eq!(world.entries().len(), 3);
        let told = world.run(&["job", "submit"]).expect("ran");
        let why = "do not submit by themselves before these are read: work (last read: 2026-03-16 06:00)";
        assert!(told.contains("0 entries submitted") && told.contains(DANA) && told.contains(why), "{told}");
        assert_eq!(submitted(&world), Vec::<String>::new());
        assert!(doctor(&world).contains(why), "{}", doctor(&world));
        world.run(&["job", "digest"]).expect("sent");
        let mail = std::fs::read_to_string(world.path("told")).expect("mail");
        assert_eq!(mail.matches(why).count(), 2, "she and ops are told: {mail}");
        // Two were called off.
        world.calendar(&[workshop(16)]);
        world.sync();
        let told = world.run(&["job", "submit"]).expect("ran");
        assert!(told.contains("1 entries submitted") && !told.contains(DANA), "{told}");
        assert_eq!(submitted(&world), ["16"]);
    }

    fn s9_nothing_submits_itself_while_an_account_has_to_be_connected_again(world: World) {
        let firm = accounts(&world);
        let at = |hour: u32| json!({ "dateTime": format!("2026-03-10T{hour:02}:00:00Z"), "timeZone": "UTC" });
        let _kept = firm.google.add(&firm.at_google, &json!({ "summary": "[ACME-15] Plan", "start": at(9), "end": at(10) }));
        connect(&world, &["google"]).expect("connected");
        world.sync();
        firm.google.revoke(DANA);
        firm.google.expire_tokens();
        assert!(world.run(&["sync"]).is_err());
        assert!(world.run(&["job", "submit"]).expect("ran").contains(DANA));
        assert_eq!(submitted(&world), Vec::<String>::new());
        connect(&world, &["google"]).expect("connected again");
        world.sync();
        world.run(&["job", "submit"]).expect("ran");
        assert_eq!(submitted(&world), ["10"]);
    }
}
