//! Entries that programs write through the API: their names, their times to the second, their tags, and the way back.

use serde_json::{Value, json};

use crate::{
    api::{Api, Got, new_entry, prepared},
    support::{World, on_each_database},
};

fn written(api: &Api, token: &str, body: &Value) -> Got {
    api.send(token, "POST", "/entries", &[], Some(body))
}

fn path(one: &Got, act: &str) -> String {
    format!("/entries/{}{act}", one.body["id"].as_str().expect("an id"))
}

on_each_database! {
    fn a_name_is_free_once_its_entry_was_removed(world: World) {
        let (api, token) = prepared(&world);
        let first = written(&api, &token, &new_entry(11, "timer-1"));
        assert_eq!((first.status, written(&api, &token, &new_entry(11, "timer-1")).status), (201, 409));
        let removed = api.send(&token, "DELETE", &path(&first, ""), &[("If-Match", "\"1\"")], None);
        assert_eq!(removed.status, 204, "{}", removed.body);
        let again = written(&api, &token, &new_entry(11, "timer-1"));
        assert_eq!((again.status, &again.body["external_ref"]), (201, &json!("timer-1")), "{}", again.body);
        assert_ne!(again.body["id"], first.body["id"]);
        // What counts in another one has its name still.
        let other = written(&api, &token, &new_entry(11, "timer-2"));
        let joined = api.post(&token, &path(&again, "/merge"), &again.body["version"], &json!({ "into": other.body["id"] }));
        assert_eq!((joined.status, written(&api, &token, &new_entry(11, "timer-1")).status), (200, 409), "{}", joined.body);
    }

    fn what_was_taken_out_is_brought_back(world: World) {
        let (api, token) = prepared(&world);
        let one = written(&api, &token, &new_entry(11, "u"));
        assert_eq!(api.send(&token, "DELETE", &path(&one, ""), &[("If-Match", "\"1\"")], None).status, 204);
        let gone = api.send(&token, "GET", &path(&one, ""), &[], None);
        assert!(gone.status == 410 && gone.body["detail"].as_str().is_some_and(|told| told.contains("/undo")), "{}", gone.body);
        assert_eq!(api.post(&token, &path(&one, "/undo"), &json!(9), &json!({})).status, 412);
        let back = api.post(&token, &path(&one, "/undo"), &json!(2), &json!({}));
        assert_eq!((back.status, &back.body["seconds"], &back.body["external_ref"]), (200, &json!(3600), &json!("u")), "{}", back.body);
        assert_eq!(api.post(&token, &path(&one, "/undo"), &back.body["version"], &json!({})).status, 409);
    }

    fn times_are_whole_seconds_and_tags_are_words(world: World) {
        let (api, token) = prepared(&world);
        let with = |more: &[(&str, Value)]| {
            let mut body = new_entry(11, "x");
            body["external_ref"] = Value::from(format!("{more:?}").chars().take(190).collect::<String>());
            for (name, value) in more {
                body[*name] = value.clone();
            }
            written(&api, &token, &body)
        };
        let nothing = with(&[("start", json!("2026-03-11T13:00:00.2Z")), ("end", json!("2026-03-11T13:00:00.8Z"))]);
        assert_eq!((nothing.status, nothing.pointers()), (422, vec!["/end"]), "{}", nothing.body);
        let leap = with(&[("start", json!("2026-03-11T23:00:00Z")), ("end", json!("2026-03-11T23:59:60Z"))]);
        assert_eq!((leap.status, &leap.body["end"], &leap.body["seconds"]), (201, &json!("2026-03-12T00:00:00Z"), &json!(3600)), "{}", leap.body);
        for tag in [String::new(), "x".repeat(5000)] {
            let odd = with(&[("tags", json!(["fine", tag]))]);
            assert_eq!((odd.status, odd.pointers()), (422, vec!["/tags/1"]), "{}", odd.body);
        }
    }
}
