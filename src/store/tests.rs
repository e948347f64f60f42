//! The book on both databases. PostgreSQL comes from `TEST_POSTGRES_URL`, which `tests/run` sets; without it the tests fail.

use super::{Database, Error, Store};

/// Runs one test on each database, in a book of its own.
macro_rules! on_each_database {
    ($(async fn $name:ident($store:ident: Store) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn scene($store: Store) $body

            #[tokio::test]
            async fn sqlite() {
                let folder = tempfile::tempdir().expect("a folder");
                scene(Store::open(&$crate::store::Database::Sqlite(folder.path().join("book.db"))).await.expect("a book")).await;
            }

            #[tokio::test]
            async fn postgres() {
                scene(Store::open(&$crate::store::Database::Postgres($crate::store::tests::database(stringify!($name)).await.into())).await.expect("a book")).await;
            }
        }
    )+};
}

pub(crate) use on_each_database;

/// A new, empty database, as a URL.
pub(crate) async fn database(name: &str) -> String {
    use sqlx::Connection;
    let url = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is not set: run tests/run, which starts PostgreSQL");
    let mut server = sqlx::PgConnection::connect(&url).await.expect("PostgreSQL answers");
    let short: String = name.chars().take(40).collect();
    let name = format!("{short}_{}", std::process::id());
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {name}"))).execute(&mut server).await.expect("a database");
    url.replace("/postgres?", &format!("/{name}?"))
}

pub(crate) async fn run(tx: &mut super::Tx, sql: &'static str) -> Result<(), sqlx::Error> {
    on!(tx, |conn| sqlx::raw_sql(sql).execute(conn).await.map(drop))
}

on_each_database! {
    async fn a_book_is_made_once_however_often_it_is_asked_for(store: Store) {
        assert!(matches!(store.check().await, Err(Error::Older { found: 0, .. })));
        store.migrate().await.expect("made");
        store.migrate().await.expect("nothing to do");
        store.check().await.expect("a book");
        store.close().await;
    }

    async fn a_book_of_a_newer_program_is_refused(store: Store) {
        store.migrate().await.expect("made");
        let mut tx = store.write().await.expect("begun");
        run(&mut tx, "update _sqlx_migrations set version = 9000 where version = 3").await.expect("written");
        tx.commit().await.expect("kept");
        assert!(matches!(store.check().await, Err(Error::Newer { found: 9000, .. })));
    }

    async fn a_reader_cannot_write(store: Store) {
        store.migrate().await.expect("made");
        let mut tx = store.read().await.expect("begun");
        assert!(run(&mut tx, "delete from staff").await.is_err());
    }

    async fn a_dropped_transaction_leaves_nothing(store: Store) {
        store.migrate().await.expect("made");
        let mut tx = store.write().await.expect("begun");
        run(&mut tx, "update _sqlx_migrations set version = 9000 where version = 3").await.expect("written");
        drop(tx);
        store.check().await.expect("as before");
    }
}

#[tokio::test]
async fn a_book_that_several_make_at_once_is_made_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().expect("a folder");
        let mut making = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let file = Database::Sqlite(folder.path().join("book.db"));
            making.spawn(async move { Store::open(&file).await?.migrate().await });
        }
        making.join_all().await.into_iter().for_each(|made| made.expect("made"));
    }
}
