//! What is written comes back, and what is frozen stays, on both databases.
#![expect(clippy::cloned_ref_to_slice_refs, reason = "reads as the rows that are expected")]

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::json;

use super::{Error, Store, Tx, days::Due, events::Dated, tests::on_each_database};
use crate::model::{
    catalog::Catalog,
    connection::{Cursor, Poll},
    day::Zones,
    decision::{Act, Decision},
    entry::{Body, Entry, EntryKey, EntryStatus, Origin, Provenance},
    event::{Attendee, Event, EventStatus, Fact, Response, ShowAs, Span, Text, Visibility},
    exception::{Exception, ExceptionStatus, Reason, Subject, SubjectKind},
    ids::{self, CalendarId, DaemonId, DecisionId, EntryId, EventId, ExceptionId, MeetingId, StaffId},
    staff::{Calendar, Held, Privacy, Staff, Whose},
};

pub(super) fn now() -> DateTime<Utc> {
    "2026-03-10T12:00:00.123456Z".parse().expect("an instant")
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).expect("a date")
}

pub(super) async fn open(store: &Store) -> Tx {
    store.migrate().await.expect("a schema");
    store.write().await.expect("a transaction")
}

pub(super) async fn person(tx: &mut Tx) -> Staff {
    let staff = Staff {
        id: StaffId(ids::fresh()),
        name: "Dana Voss".into(),
        addresses: vec!["dana@northwind.example".into(), "d.voss@northwind.example".into()],
        zones: Zones::dated(vec![(day(1), chrono_tz::Europe::Berlin), (day(9), chrono_tz::Asia::Tokyo)]).expect("zones"),
        working: crate::model::staff::Working::default(),
        first_day: day(1),
        last_day: None,
    };
    tx.insert_staff(&staff).await.expect("a person");
    staff
}

pub(super) async fn calendar(tx: &mut Tx, staff: &Staff) -> Calendar {
    let calendar = Calendar {
        id: CalendarId(ids::fresh()),
        staff: staff.id,
        name: "work".into(),
        location: "/calendars/dana.ics".into(),
        connection: None,
        owner: staff.email().into(),
        whose: Whose::Mine,
        privacy: Privacy::Full,
        position: 0,
    };
    tx.insert_calendar(&calendar).await.expect("a calendar");
    calendar
}

fn event(of: &Calendar, span: Span) -> Event {
    Event {
        id: EventId(ids::fresh()),
        staff: of.staff,
        calendar: of.id,
        calendar_order: 0,
        calendar_name: of.name.as_str().into(),
        meeting: MeetingId(ids::fresh()),
        fact: Fact {
            provider_id: ids::fresh().to_string(),
            ical_uid: "uid-1".into(),
            recurring: true,
            original_start: Some(span.moment()),
            span,
            status: EventStatus::Tentative,
            show_as: ShowAs::OutOfOffice,
            visibility: Visibility::Public,
            text: Text {
                title: "Ärger, \"quotes\" and 日本".into(),
                attendees: vec![Attendee { email: "a@b.example".into(), name: None, resource: true, response: Response::Declined }],
                categories: vec!["x,y".into()],
                colour: Some("teal".into()),
                event_type: None,
                conference: Some("https://meet.example/x".into()),
                organizer: Some("o@b.example".into()),
                ..Text::default()
            }
            .into(),
        },
        response: Response::Accepted,
        revision: 1,
        first_seen: now(),
        placed_at: now(),
        removed_at: None,
    }
}

fn timed(on: NaiveDate) -> Span {
    let start = on.and_hms_opt(9, 0, 0).expect("a time").and_utc();
    Span::Timed { start, end: start + TimeDelta::minutes(45), zone: chrono_tz::Europe::Berlin }
}

fn dated(event: &Event) -> Dated<'_> {
    Dated { event, first: day(3), last: day(5) }
}

fn entry(staff: StaffId, status: EntryStatus) -> Entry {
    let body = Body {
        date: day(2),
        start: now(),
        end: now() + TimeDelta::hours(1),
        timezone: chrono_tz::Asia::Tokyo,
        seconds: 3600,
        rounded_seconds: 3600,
        client: Some("acme".into()),
        project: None,
        task: None,
        billable: Some(true),
        tags: vec!["a".into(), "b".into()],
        description: None,
        held: false,
        origin: Origin::Calendar,
        external_ref: None,
        event: None,
    };
    let key = EntryKey { meeting: MeetingId(ids::fresh()), segment: 0, leg: 0 };
    Entry {
        id: EntryId(ids::fresh()),
        version: 1,
        staff,
        key,
        status,
        approved_at: None,
        submitted: None,
        body,
        provenance: Provenance::default(),
    }
}

