//! Passes beside a rule set that becomes active meanwhile (SEMANTICS S6, S20), on both databases.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    activation::{Active, activate},
    pass::settle_due,
};
use crate::{
    model::{
        day::Zones,
        ids::{self, DaemonId, StaffId},
        policy::Policy,
        staff::{Staff, Working},
    },
    store::{Error, Store, days::Due, rule_sets::Files, tests::on_each_database},
};

fn now() -> DateTime<Utc> {
    "2026-03-10T12:00:00Z".parse().expect("an instant")
}

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 9).expect("a date")
}

/// Rules that say nothing but what sections there are.
fn set(section: &str) -> Active {
    let rules = format!("our_domains: [northwind.example]\nsections: [{section}]\n");
    let files: Files = [("rules/rules.yaml".to_owned(), rules)].into();
    Active::from_files(files, &Policy::default()).expect("rules")
}

/// A person with a day that is due, under a first set.
async fn book(store: &Store) -> (Active, StaffId) {
    store.migrate().await.expect("a schema");
    let staff = Staff {
        id: StaffId(ids::fresh()),
        name: "Dana".into(),
        addresses: vec!["dana@northwind.example".into()],
        zones: Zones::only(chrono_tz::UTC),
        working: Working::default(),
        first_day: monday(),
        last_day: None,
    };
    let mut tx = store.write().await.expect("a transaction");
    tx.insert_staff(&staff).await.expect("a person");
    tx.mark_due(staff.id, &[monday()], Due::Again, now()).await.expect("due");
    tx.commit().await.expect("written");
    let mut first = set("one");
    activate(store, None, &mut first, ("ops", "rules"), now()).await.expect("active");
    (first, staff.id)
}

async fn due(store: &Store) -> Vec<StaffId> {
    store.read().await.expect("a book").staff_with_due(Due::Again, now()).await.expect("people")
}

on_each_database! {
    async fn days_wait_for_who_has_the_set_that_is_active(store: Store) {
        let (first, staff) = book(&store).await;
        let mut next = set("two");
        activate(&store, Some(&first), &mut next, ("ops", "rules"), now()).await.expect("active");
        let (late, quick) = (DaemonId(ids::fresh()), DaemonId(ids::fresh()));
        assert!(matches!(settle_due(&store, first.basis(now()), late).await, Err(Error::Outdated("rules"))));
        assert_eq!(due(&store).await, [staff]);
        // The one that was late holds nobody up.
        assert_eq!(settle_due(&store, next.basis(now()), quick).await.expect("settled").days, 1);
        assert_eq!(due(&store).await, []);
    }

    async fn a_set_stays_active_as_long_as_days_are_settled_by_it(store: Store) {
        let (first, _) = book(&store).await;
        let mut settling = store.write().await.expect("a transaction");
        settling.hold_rule_set(&first.digest).await.expect("it is active");
        let mut next = set("two");
        let mut other = std::pin::pin!(activate(&store, Some(&first), &mut next, ("ops", "rules"), now()));
        assert!(tokio::time::timeout(Duration::from_millis(300), &mut other).await.is_err(), "it waits");
        settling.commit().await.expect("done");
        other.await.expect("active");
        let mut late = store.write().await.expect("a transaction");
        assert!(matches!(late.hold_rule_set(&first.digest).await, Err(Error::Outdated("rules"))));
    }
}
