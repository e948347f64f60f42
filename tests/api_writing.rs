//! A token that may write and not read: it does what it may, and learns nothing of what stands (writing does not bring reading).

use serde_json::{Value, json};

use crate::{
    api::{Api, full_token, token},
    support::{DANA, World, event, on_each_database, text},
};

on_each_database! {
    fn writing_does_not_bring_reading(world: World) {
        world.calendar(&[
            event("a", "20260302T090000Z", "20260302T100000Z", "[ACME-15] Handover of XYLO", ""),
            event("b", "20260303T090000Z", "20260303T100000Z", "Who knows", ""),
        ]);
        world.sync();
        world.run(&["users", "set", DANA, "--role", "staff"]).expect("set");
        let (writes, reads) = (token(&world, "writes", DANA, &["entries:write", "exceptions:write"]), full_token(&world, "reads", DANA));
        let (entry, question) = (text(&world.entries()[0], "id").to_owned(), text(&world.exceptions()[0], "id").to_owned());
        let api = Api::serve(&world);
        let send = |token: &str, method: &str, path: &str, tag: &str, body: &Value| api.send(token, method, path, &[("If-Match", tag)], Some(body));
        let path = format!("/entries/{entry}");
        let stale = send(&writes, "PATCH", &path, "\"7\"", &json!({}));
        assert!(stale.status == 412 && !stale.body["detail"].as_str().expect("words").contains("version 1"), "{}", stale.body);
        // What says nothing does nothing, and is not written down.
        let nothing = send(&writes, "PATCH", &path, "\"1\"", &json!({}));
        assert_eq!((nothing.status, nothing.header("etag"), &nothing.body), (204, "\"1\"", &Value::Null));
        assert_eq!(world.json(&["audit", &entry]), json!([]));
        let done = send(&writes, "PATCH", &path, "\"1\"", &json!({ "billable": false }));
        assert_eq!((done.status, done.header("etag"), &done.body), (204, "\"2\"", &Value::Null));
        let resolved = send(&writes, "POST", &format!("/exceptions/{question}/resolve"), "\"1\"", &json!({ "project": "GBX-3" }));
        assert_eq!((resolved.status, &resolved.body), (204, &Value::Null));
        let bulk = json!({ "act": "submit", "items": [{ "id": entry, "version": 1 }] });
        let row = |token: &str, bulk: &Value| api.send(token, "POST", "/entries/bulk", &[], Some(bulk)).body["items"][0].clone();
        assert_eq!(row(&writes, &bulk)["problem"]["detail"], "It is another version now than the one you saw.");
        let bulk = json!({ "act": "submit", "items": [{ "id": entry, "version": 2 }] });
        let submitted = row(&writes, &bulk);
        assert_eq!((&submitted["status"], &submitted["entry"]), (&json!(200), &Value::Null), "{submitted}");
        let read = send(&reads, "POST", &format!("{path}/withdraw"), "\"3\"", &Value::Null);
        assert_eq!((read.status, &read.body["task"]), (200, &json!("Handover")), "{}", read.body);
    }
}
