//! Who has rights at the first start, and that no later one gives any.

use crate::{
    daemons::{Daemon, wait_until},
    support::{DANA, World, on_each_database, text},
};

const EVA: &str = "eva@northwind.example";

/// Serves once, and says whether a link was logged.
fn started(world: &World) -> bool {
    let daemon = Daemon::start(world);
    wait_until("it runs", || daemon.log().contains("Kalends is running"));
    let log = daemon.log();
    assert!(daemon.stop(), "it ends well");
    log.contains("signs in once with")
}

fn roles(world: &World) -> Vec<String> {
    let shown = |one: &serde_json::Value| format!("{} {}", text(one, "email"), one["roles"]);
    world.json(&["users", "list"]).as_array().expect("people").iter().map(shown).collect()
}

on_each_database! {
    fn whoever_was_first_and_still_works_has_all_roles_once(world: World) {
        world.configure_more("listen: 127.0.0.1:0\n");
        world.run(&["staff", "add", EVA]).expect("added");
        world.run(&["staff", "end", DANA, "--on", "2026-03-10"]).expect("left");
        assert!(started(&world));
        assert_eq!(roles(&world), ["dana@northwind.example [\"staff\"]", "eva@northwind.example [\"staff\",\"reviewer\",\"ops\",\"admin\"]"]);
        let done = world.json(&["audit"]);
        assert_eq!((text(&done[0], "act"), text(&done[0], "actor")), ("rights", "kalends"));
        world.run(&["users", "set", EVA, "--role", "staff"]).expect("set");
        assert!(!started(&world));
        assert_eq!(roles(&world)[1], "eva@northwind.example [\"staff\"]");
    }

    fn nobody_is_given_more_than_people_said(world: World) {
        world.configure_more("listen: 127.0.0.1:0\n");
        world.run(&["users", "set", DANA, "--role", "staff"]).expect("set");
        assert!(!started(&world));
        assert_eq!(roles(&world), ["dana@northwind.example [\"staff\"]"]);
    }
}
