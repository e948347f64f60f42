//! Rule files become active when they change and nothing speaks against them; else the set that was active stays, and everyone is told.

use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    daemons::{Daemon, wait_until},
    support::{World, event, on_each_database, text},
};

const FOUND: i32 = 3;

/// One hour of `title` on each of the first `days` of March.
fn calendar(world: &World, titles: &[&str]) {
    let at = |(number, title): (usize, &&str)| {
        let day = number + 2;
        event(&format!("e{number}"), &format!("202603{day:02}T090000Z"), &format!("202603{day:02}T100000Z"), title, "")
    };
    world.calendar(&titles.iter().enumerate().map(at).collect::<Vec<_>>());
    world.sync();
}

/// A rule that gives events with a word a task.
fn rule(word: &str, task: &str) -> String {
    format!("rules:\n  - {{id: {word}, section: overrides, when: {{title: {{words: [{word}]}}}}, set: {{task: {task}}}}}\n")
}

fn write(world: &World, file: &str, text: &str) {
    std::fs::write(world.path(file), text).expect("written");
}

fn copy(world: &World, to: &str) {
    std::fs::create_dir_all(world.path(to)).expect("a folder");
    for name in ["rules.yaml", "clients.yaml"] {
        std::fs::copy(world.path("rules").join(name), world.path(to).join(name)).expect("copied");
    }
}

/// What a command answers, and its exit code.
fn told(world: &World, args: &[&str]) -> (i32, Value, String) {
    let args: Vec<_> = args.iter().copied().chain(["--format", "json"]).collect();
    let out = world.output(&args);
    let complaint = String::from_utf8_lossy(&out.stderr).into_owned();
    (out.status.code().expect("a code"), serde_json::from_slice(&out.stdout).unwrap_or(Value::Null), complaint)
}

fn status(world: &World) -> Value {
    told(world, &["rules", "status"]).1
}

/// The task of the first entry, as it stands.
fn task(world: &World) -> String {
    text(&world.entries()[0], "task").to_owned()
}

/// Reloads, newest first, as `active` or `refused`.
fn outcomes(world: &World) -> Vec<String> {
    let history = world.json(&["rules", "history"]);
    history.as_array().expect("a list").iter().map(|one| text(one, "outcome").to_owned()).collect()
}

/// A daemon that settles and watches; its calendars were read before.
fn daemon(world: &World) -> Daemon {
    world.configure_lasting("listen: 127.0.0.1:0\n");
    started(world)
}

fn started(world: &World) -> Daemon {
    let daemon = Daemon::start(world);
    wait_until("it runs", || daemon.log().contains("Kalends is running"));
    daemon
}

#[expect(clippy::disallowed_methods, reason = "that nothing happens is seen only by waiting")]
fn a_while() {
    std::thread::sleep(std::time::Duration::from_secs(4));
}

