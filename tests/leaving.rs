//! Whoever has left: from the day after her last day she signs in no more, and no token of hers works.

use crate::{
    api::{Api, full_token},
    pages::{PASSWORD, block_on, firm, served},
    support::{DANA, World, on_each_database},
};

on_each_database! {
    fn who_has_left_comes_in_no_more(world: World) {
        firm(&world);
        let token = full_token(&world, "own", DANA);
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let api = Api::at(served.host());
            for (last_day, week, sign_in, entries) in [("2026-03-20", 200, 303, 200), ("2026-03-19", 303, 401, 401)] {
                world.run(&["staff", "end", DANA, "--on", last_day]).expect("ended");
                assert_eq!(served.get("/week", Some(&dana)).await.status().as_u16(), week, "{last_day}");
                assert_eq!(served.post("/sign-in", None, &[("email", DANA), ("password", PASSWORD)], &[]).await.status().as_u16(), sign_in);
                assert_eq!(api.send(&token, "GET", "/entries", &[], None).status, entries);
            }
        });
        assert!(world.run(&["users", "link", DANA]).expect_err("gone").contains("her last day was 2026-03-19"));
        for list in ["staff", "users"] {
            assert!(world.run(&[list, "list"]).expect("a list").contains("2026-03-19"), "{list}");
            assert!(world.json(&[list, "list"]).as_array().expect("people").iter().any(|one| one["last_day"] == "2026-03-19"));
        }
    }
}
