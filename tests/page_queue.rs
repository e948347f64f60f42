//! What a question, a week and an approval show, to whom, and what their forms mean.

use serde_json::{Value, json};

use crate::{
    api::{Api, full_token},
    pages::{EVA, KIM, OPS, PASSWORD, Person, Served, block_on, firm, people, served},
    support::{DANA, World, event, on_each_database, text},
};

pub(crate) async fn page(served: &Served, path: &str, who: &Person) -> String {
    served.get(path, Some(who)).await.text().await.expect("a page")
}

pub(crate) async fn send(served: &Served, who: &Person, path: &str, form: &[(&str, &str)]) -> (u16, String) {
    let answer = served.post(path, Some(who), &[form, &[("csrf", &who.csrf)]].concat(), &[]).await;
    (answer.status().as_u16(), answer.headers().get("location").map_or("", |to| to.to_str().expect("text")).to_owned())
}

/// The fields of the form that is sent to an address, as a browser sends them back if nothing is typed.
fn filled(page: &str, action: &str) -> Vec<(String, String)> {
    let forms = page.split("<form").filter(|form| form.contains(&format!("action=\"{action}\"")) && form.contains("name=\"was\""));
    let form = forms.last().expect("a form").split("</form>").next().expect("its end");
    let of =
        |input: &str, name: &str| input.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
    form.split("<input").skip(1).filter_map(|input| Some((of(input, "name")?, of(input, "value").unwrap_or_default()))).collect()
}

fn typed<'a>(fields: &'a [(String, String)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(known, _)| known != name && known != "csrf").map(|(name, value)| (name.as_str(), value.as_str()));
    kept.chain([(name, value)]).collect()
}

pub(crate) fn id_of(list: &[Value], name: &str, value: &str) -> String {
    list.iter().find(|one| one[name] == value).map(|one| text(one, "id").to_owned()).expect("one")
}

on_each_database! {
    fn a_question_shows_what_its_reader_may_read_and_do(world: World) {
        firm(&world);
        world.calendar(&[event("y", "20260303T090000Z", "20260303T103000Z", "[ACME-15] Handover of XYLO", "")]);
        world.sync();
        world.run(&["entries", "add", "--staff", DANA, "--date", "2026-03-03", "--start", "10:00", "--end", "11:00", "project=GBX-3", "task=Sounding", "description=about QUUX"]).expect("written");
        let question = id_of(&world.exceptions(), "reason", "overlap");
        let item = format!("/queue?item={question}");
        let (kim, token) = (id_of(world.json(&["users", "list"]).as_array().expect("people"), "email", KIM), full_token(&world, "ops", OPS));
        block_on(async {
            let served = served(&world);
            let people = people(&served).await;
            let keys = |page: &str| ["1", "d", "n", "s", "e"].into_iter().filter(|key| page.contains(&format!("data-key=\"{key}\""))).collect::<String>();
            for (email, reads, pressed, hands) in [(DANA, true, "1ne", false), (EVA, true, "1dnse", true), (OPS, false, "s", true)] {
                let page = page(&served, &item, &people[email]).await;
                assert_eq!((page.contains("about QUUX"), page.contains("Sounding")), (reads, reads), "{email}: {page}");
                assert_eq!((keys(&page).as_str(), page.contains("Hand it to someone")), (pressed, hands), "{email}");
                assert!(!page.contains("kim@northwind.example</option>"), "{email}: she may not see it");
            }
            assert_eq!(send(&served, &people[EVA], &format!("/queue/{question}"), &[("act", "assign"), ("to", &kim)]).await.0, 422);
            let api = Api::at(served.host());
            let tag = api.send(&token, "GET", &format!("/exceptions/{question}"), &[], None).header("etag").to_owned();
            let got = api.send(&token, "POST", &format!("/exceptions/{question}/assign"), &[("If-Match", &tag)], Some(&json!({ "to": KIM })));
            assert_eq!(got.status, 422, "{}", got.body);
        });
        assert!(world.exceptions().iter().all(|one| one["assignee"] == Value::Null), "{:?}", world.exceptions());
    }

    fn only_what_someone_typed_is_a_decision(world: World) {
        firm(&world);
        world.calendar(&[
            event("x", "20260302T090037Z", "20260302T100052Z", "Something secret", ""),
            event("y", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Work on\\nlines", ""),
        ]);
        world.sync();
        let question = id_of(&world.exceptions(), "reason", "unmatched");
        let entry = id_of(&world.entries(), "project", "ACME-15");
        let whole = |id: &str| world.entries().into_iter().find(|one| one["id"] == id).expect("it");
        let held = world.entries().iter().find(|one| one["project"] == Value::Null).map(|one| text(one, "id").to_owned()).expect("it");
        let before = whole(&held);
        block_on(async {
            let served = served(&world);
            let dana = served.sign_in(DANA, PASSWORD).await.expect("signed in");
            let queue = format!("/queue/{question}");
            let fields = filled(&page(&served, &format!("/queue?item={question}"), &dana).await, &queue);
            assert_eq!(send(&served, &dana, &queue, &typed(&fields, "project", "GBX-3")).await.0, 303);
            let week = format!("/week?of=2026-03-03&entry={entry}");
            let path = format!("/entries/{entry}");
            let fields = filled(&page(&served, &week, &dana).await, &path);
            let mut form = typed(&fields, "description", "");
            form.push(("act", "change"));
            let (status, next) = send(&served, &dana, &path, &form).await;
            assert_eq!(status, 303);
            let undo = page(&served, &next, &dana).await;
            assert!(undo.contains("name=\"back\" value=\"/week?of=2026-03-02"), "taken back, one is where one was: {undo}");
        });
        let (after, emptied) = (whole(&held), whole(&entry));
        assert_eq!((&after["seconds"], &after["start"], text(&after, "project")), (&before["seconds"], &before["start"], "GBX-3"));
        assert_eq!((&emptied["description"], text(&emptied, "project"), text(&emptied, "task")), (&Value::Null, "ACME-15", "Meeting"));
        let kinds = world.rows("select kind from decision order by seq");
        assert_eq!(kinds, ["assign", "assign"], "no time was given");
    }

    fn what_a_reviewer_approved_herself_is_no_news(world: World) {
        firm(&world);
        let dana = id_of(world.json(&["users", "list"]).as_array().expect("people"), "email", DANA);
        let week = format!("/approve?of=2026-03-02&person={dana}");
        block_on(async {
            let served = served(&world);
            let eva = served.sign_in(EVA, PASSWORD).await.expect("signed in");
            let shown = page(&served, &week, &eva).await;
            let of = |name: &str| shown.split(&format!("name=\"{name}\" value=\"")).nth(1).and_then(|rest| rest.split('"').next()).expect(name).to_owned();
            let (one, seconds, digest) = (of("one"), of("seconds"), of("digest"));
            let form = [("person", dana.as_str()), ("of", "2026-03-02"), ("seconds", &seconds), ("digest", &digest), ("act", "approve"), ("one", &one)];
            assert_eq!(send(&served, &eva, "/approve", &form).await.0, 303);
            let approved = page(&served, &week, &eva).await;
            assert!(approved.contains("approved") && !approved.contains("changed since you saw it"), "{approved}");
            world.run(&["entries", "add", "--staff", DANA, "--date", "2026-03-04", "--start", "10:00", "--end", "11:00", "project=GBX-3"]).expect("written");
            assert!(page(&served, &week, &eva).await.contains("changed since you saw it: it was"));
        });
    }
}
