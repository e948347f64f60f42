//! A person's week: what was sent back.

use crate::{
    page_queue::{id_of, page, send},
    pages::{PASSWORD, block_on, firm, served},
    support::{DANA, World, on_each_database, text},
};

on_each_database! {
    fn what_was_sent_back_says_so_and_why(world: World) {
        firm(&world);
        let entry = id_of(&world.entries(), "project", "ACME-15");
        world.run(&["entries", "submit", &entry]).expect("submitted");
        world.run(&["entries", "reject", &entry, "--why", "which XYLO task?"]).expect("sent back");
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let week = page(&served, &format!("/week?of=2026-03-02&entry={entry}"), &dana).await;
            assert!(week.contains("(sent back)") && week.contains("It was sent back") && week.contains("which XYLO task?"), "{week}");
            assert!(!week.contains("action=\"/week/submit\""), "it is not handed in with the others: {week}");
            assert_eq!(send(&served, &dana, &format!("/entries/{entry}"), &[("act", "submit")]).await.0, 303);
        });
        assert!(world.entries().iter().any(|one| one["id"] == entry.as_str() && text(one, "status") == "submitted"));
    }
}
