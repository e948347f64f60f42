//! Who gets rights without being given any: whoever was added first, at the first start, and nobody ever after.

use crate::{
    pages::{EVA, served},
    support::{DANA, World, on_each_database, text},
};

fn roles(world: &World, email: &str) -> Vec<String> {
    let users = world.json(&["users", "list"]);
    let one = users.as_array().expect("people").iter().find(|one| one["email"] == email).expect("she");
    one["roles"].as_array().expect("roles").iter().filter_map(|role| role.as_str().map(str::to_owned)).collect()
}

on_each_database! {
    fn the_first_start_gives_all_roles_and_says_so(world: World) {
        drop(served(&world));
        assert_eq!(roles(&world, DANA).len(), 4);
        let done = world.json(&["audit"]);
        assert!(done.as_array().expect("rows").iter().any(|row| text(row, "act") == "rights" && text(row, "why").contains("first start")), "{done}");
    }

    fn where_rights_were_given_no_start_gives_any(world: World) {
        world.run(&["staff", "add", EVA]).expect("added");
        world.run(&["users", "set", EVA, "--role", "reviewer", "--reviews", "everyone"]).expect("set");
        drop(served(&world));
        assert_eq!((roles(&world, DANA), roles(&world, EVA)), (vec!["staff".to_owned()], vec!["reviewer".to_owned()]));
        let refused = world.run(&["periods", "lock", "--through", "2036-03-15"]).expect_err("a slip of the year");
        assert!(refused.contains("yet to come"), "{refused}");
    }
}