on_each_database! {
    fn a_half_written_file_changes_nothing_until_it_is_whole(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        let daemon = daemon(&world);
        let whole = rule("plan", "Craft");
        write(&world, "rules/more.yaml", &whole[..whole.len() - 12]);
        wait_until("it is refused", || status(&world)["refused"] != Value::Null);
        assert_eq!((task(&world).as_str(), outcomes(&world)), ("Meeting", vec!["refused".to_owned(), "active".to_owned()]));
        assert!(daemon.log().contains("error[Y0") && daemon.log().contains("rules/more.yaml:2"), "{}", daemon.log());
        write(&world, "rules/more.yaml", &whole);
        wait_until("it is whole", || task(&world) == "Craft");
        let now = status(&world);
        assert_eq!((&now["folder"]["state"], &now["refused"], text(&now["active"], "actor")), (&json!("same"), &Value::Null, "kalends"));
        assert!(daemon.stop(), "it ends well");
    }

    fn a_folder_that_a_link_now_leads_to_is_a_change(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        for (folder, task) in [("v1", "One"), ("v2", "Two"), ("v3", "Three")] {
            copy(&world, folder);
            write(&world, &format!("{folder}/more.yaml"), &rule("plan", task));
        }
        std::fs::remove_dir_all(world.path("rules")).expect("gone");
        symlink("v1", world.path("rules")).expect("a link");
        let daemon = daemon(&world);
        wait_until("the first is active", || task(&world) == "One");
        for (folder, name) in [("v2", "Two"), ("v3", "Three")] {
            symlink(folder, world.path("next")).expect("a link");
            std::fs::rename(world.path("next"), world.path("rules")).expect("swapped");
            wait_until("the next is active", || task(&world) == name);
        }
        assert!(daemon.stop(), "it ends well");
    }

    fn a_file_that_goes_takes_its_rules_with_it_unless_others_need_it(world: World) {
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        calendar(&world, &["[ACME-15] Plan"]);
        let daemon = daemon(&world);
        assert_eq!(task(&world), "Craft");
        std::fs::remove_file(world.path("rules/more.yaml")).expect("gone");
        wait_until("its rule is gone", || task(&world) == "Meeting");
        let clients = std::fs::read_to_string(world.path("rules/clients.yaml")).expect("a file");
        std::fs::remove_file(world.path("rules/clients.yaml")).expect("gone");
        wait_until("it is refused", || status(&world)["refused"] != Value::Null);
        assert_eq!(text(&world.entries()[0], "project"), "ACME-15");
        assert!(daemon.log().contains("error[R012]"), "{}", daemon.log());
        std::fs::rename(world.path("rules"), world.path("away")).expect("moved");
        wait_until("it says that there is no folder", || daemon.log().contains("cannot be read"));
        assert_eq!((&status(&world)["folder"]["state"], text(&world.entries()[0], "project")), (&json!("unreadable"), "ACME-15"));
        std::fs::rename(world.path("away"), world.path("rules")).expect("back");
        write(&world, "rules/clients.yaml", &clients);
        wait_until("the folder holds what is active", || status(&world)["folder"]["state"] == "same");
        assert!(daemon.stop(), "it ends well");
    }

    fn files_saved_the_way_editors_do_are_seen(world: World) {
        write(&world, "rules/more.yaml", &rule("plan", "One"));
        calendar(&world, &["[ACME-15] Plan"]);
        let daemon = daemon(&world);
        let at = |name: &str| world.path("rules").join(name);
        // vim: a swap file, a test file, the old one renamed, a new one written, both leftovers deleted.
        write(&world, "rules/.more.yaml.swp", "b0VIM 9.0");
        write(&world, "rules/4913", "");
        std::fs::remove_file(at("4913")).expect("gone");
        std::fs::rename(at("more.yaml"), at("more.yaml~")).expect("renamed");
        write(&world, "rules/more.yaml", &rule("plan", "Two"));
        std::fs::remove_file(at("more.yaml~")).expect("gone");
        wait_until("vim's is seen", || task(&world) == "Two");
        // Others write beside it and rename over it; Emacs locks with a link that leads nowhere.
        symlink("someone@host.1234:5678", at(".#more.yaml")).expect("a lock");
        write(&world, "rules/.more.yaml.tmp.yaml", &rule("plan", "Three"));
        std::fs::rename(at(".more.yaml.tmp.yaml"), at("more.yaml")).expect("renamed");
        wait_until("a rename is seen", || task(&world) == "Three");
        assert!(!daemon.log().contains("cannot be read") && !outcomes(&world).contains(&"refused".to_owned()), "{}", daemon.log());
        assert!(daemon.stop(), "it ends well");
    }

    fn what_was_replaced_while_no_daemon_ran_waits_for_sighup(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        copy(&world, "tried");
        write(&world, "tried/more.yaml", &rule("plan", "Tried"));
        world.run(&["rules", "reload", "--rules", "tried"]).expect("active");
        let daemon = daemon(&world);
        a_while();
        assert_eq!(task(&world), "Tried", "its own folder held what had been replaced");
        assert!(daemon.log().contains("were active once and are not now"), "{}", daemon.log());
        daemon.signal(Signal::SIGHUP);
        wait_until("it is asked to read its folder", || task(&world) == "Meeting");
        assert!(daemon.stop(), "it ends well");
        write(&world, "rules/more.yaml", &rule("plan", "Fresh"));
        let daemon = started(&world);
        wait_until("what is new is taken over at the start", || task(&world) == "Fresh");
        assert!(daemon.stop(), "it ends well");
    }

    fn daemons_with_different_folders_do_not_take_turns(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        copy(&world, "other");
        write(&world, "other/more.yaml", &rule("plan", "Other"));
        let folder = |name: &str| world.configure_lasting(&format!("listen: 127.0.0.1:0\nrules: {name}\n"));
        // SQLite has one daemon at a time; on PostgreSQL they run beside each other.
        let is_alone = world.path("kalends.db").exists();
        let mut running = Vec::new();
        for _round in 0..3 {
            for name in ["rules", "other"] {
                folder(name);
                running.push(started(&world));
                if is_alone {
                    assert!(running.pop().is_some_and(Daemon::stop), "it ends well");
                }
            }
        }
        if !is_alone {
            a_while();
        }
        assert_eq!(outcomes(&world), ["active", "active"], "the first, and the one that was new");
        assert!(running.into_iter().all(Daemon::stop), "they end well");
        let folder = world.path("other").canonicalize().expect("a folder").display().to_string();
        assert!(text(&status(&world)["active"], "folder").ends_with(&format!(":{folder}")), "{}", status(&world));
    }

    fn timers_with_different_folders_do_not_take_turns(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        copy(&world, "other");
        let sync = |folder: &str| {
            world.configure_lasting(&format!("rules: {folder}\n"));
            told(&world, &["sync"])
        };
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        for _round in 0..3 {
            assert_eq!((sync("rules").0, task(&world).as_str()), (0, "Craft"));
            let (code, _, complaint) = sync("other");
            assert_eq!((code, task(&world).as_str()), (0, "Craft"), "an old copy beside it changes nothing");
            assert!(complaint.contains("other were active once and are not now"), "{complaint}");
        }
        assert_eq!(outcomes(&world), ["active", "active"]);
        // What is new in either counts, also where it goes back to what was.
        write(&world, "other/more.yaml", &rule("plan", "Other"));
        for (folder, task_now) in [("other", "Other"), ("rules", "Other"), ("other", "Other")] {
            assert_eq!((sync(folder).0, task(&world).as_str()), (0, task_now), "{folder}");
        }
        std::fs::remove_file(world.path("other/more.yaml")).expect("gone");
        for folder in ["other", "rules", "other"] {
            assert_eq!((sync(folder).0, task(&world).as_str()), (0, "Meeting"), "{folder}");
        }
    }

    fn what_was_rolled_back_stays_so_at_the_next_sync(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        copy(&world, "old");
        write(&world, "rules/more.yaml", &rule("plan", "Slip"));
        world.sync();
        assert_eq!(task(&world), "Slip");
        world.run(&["rules", "reload", "--rules", "old"]).expect("rolled back");
        for _time in 0..2 {
            assert_eq!(told(&world, &["sync"]).0, 0);
            assert_eq!(task(&world), "Meeting");
        }
        let daemon = daemon(&world);
        a_while();
        assert!(task(&world) == "Meeting" && daemon.stop(), "nor does a daemon bring it back");
        write(&world, "rules/more.yaml", &rule("plan", "Mended"));
        world.sync();
        assert_eq!(task(&world), "Mended", "a change of the folder counts");
        world.run(&["rules", "reload", "--rules", "old"]).expect("rolled back");
        world.run(&["rules", "reload"]).expect("meant");
        assert_eq!(task(&world), "Mended", "and so does asking for it");
    }

    fn time_that_would_be_gone_has_to_be_meant_held_or_not_fresh_or_not(world: World) {
        let titles: Vec<String> = (0..8).map(|number| format!("Unknown {number}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).chain(["[ACME-15] Plan"; 2]).collect();
        calendar(&world, &titles);
        let (before, asked) = (world.entries(), world.exceptions());
        assert_eq!((before.len(), asked.len()), (10, 8));
        let slip = "rules:\n  - {id: slip, section: guards, when: {title: {words: [plan, unknown]}}, skip: free}\n";
        for now in ["2026-03-20T12:00:00Z", "2026-07-20T12:00:00Z"] {
            world.now(now);
            write(&world, "rules/more.yaml", slip);
            let (code, _, complaint) = told(&world, &["rules", "reload"]);
            assert!(code == FOUND && complaint.contains("10:00 h (10 entries) would be gone, and no longer asked about"), "{complaint}");
            assert_eq!(told(&world, &["sync"]).0, FOUND);
            assert_eq!((world.entries(), world.exceptions()), (before.clone(), asked.clone()));
            std::fs::remove_file(world.path("rules/more.yaml")).expect("gone");
        }
        write(&world, "rules/more.yaml", slip);
        world.run(&["rules", "reload", "--force"]).expect("meant");
        assert_eq!(world.entries().len(), 0);
    }

    fn a_set_that_sends_most_time_to_the_queue_has_to_be_meant(world: World) {
        calendar(&world, &["[ACME-15] Plan"; 14]);
        let before = world.entries();
        write(&world, "rules/more.yaml", "rules:\n  - {id: all, section: overrides, when: {title: {words: [plan]}}, review: look at it}\n");
        let (code, _, complaint) = told(&world, &["rules", "reload"]);
        assert!(code == FOUND && complaint.contains("of 14:00 h in the last 6 weeks that are ready, 14:00 h (14 entries)"), "{complaint}");
        assert!(told(&world, &["sync"]).2.contains("most time would go to the queue"));
        assert_eq!((world.entries(), outcomes(&world)), (before.clone(), vec!["refused".to_owned(), "active".to_owned()]));
        let (code, now, _) = told(&world, &["rules", "status"]);
        assert!(code == FOUND && now["folder"]["state"] == "differs" && text(&now["refused"], "told").contains("14 entries"), "{now}");
        let (code, done, _) = told(&world, &["rules", "reload", "--force"]);
        assert_eq!((code, &done["outcome"], &done["entries"]), (0, &json!("active"), &json!(14)));
        assert!(world.entries().iter().all(|entry| entry["held"] == true));
        // Time that would be gone is as bad as time that would be held; half of it is nothing unusual.
        write(&world, "rules/more.yaml", "");
        world.run(&["rules", "reload"]).expect("back");
        write(&world, "rules/more.yaml", "rules:\n  - {id: all, section: overrides, when: {title: {words: [plan]}}, skip: no work}\n");
        assert_eq!(told(&world, &["rules", "reload"]).0, FOUND);
        write(&world, "rules/more.yaml", "rules:\n  - {id: all, section: overrides, from: 2026-03-09, when: {title: {words: [plan]}}, skip: no work}\n");
        assert_eq!(told(&world, &["rules", "reload"]).0, 0);
    }

    fn only_days_that_read_differently_are_written_again(world: World) {
        calendar(&world, &["[ACME-15] Plan", "[ACME-15] Build", "[ACME-15] Plan", "[GBX-3] Build", "[GBX-3] Talk"]);
        let versions = || world.entries().iter().map(|entry| (text(entry, "date").to_owned(), entry["version"].clone())).collect::<Vec<_>>();
        let settled = || world.rows("select cast(count(*) as text) from change");
        let (before, written) = (versions(), settled());
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        let (_, done, _) = told(&world, &["rules", "reload"]);
        assert_eq!((&done["days"], &done["entries"], &done["exceptions"]), (&json!(2), &json!(2), &json!(0)));
        let changed: Vec<_> = versions().into_iter().zip(&before).filter(|(now, old)| now != *old).map(|(now, _)| now.0).collect();
        assert_eq!(changed, ["2026-03-02", "2026-03-04"]);
        let again = settled();
        assert_eq!(again[0].parse::<i64>().expect("a number") - written[0].parse::<i64>().expect("a number"), 2);
        // What says the same in other words wakes no day.
        write(&world, "rules/more.yaml", &format!("# In other words.\n{}", rule("plan", "Craft")));
        let (_, done, _) = told(&world, &["rules", "reload"]);
        assert_eq!((&done["outcome"], &done["days"], settled()), (&json!("active"), &json!(0), again));
        assert_eq!(told(&world, &["rules", "reload"]).1["outcome"], "same");
    }

    fn a_set_whose_own_tests_fail_is_refused(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        let test = "tests:\n  - {name: it is built, event: {title: '[ACME-15] Plan'}, expect: {task: Building}}\n";
        write(&world, "rules/more.yaml", &format!("{}{test}", rule("plan", "Craft")));
        let (code, done, complaint) = told(&world, &["rules", "reload", "--force"]);
        assert_eq!((code, &done["outcome"], task(&world).as_str()), (FOUND, &json!("refused"), "Meeting"));
        assert!(complaint.contains("FAIL it is built") && complaint.contains("expected Building, got Craft"), "{complaint}");
        let now = status(&world);
        assert!(now["folder"]["state"] == "refused" && text(&now["folder"], "told").contains("expected Building, got Craft"), "{now}");
        assert!(world.run(&["sync"]).expect_err("told").contains("1 test of the rule files fails"));
        assert!(world.run(&["doctor"]).is_err() && outcomes(&world) == ["refused", "active"], "once, however often it is tried");
    }

    fn a_set_has_one_name_everywhere(world: World) {
        world.configure_lasting("rounding: {minutes: 15}\n");
        calendar(&world, &["[ACME-15] Plan"]);
        let entry = text(&world.entries()[0], "id").to_owned();
        write(&world, "event.json", r#"{"title": "[ACME-15] Plan"}"#);
        let name = |args: &[&str]| text(&told(&world, args).1, "rule_set").to_owned();
        let active = text(&status(&world)["active"], "rule_set").to_owned();
        assert_eq!(name(&["rules", "check"]), active);
        assert_eq!(name(&["rules", "explain", &entry]), active);
        assert_eq!(name(&["rules", "explain", "--event", "event.json"]), active);
        // What the folder holds has its name before it is active, and may be named so.
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        let next = name(&["rules", "check"]);
        assert_ne!(next, active);
        assert_eq!(told(&world, &["rules", "diff", &active[..12], &next[..12]]).1["differing"], json!(1));
        assert!(world.run(&["rules", "diff", "active", "00000000"]).expect_err("no such set").contains("nor what rules holds now"));
        world.run(&["rules", "reload"]).expect("active");
        assert_eq!(text(&status(&world)["active"], "rule_set"), next);
        // Without a configuration it is the name under one that says nothing.
        std::fs::create_dir(world.path("apart")).expect("a folder");
        let plain = name(&["rules", "check", "--config", "apart/none.yaml"]);
        assert_ne!(plain, next);
        world.configure_lasting("");
        assert_eq!(name(&["rules", "check"]), plain);
    }

    fn calendars_are_read_beside_a_folder_that_is_refused(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        write(&world, "rules/more.yaml", &rule("plan", "Craft").replace("set:", "sett:"));
        world.calendar(&[event("e0", "20260302T090000Z", "20260302T110000Z", "[ACME-15] Plan", "")]);
        let (code, synced, complaint) = told(&world, &["sync"]);
        assert_eq!((code, &synced["calendars"][0]["saved"], &synced["entries"]), (FOUND, &json!(1), &json!(1)), "{complaint}");
        assert!(complaint.contains("Y008") && complaint.ends_with("1 finding; the rules that were active before still are\n"), "{complaint}");
        assert!(!complaint.contains("nothing was changed"), "{complaint}");
        // Hints and warnings do not hide the one thing that is to be mended.
        let behind = "rules:\n  - {id: all, section: guards, skip: no}\n";
        write(&world, "rules/more.yaml", behind);
        let (code, _, complaint) = told(&world, &["rules", "reload"]);
        assert_eq!((code, complaint.matches("[R019]").count(), complaint.matches("[R022]").count()), (FOUND, 1, 0), "{complaint}");
        assert!(complaint.ends_with("1 finding; the rules that were active before still are\n"), "{complaint}");
        write(&world, "rules/more.yaml", &rule("plan", "Craft").replace("set:", "sett:"));
        // What could not be read at all is a failure.
        std::fs::remove_file(world.path("work.ics")).expect("gone");
        assert_eq!(told(&world, &["sync"]).0, 1);
    }

    fn refused_files_are_told_in_the_digest_of_ops_until_they_are_mended(world: World) {
        calendar(&world, &["[ACME-15] Plan"]);
        world.configure_lasting("digest: {ops: [ops@northwind.example], command: [sh, -c, \"cat > told; echo $0 >> told\"]}\n");
        let digests = || (world.run(&["job", "digest"]).expect("ran"), std::fs::read_to_string(world.path("told")).unwrap_or_default());
        assert!(digests().0.contains("0 digests"), "there is nothing to say");
        write(&world, "rules/more.yaml", &rule("plan", "Craft").replace("set:", "sett:"));
        assert_eq!(told(&world, &["sync"]).0, FOUND);
        let (sent, told_ops) = digests();
        assert!(sent.contains("1 digest"), "{sent}");
        assert!(told_ops.contains("rule files were refused") && told_ops.contains("error[Y008]") && told_ops.contains("rules/more.yaml:2"), "{told_ops}");
        // Refused files of another folder, as another machine's timer has them, are told as well.
        copy(&world, "other");
        write(&world, "other/more.yaml", &rule("plan", "Other").replace("set:", "sett:"));
        std::fs::remove_file(world.path("rules/more.yaml")).expect("gone");
        assert!(digests().0.contains("0 digests"), "mended");
        assert_eq!(told(&world, &["rules", "reload", "--rules", "other"]).0, FOUND);
        let (_, told_ops) = digests();
        assert!(told_ops.contains("other was refused at 2026-03-20") && told_ops.contains("error[Y008]"), "{told_ops}");
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        world.sync();
        assert!(digests().0.contains("0 digests"), "what became active since ends it");
    }

    fn nothing_is_read_before_there_are_rules(world: World) {
        write(&world, "rules/more.yaml", &rule("plan", "Craft").replace("set:", "sett:"));
        let (code, synced, complaint) = told(&world, &["sync"]);
        assert_eq!((code, synced), (FOUND, Value::Null));
        assert!(complaint.ends_with("no rules are active yet, and no calendar was read\n"), "{complaint}");
        std::fs::remove_dir_all(world.path("rules")).expect("gone");
        let (code, _, complaint) = told(&world, &["sync"]);
        assert!(code == 1 && complaint.contains("no calendar was read: cannot read the folder"), "{complaint}");
    }

    fn totals_of_days_and_the_house_policy_are_behaviour(world: World) {
        calendar(&world, &["[ACME-15] Plan", "[ACME-15] Build"]);
        copy(&world, "tried");
        let rules = std::fs::read_to_string(world.path("rules/rules.yaml")).expect("rules");
        write(&world, "tried/rules.yaml", &rules.replace("{day_total: {min: 10h}}", "{day_total: {min: 1h}}"));
        let (code, found, _) = told(&world, &["rules", "diff", "active", "tried"]);
        assert_eq!((code, &found["differing"], &found["days"]), (FOUND, &json!(0), &json!(2)), "{found:#}");
        let one = &found["differences"][0];
        assert_eq!((text(one, "what"), text(one, "from"), text(one, "to"), text(one, "rule_after")), ("day-too-full (days)", "nothing", "asked", "day-too-full"));
        assert!(world.output(&["rules", "diff", "active", "tried"]).stdout.starts_with(b"0 of 2 events read differently, and 2 days by their totals"));
        // A limit that no day comes near to is no difference.
        write(&world, "tried/rules.yaml", &rules.replace("{day_total: {min: 10h}}", "{day_total: {min: 9h}}"));
        assert_eq!(told(&world, &["rules", "diff", "active", "tried"]).0, 0);
        world.configure_lasting("rounding: {minutes: 15}\n");
        let (code, found, _) = told(&world, &["rules", "diff", "active", "tried"]);
        assert_eq!((code, &found["differing"], &found["policy"][0]["to"]), (FOUND, &json!(0), &json!("to 15 minutes (nearest), per entry")));
    }

    fn history_and_differences_are_told_in_behaviour(world: World) {
        calendar(&world, &["[ACME-15] Plan", "[ACME-15] Build", "[ACME-15] Plan", "Lunch", "Unknown"]);
        write(&world, "rules/more.yaml", &rule("plan", "Craft"));
        world.output_as("eva@northwind.example", &["rules", "reload"]);
        write(&world, "rules/more.yaml", &rule("plan", "Craft").replace("set: {task: Craft}", "skip: not ours"));
        world.run(&["rules", "reload"]).expect("active");
        let history = world.json(&["rules", "history"]);
        let who: Vec<_> = history.as_array().expect("a list").iter().map(|one| (one["number"].clone(), text(one, "actor"), one["days"].clone())).collect();
        assert_eq!(who, [(json!(3), "ops@northwind.example", json!(2)), (json!(2), "eva@northwind.example", json!(2)), (json!(1), "ops@northwind.example", json!(0))]);
        let (code, same, _) = told(&world, &["rules", "diff", "3", "active"]);
        assert_eq!((code, &same["differing"], &same["events"]), (0, &json!(0), &json!(5)));
        let (code, found, _) = told(&world, &["rules", "diff", "1", "2"]);
        let one = &found["differences"][0];
        assert_eq!((code, &found["differing"], found["differences"].as_array().map(Vec::len)), (FOUND, &json!(2), Some(1)));
        assert_eq!((text(one, "what"), text(one, "from"), text(one, "to"), text(one, "rule_after"), &one["seconds"]), ("task", "Meeting", "Craft", "plan", &json!(7200)));
        let newest = text(&history[0], "rule_set")[..12].to_owned();
        let (_, found, _) = told(&world, &["rules", "diff", "2", &newest]);
        assert_eq!((text(&found["differences"][0], "from"), text(&found["differences"][0], "to")), ("known", "skipped"));
        // What comes of events is compared, not how rules come by it: tags are a set, defaults fill what is missing, names are names.
        let tagged = |rules: &str| format!("rules:\n{rules}  - {{id: b, section: tasks, when: {{title: {{words: [plan]}}}}, set: {{task: Craft, tags: [odd, even]}}}}\n");
        copy(&world, "tagged");
        write(&world, "tagged/more.yaml", &tagged("  - {id: a, section: tasks, when: {title: {words: [plan]}}, set: {tags: [odd]}}\n"));
        copy(&world, "other");
        write(&world, "other/more.yaml", &tagged("").replace("id: b", "id: renamed").replace("[odd, even]", "[even, odd]"));
        let defaults = |from: &str, to: &str| {
            let text = std::fs::read_to_string(world.path("other/rules.yaml")).expect("a file");
            write(&world, "other/rules.yaml", &text.replace(from, to));
        };
        defaults("  - {id: too-long,", "  - {id: much-too-long, reason: too-long,");
        assert_eq!(told(&world, &["rules", "diff", "tagged", "other"]), (0, json!({ "events": 5, "differing": 0, "days": 0, "policy": [], "differences": [] }), String::new()));
        // A default that no event comes to is no difference, one that fills a field is; and so is what clients.yaml says of a project.
        defaults("defaults: {task: Meeting", "defaults: {task: Talk");
        let clients = std::fs::read_to_string(world.path("other/clients.yaml")).expect("a file");
        write(&world, "other/clients.yaml", &clients.replace("ACME-15: {name: Support retainer, billable: true}", "ACME-15: {name: Support retainer, billable: false}"));
        let (code, found, _) = told(&world, &["rules", "diff", "tagged", "other"]);
        let all: Vec<_> = found["differences"].as_array().expect("a list").iter().map(|one| (text(one, "what"), text(one, "from"), text(one, "to"), one["events"].clone())).collect();
        assert_eq!((code, all), (FOUND, vec![("billable", "true", "false", json!(3)), ("task", "Meeting", "Talk", json!(1))]));
        // A folder that differs in words alone is no difference.
        copy(&world, "tried");
        write(&world, "tried/other-name.yaml", &format!("# moved\n{}", std::fs::read_to_string(world.path("rules/more.yaml")).expect("a file")));
        assert_eq!(told(&world, &["rules", "diff", "active", "tried"]).1["differing"], json!(0));
        assert!(world.run(&["rules", "diff", "99", "active"]).expect_err("unknown").contains("is no set that was active"));
        assert!(world.run(&["rules", "diff", "active", "active", "--from", "2026-03-02", "--to", "2026-03-01"]).expect_err("no span").contains("after --to"));
    }
}