/// So many changes, as soon as nobody on the server is in the way: PostgreSQL waits for older transactions of other books too.
async fn changes_soon(store: &Store, after: (i64, i64), count: usize) -> Vec<crate::store::changes::Change> {
    let who = crate::model::principal::Principal::operator("ops", None);
    loop {
        let found = store.read().await.expect("begun").changes_after(&who, after, 9).await.expect("read");
        if found.len() >= count {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

on_each_database! {
    async fn people_and_calendars_come_back_as_written(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let first = calendar(&mut tx, &staff).await;
        let second = calendar(&mut tx, &staff).await;
        assert_eq!(tx.staff().await.expect("people"), [staff.clone()]);
        assert_eq!(tx.staff_member(staff.id).await.expect("her"), staff);
        let held = Held { digest: "d".into(), meetings: 4, answers: 1, counted_at: now(), accepted: false };
        tx.save_pass(second.id, Some("abc"), Some(&held), now()).await.expect("saved");
        let sources = tx.calendars().await.expect("calendars");
        assert_eq!(sources[0].calendar, first);
        assert_eq!(sources[1].calendar, Calendar { position: 1, ..second });
        assert_eq!((sources[1].held.as_ref(), sources[1].digest.as_deref(), sources[1].last_success), (Some(&held), Some("abc"), Some(now())));
        assert_eq!((tx.lock_staff(staff.id).await.expect("1"), tx.lock_staff(staff.id).await.expect("2")), (1, 2));
        assert!(matches!(tx.insert_staff(&Staff { id: StaffId(ids::fresh()), ..staff }).await, Err(Error::Taken(_))));
    }

    async fn a_claim_that_ran_out_is_taken_over_and_its_holder_writes_nothing_more(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let calendar = calendar(&mut tx, &staff).await;
        let (one, other) = (DaemonId(ids::fresh()), DaemonId(ids::fresh()));
        let (soon, minute, hour) = (now() + TimeDelta::seconds(1), now() + TimeDelta::minutes(1), now() + TimeDelta::hours(1));
        // A claim of no length: it has run out by the next statement, whichever clock counts.
        let (poll, fence) = tx.claim_due(one, now(), now(), 9).await.expect("claims").pop().expect("it is due");
        assert!(tx.next_poll(hour).await.expect("a time").is_some_and(|at| at <= hour), "what a dead daemon held is due again");
        let (_, second) = tx.claim_due(other, soon, minute, 9).await.expect("claims").pop().expect("taken over");
        assert!(matches!(tx.hold_calendar(calendar.id, fence, soon, hour).await, Err(Error::Outdated(_))));
        assert!(matches!(tx.finish_poll(&poll, fence).await, Err(Error::Outdated(_))));
        tx.hold_calendar(calendar.id, second, soon, minute).await.expect("the last claim holds");
        assert!(tx.claim_calendar(calendar.id, one, soon, hour).await.expect("asked").is_none(), "nobody else may");
        // Nothing to claim is not due either, or the daemon would ask for it without end.
        assert!(tx.next_poll(soon).await.expect("a time").is_none_or(|at| at > soon));
        tx.end_staff(staff.id, day(1)).await.expect("ended");
        tx.release_calendars(other).await.expect("given back");
        assert!(tx.next_poll(hour).await.expect("none").is_none() && tx.claim_due(one, hour, hour, 9).await.expect("none").is_empty());
    }

    async fn a_calendar_that_moved_is_read_anew_and_who_reads_the_old_place_writes_nothing_more(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let calendar = calendar(&mut tx, &staff).await;
        let (one, soon, hour) = (DaemonId(ids::fresh()), now() + TimeDelta::seconds(1), now() + TimeDelta::hours(1));
        let (poll, fence) = tx.claim_due(one, now(), hour, 9).await.expect("claims").pop().expect("it is due");
        let cursor = Cursor { etag: Some("old".into()), ..Cursor::default() };
        let poll = Poll { cursor, failures: 3, failing_since: Some(now()), failure: Some("gone".into()), due_at: hour, ..poll };
        tx.finish_poll(&poll, fence).await.expect("noted");
        let (poll, fence) = tx.claim_calendar(calendar.id, one, now(), hour).await.expect("asked").expect("claimed");
        tx.begin_polls_anew(calendar.id, soon).await.expect("anew");
        assert!(matches!(tx.hold_calendar(calendar.id, fence, soon, hour).await, Err(Error::Outdated(_))));
        assert!(matches!(tx.finish_poll(&poll, fence).await, Err(Error::Outdated(_))));
        let (anew, _) = tx.claim_due(one, soon, hour, 9).await.expect("claims").pop().expect("it is due");
        assert_eq!((anew.cursor, anew.failures, anew.failing_since, anew.failure, anew.wants_full), (Cursor::default(), 0, None, None, true));
    }

    async fn events_come_back_as_written_and_lose_their_words_when_told(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let calendar = calendar(&mut tx, &staff).await;
        let mut one = event(&calendar, timed(day(3)));
        let two = event(&calendar, Span::AllDay { first: day(4), until: day(6) });
        tx.save_events(&[dated(&one), dated(&two)], now()).await.expect("saved");
        assert_eq!(tx.events_by_ids(&[one.id, two.id]).await.expect("events"), [one.clone(), two.clone()]);
        assert_eq!(tx.events_on(staff.id, day(5), day(9)).await.expect("events"), [one.clone(), two.clone()]);
        assert!(tx.events_on(staff.id, day(6), day(9)).await.expect("events").is_empty());
        assert_eq!(tx.events_of_meetings(&[two.meeting]).await.expect("events"), [two.clone()]);
        assert_eq!(tx.events_of_uids(staff.id, &["uid-1".into(), "other".into()]).await.expect("events").len(), 2);
        one.revision = 2;
        one.fact.text = Text::default().into();
        one.fact.visibility = Visibility::Private;
        tx.save_events(&[dated(&one)], now()).await.expect("saved");
        assert_eq!(tx.event(one.id).await.expect("event"), one);
    }

    async fn an_entry_is_written_only_over_the_version_that_was_read(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let one = entry(staff.id, EntryStatus::Draft);
        tx.save_entries(std::slice::from_ref(&one)).await.expect("saved");
        assert_eq!(tx.entries_on(staff.id, day(2), day(2)).await.expect("entries"), [one.clone()]);
        assert_eq!(tx.entries_of_meetings(&[one.key.meeting]).await.expect("entries"), [one.clone()]);
        let typed = one.id.to_string();
        assert_eq!(tx.entry(&typed).await.expect("entry"), one);
        assert_eq!(tx.entry(&typed[28..].to_uppercase()).await.expect("entry"), one);
        assert!(matches!(tx.entry("%").await, Err(Error::NoneEnds(_))));
        let stale = Entry { version: 3, ..one };
        assert!(matches!(tx.save_entries(&[stale]).await, Err(Error::Outdated(_))));
    }

    async fn approved_time_is_frozen(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let one = Entry { approved_at: Some(now()), ..entry(staff.id, EntryStatus::Approved) };
        tx.save_entries(std::slice::from_ref(&one)).await.expect("saved");
        tx.commit().await.expect("kept");
        let body = Body { seconds: 1, ..one.body.clone() };
        for change in [
            Entry { version: 2, body, ..one.clone() },
            Entry { version: 2, status: EntryStatus::Void, ..one.clone() },
            Entry { version: 2, status: EntryStatus::Submitted, ..one.clone() },
        ] {
            let mut tx = store.write().await.expect("a transaction");
            assert!(matches!(tx.save_entries(&[change]).await, Err(Error::Frozen(_))));
        }
        let mut tx = store.write().await.expect("a transaction");
        tx.save_entries(&[Entry { version: 2, status: EntryStatus::Exported, ..one.clone() }]).await.expect("exported");
        assert!(matches!(tx.save_entries(&[Entry { version: 3, status: EntryStatus::Draft, ..one }]).await, Err(Error::Frozen(_))));
    }

    async fn a_decision_is_only_ever_retracted_once(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let subject = ids::fresh();
        let decision = Decision {
            id: DecisionId(ids::fresh()), staff: staff.id, subject, segment: 0, entry: None, act: Act::NotWork,
            batch: None, why: Some("private".into()), actor: "ops@northwind.example".into(), at: now(),
        };
        tx.insert_decisions(&[(decision.clone(), Some(day(3)))]).await.expect("decided");
        assert_eq!(tx.decisions_about(&[subject]).await.expect("decisions"), [decision.clone()]);
        assert_eq!(tx.decisions_on(staff.id, day(3), day(3)).await.expect("decisions"), [decision.clone()]);
        tx.retract_decision(decision.id, "ops", now()).await.expect("retracted");
        assert!(tx.decisions_about(&[subject]).await.expect("decisions").is_empty());
        assert!(matches!(tx.retract_decision(decision.id, "ops", now()).await, Err(Error::Missing(_))));
        let frozen = super::super::tests::run(&mut tx, "update decision set why = 'other'").await.expect_err("frozen");
        assert!(matches!(Error::from(frozen), Error::Frozen(_)));
    }

    async fn days_come_due_in_order_and_the_earlier_time_wins(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let soon = now() + TimeDelta::hours(1);
        tx.mark_due(staff.id, &[day(4), day(2)], Due::Fresh, soon).await.expect("marked");
        assert!(tx.staff_with_due(Due::Fresh, now()).await.expect("people").is_empty());
        tx.mark_due(staff.id, &[day(3), day(2)], Due::Fresh, now()).await.expect("marked");
        tx.mark_due(staff.id, &[day(2)], Due::Fresh, soon).await.expect("marked");
        assert_eq!(tx.staff_with_due(Due::Fresh, now()).await.expect("people"), [staff.id]);
        assert_eq!(tx.due_days(staff.id, Due::Fresh, soon, 2).await.expect("days"), [day(2), day(3)]);
        tx.settle_days(staff.id, &[(day(2), None), (day(3), Some(soon))]).await.expect("settled");
        assert_eq!(tx.due_days(staff.id, Due::Fresh, soon, 9).await.expect("days"), [day(3), day(4)]);
    }

    async fn exceptions_come_back_as_written(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let reason = Reason { reason: "overlap".into(), holding: true, cause: json!({"b": 1, "a": [2.5]}), evidence: json!(null), message: "m".into() };
        let exception = Exception {
            id: ExceptionId(ids::fresh()), version: 1, staff: staff.id,
            subject: Subject { kind: SubjectKind::Meeting, id: ids::fresh(), segment: 1 },
            date: day(3), status: ExceptionStatus::Open, reasons: vec![reason], entry: None, opened_at: now(),
            times: 1, assignee: None, snoozed_until: Some(now()), resolved_by: Some("eva".into()), closed_at: None,
        };
        tx.save_exceptions(std::slice::from_ref(&exception)).await.expect("saved");
        assert_eq!(tx.exceptions_on(staff.id, day(1), day(3)).await.expect("exceptions"), [exception.clone()]);
        assert_eq!(tx.exceptions_about(staff.id, &[exception.subject.id]).await.expect("exceptions"), [exception.clone()]);
        assert_eq!(tx.exceptions(ExceptionStatus::Open).await.expect("exceptions"), [exception.clone()]);
        assert_eq!(tx.exception(&exception.id.to_string()).await.expect("exception"), exception);
    }

    async fn the_feed_of_changes_passes_over_nothing_that_commits_late(store: Store) {
        let who = crate::model::principal::Principal::operator("ops", None);
        let mut tx = open(&store).await;
        let (early, late) = (person(&mut tx).await, StaffId(ids::fresh()));
        tx.commit().await.expect("kept");
        let id = |number| uuid::Uuid::from_u128(number);
        // On PostgreSQL the first to begin is the last to commit; SQLite lets only one begin.
        if matches!(store, Store::Postgres(_)) {
            let mut slow = store.write().await.expect("begun");
            slow.note_changes("entry", &[(id(1), late, 1)]).await.expect("noted");
            let mut quick = store.write().await.expect("begun");
            quick.note_changes("entry", &[(id(2), early.id, 1)]).await.expect("noted");
            quick.commit().await.expect("kept");
            assert_eq!(store.read().await.expect("begun").changes_after(&who, (0, 0), 9).await.expect("read"), []);
            slow.commit().await.expect("kept");
        } else {
            let mut tx = store.write().await.expect("begun");
            tx.note_changes("entry", &[(id(1), late, 1), (id(2), early.id, 1)]).await.expect("noted");
            tx.commit().await.expect("kept");
        }
        let all = changes_soon(&store, (0, 0), 2).await;
        let mut tx = store.read().await.expect("begun");
        assert_eq!(all.iter().map(|one| one.subject).collect::<Vec<_>>(), [id(1), id(2)]);
        assert_eq!(tx.changes_after(&who, all[0].place, 9).await.expect("read"), all[1..]);
        assert_eq!(tx.changes_after(&who, all[1].place, 9).await.expect("read"), []);
    }

    async fn the_feed_comes_in_order_of_transactions_whatever_their_numbers(store: Store) {
        let Store::Postgres(_) = store else { return };
        let tx = open(&store).await;
        tx.commit().await.expect("kept");
        let id = |number| uuid::Uuid::from_u128(number);
        let staff = StaffId(id(9));
        // The older transaction takes the later number.
        let mut older = store.write().await.expect("begun");
        crate::store::tests::run(&mut older, "select pg_current_xact_id()").await.expect("it has a number");
        let mut newer = store.write().await.expect("begun");
        newer.note_changes("entry", &[(id(1), staff, 1)]).await.expect("noted");
        older.note_changes("entry", &[(id(2), staff, 1)]).await.expect("noted");
        older.commit().await.expect("kept");
        let first = changes_soon(&store, (0, 0), 1).await;
        assert_eq!(first.iter().map(|one| one.subject).collect::<Vec<_>>(), [id(2)]);
        newer.commit().await.expect("kept");
        let rest = changes_soon(&store, first[0].place, 1).await;
        assert_eq!(rest.iter().map(|one| one.subject).collect::<Vec<_>>(), [id(1)]);
    }

    async fn the_active_rule_set_changes_only_from_the_one_that_was_read(store: Store) {
        let mut tx = open(&store).await;
        assert!(tx.active_rule_set().await.expect("none").is_none());
        let files = BTreeMap::from([("rules.yaml".to_owned(), "rules: []\n".to_owned())]);
        for digest in ["one", "two"] {
            tx.save_rule_set(digest, &files, now()).await.expect("saved");
            tx.save_rule_set(digest, &files, now()).await.expect("there already");
        }
        tx.activate_rule_set(None, "one", now()).await.expect("active");
        assert!(matches!(tx.activate_rule_set(None, "two", now()).await, Err(Error::Outdated(_))));
        tx.activate_rule_set(Some("one"), "two", now()).await.expect("active");
        assert_eq!(tx.active_rule_set().await.expect("a set"), Some(("two".to_owned(), files)));
        tx.sync_catalog(&Catalog::default(), day(3)).await.expect("an empty catalog");
    }

    async fn what_rules_gave_is_summed_over_people_and_days(store: Store) {
        let mut tx = open(&store).await;
        let (one, other) = (person(&mut tx).await, StaffId(ids::fresh()));
        let second = Staff { id: other, addresses: vec!["eva@northwind.example".into()], ..one.clone() };
        tx.insert_staff(&second).await.expect("another");
        let hits = |rows: &[(u32, &str, i64)]| rows.iter().map(|(of, rule, hits)| ((day(*of), (*rule).to_owned()), *hits)).collect::<BTreeMap<_, _>>();
        tx.save_rule_hits(one.id, &hits(&[(2, "a", 3), (3, "a", 1), (3, "b", 2)])).await.expect("written");
        tx.save_rule_hits(other, &hits(&[(4, "a", 1), (9, "b", 5)])).await.expect("written");
        assert_eq!(tx.rule_hits_of(one.id, &[day(3), day(4)]).await.expect("read"), hits(&[(3, "a", 1), (3, "b", 2)]));
        let sums = tx.rule_hits(day(2), day(8)).await.expect("read");
        let of = |rule: &str| sums.get(rule).map(|hit| (hit.hits, hit.last));
        assert_eq!((of("a"), of("b")), (Some((5, day(4))), Some((2, day(3)))));
        // What gives nothing any more is neither counted nor the last.
        tx.save_rule_hits(other, &hits(&[(4, "a", 0)])).await.expect("written");
        tx.save_rule_hits(one.id, &hits(&[(3, "b", 0)])).await.expect("written");
        let sums = tx.rule_hits(day(2), day(8)).await.expect("read");
        assert_eq!(sums.into_iter().map(|(rule, hit)| (rule, hit.hits, hit.last)).collect::<Vec<_>>(), [("a".to_owned(), 4, day(3))]);
        assert_eq!(tx.days_due(now()).await.expect("counted"), 0);
        tx.mark_due(one.id, &[day(2), day(3)], Due::Again, now()).await.expect("due");
        tx.mark_due(other, &[day(2)], Due::Fresh, now() + TimeDelta::hours(1)).await.expect("due later");
        assert_eq!(tx.days_due(now()).await.expect("counted"), 2);
    }
}
