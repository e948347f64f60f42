//! Claims and slots while clocks go wrong, and a writer whose transaction ended without it, on both databases.

use chrono::TimeDelta;

use super::{
    Store,
    table_tests::{calendar, now, open, person},
    tests::{on_each_database, run},
};
use crate::model::{
    connection::Poll,
    ids::{self, DaemonId},
};

on_each_database! {
    async fn a_pass_that_takes_its_time_keeps_its_claim(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let calendar = calendar(&mut tx, &staff).await;
        let (one, other) = (DaemonId(ids::fresh()), DaemonId(ids::fresh()));
        let at = |seconds: i64| now() + TimeDelta::seconds(seconds);
        let (_, fence) = tx.claim_due(one, now(), at(120), 9).await.expect("claims").pop().expect("it is due");
        // A sign of life at 100 s, then a page of the pass, which reckons with its beginning.
        tx.hold_calendar(calendar.id, fence, at(100), at(220)).await.expect("held");
        tx.hold_calendar(calendar.id, fence, now(), at(120)).await.expect("held");
        assert!(tx.claim_due(other, at(130), at(250), 9).await.expect("claims").is_empty());
        assert!(tx.claim_calendar(calendar.id, other, at(130), at(250)).await.expect("asked").is_none());
    }

    async fn a_clock_that_ran_ahead_keeps_no_calendar_waiting(store: Store) {
        let mut tx = open(&store).await;
        let staff = person(&mut tx).await;
        let _calendar = calendar(&mut tx, &staff).await;
        let (one, other) = (DaemonId(ids::fresh()), DaemonId(ids::fresh()));
        for ahead in [TimeDelta::hours(2), TimeDelta::days(365)] {
            let wrong = now() + ahead;
            let (poll, fence) = tx.claim_due(one, wrong, wrong + TimeDelta::seconds(120), 9).await.expect("claims").pop().expect("it is due");
            tx.finish_poll(&Poll { due_at: wrong + TimeDelta::minutes(5), ..poll }, fence).await.expect("noted");
            assert!(tx.next_poll(now()).await.expect("a time").is_some_and(|due| due <= now()), "{ahead}");
            let (poll, fence) = tx.claim_due(other, now(), now() + TimeDelta::seconds(120), 9).await.expect("claims").pop().expect("it is due");
            // From then on it is read when it should be.
            tx.finish_poll(&Poll { due_at: now() + TimeDelta::minutes(5), ..poll }, fence).await.expect("noted");
            assert!(tx.claim_due(other, now(), now() + TimeDelta::seconds(120), 9).await.expect("claims").is_empty());
        }
    }

    async fn a_clock_that_ran_ahead_keeps_no_job_waiting(store: Store) {
        let mut tx = open(&store).await;
        let (one, hour) = (DaemonId(ids::fresh()), TimeDelta::hours(1));
        let wrong = now() + TimeDelta::days(365);
        tx.schedule_job("submit", "0 3 * * *", wrong, wrong).await.expect("a slot");
        let (_, fence) = tx.claim_job("submit", one, wrong, wrong + hour).await.expect("asked").expect("its slot");
        tx.finish_job("submit", fence, wrong + TimeDelta::days(1), None, wrong).await.expect("ran");
        tx.schedule_job("submit", "0 3 * * *", now() + hour, now()).await.expect("a slot");
        assert_eq!(tx.jobs().await.expect("jobs")[0].2, now() + hour);
        // A slot that stands is not brought forward by another daemon's clock.
        tx.finish_job("submit", fence, now() + hour * 24, None, now()).await.expect("ran");
        tx.schedule_job("submit", "0 3 * * *", now() + hour, now()).await.expect("a slot");
        assert_eq!(tx.jobs().await.expect("jobs")[0].2, now() + hour * 24);
    }

    async fn a_writer_whose_transaction_the_database_ended_is_followed_by_one_that_works(store: Store) {
        drop(open(&store).await);
        store.migrate().await.expect("a schema");
        for _ in 0..3 {
            // What SQLite does by itself when a commit finds the disk full.
            let mut tx = store.write().await.expect("begun");
            run(&mut tx, "rollback").await.expect("ended");
            drop(tx);
            store.is_writable().await.expect("the next may write");
            let mut tx = store.write().await.expect("begun");
            let _staff = person(&mut tx).await;
            run(&mut tx, "rollback").await.expect("ended");
            // The library hears of it only now.
            drop(tx.commit().await);
            store.is_writable().await.expect("the next may write");
        }
        assert_eq!(store.read().await.expect("begun").staff().await.expect("people"), []);
    }
}
