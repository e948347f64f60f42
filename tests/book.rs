//! The file of a SQLite book: copied whole, put back, and not made anew where it is missed.

use crate::{
    daemons::{Daemon, wait_until},
    support::{World, database, event},
};

fn firm() -> World {
    let world = World::new("kalends.db".to_owned());
    world.calendar(&[event("a", "20260310T090000Z", "20260310T100000Z", "[ACME-15] Plan", "")]);
    world.sync();
    world
}

#[test]
fn a_book_that_was_served_and_is_gone_is_put_back_and_not_made_anew() {
    let world = firm();
    let (book, copy) = (world.path("kalends.db"), world.path("copy.db"));
    let serving = Daemon::listening(&world);
    world.run(&["db", "backup", "copy.db"]).expect("copied");
    let there = world.run(&["db", "backup", "copy.db"]).expect_err("refused");
    assert!(there.contains("cannot make copy.db"), "{there}");
    // It is taken away under a running daemon, which then writes where nobody looks.
    std::fs::rename(&book, world.path("away.db")).expect("moved");
    wait_until("the daemon ends", || serving.0.log().contains("was taken away or replaced"));
    drop(serving);
    for command in [&["doctor"][..], &["sync"], &["serve"], &["staff", "list"]] {
        let told = world.run(command).expect_err("refused");
        assert!(told.contains("there is no book at") && told.contains("from a backup"), "{told}");
        assert!(!book.exists());
    }
    for left in ["kalends.db-wal", "kalends.db-shm"] {
        let _none = std::fs::remove_file(world.path(left));
    }
    std::fs::copy(copy, book).expect("put back");
    assert_eq!(world.entries().len(), 1);
    world.run(&["doctor"]).expect("all is well");
}

#[test]
fn a_book_with_nobody_in_it_is_told_of() {
    let world = firm();
    world.run(&["doctor"]).expect("all is well");
    let config = std::fs::read_to_string(world.path("kalends.yaml")).expect("read");
    std::fs::write(world.path("kalends.yaml"), config.replace("kalends.db", "slip.db")).expect("written");
    let out = world.output(&["doctor"]);
    assert_eq!(out.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&out.stdout).contains("nobody is in this book"));
}

#[test]
fn postgresql_is_backed_up_by_its_own_program() {
    let world = World::new(database("backup"));
    let told = world.run(&["db", "backup", "copy.db"]).expect_err("refused");
    assert!(told.contains("pg_dump") && !world.path("copy.db").exists(), "{told}");
}
