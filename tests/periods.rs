//! Closing books (S10): never what is yet to come, never backwards; what is left open inside is told, and can be let go.

use crate::support::{DANA, World, event, on_each_database, text};

fn lock(world: &World, through: &str) -> Result<String, String> {
    world.run(&["periods", "lock", "--through", through])
}

on_each_database! {
    fn s10_a_lock_is_of_what_was_and_moves_forward(world: World) {
        let told = lock(&world, "2036-03-15").expect_err("a slip");
        assert!(told.contains("yet to come") && told.contains("2026-03-20 at most"), "{told}");
        assert!(world.run(&["periods", "list"]).expect("listed").lines().count() <= 1);
        lock(&world, "2026-03-15").expect("locked");
        let told = lock(&world, "2026-03-10").expect_err("backwards");
        assert!(told.contains("closed through 2026-03-15 already"), "{told}");
        world.run(&["periods", "lock", "--through", "2026-03-20", "--staff", DANA]).expect("hers");
        lock(&world, "2026-03-16").expect("everyone else's");
    }

    fn s10_what_is_left_open_inside_is_told_and_let_go(world: World) {
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T193000Z", "[ACME-15] Migration", ""),
            event("b", "20260303T090000Z", "20260303T100000Z", "Something", ""),
            event("c", "20260304T090000Z", "20260304T100000Z", "[ACME-15] Work", ""),
            event("d", "20260318T090000Z", "20260318T100000Z", "Something else", ""),
        ]);
        world.sync();
        let asked = |date: &str| world.exceptions().into_iter().filter(|one| text(one, "date") == date).map(|one| text(&one, "id").to_owned()).collect::<Vec<_>>();
        // Of a full day it was seen that it is one.
        let full: Vec<_> = asked("2026-03-02");
        for id in &full {
            world.run(&["exceptions", "dismiss", id]).expect("seen");
        }
        let out = world.output(&["periods", "lock", "--through", "2026-03-15"]);
        let told = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && told.contains("3 entries (1 held)") && told.contains("1 open question"), "{told}");
        for id in &full {
            assert!(world.run(&["exceptions", "undo", id]).expect_err("closed").contains("locked through"));
        }
        let left = asked("2026-03-03");
        assert_eq!(left.len(), 1);
        assert!(world.run(&["exceptions", "resolve", &left[0], "project=GBX-3"]).expect_err("closed").contains("locked through"));
        let before = world.entries();
        world.run(&["exceptions", "dismiss", &left[0]]).expect("let go");
        world.sync();
        assert_eq!((asked("2026-03-03").len(), asked("2026-03-18").len(), world.entries()), (0, 1, before));
    }
}
