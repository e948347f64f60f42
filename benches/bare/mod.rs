//! The bare work that the benches compare with.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Column, Connection, QueryBuilder, Row, Sqlite, SqliteConnection, TypeInfo, ValueRef, sqlite::SqliteRow};

/// Every row of the finished book, written into an empty one with multi-row inserts, a transaction for 2,000 rows.
pub(super) async fn bare_insert(book: &Path, empty: &Path) -> (Duration, usize) {
    let mut from = SqliteConnection::connect(&format!("sqlite:{}", book.display())).await.expect("the book");
    let mut to = SqliteConnection::connect(&format!("sqlite:{}?mode=rwc", empty.display())).await.expect("an empty book");
    sqlx::raw_sql("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on").execute(&mut to).await.expect("set");
    for schema in [
        include_str!("../../migrations/sqlite/0001_book.sql"),
        include_str!("../../migrations/sqlite/0002_connections.sql"),
        include_str!("../../migrations/sqlite/0003_review.sql"),
    ] {
        sqlx::raw_sql(schema).execute(&mut to).await.expect("the schema");
    }
    let (mut took, mut count) = (Duration::ZERO, 0);
    for table in ["staff", "connection", "calendar", "event", "event_revision", "event_text", "day", "entry", "exception"] {
        let rows = sqlx::query(AssertSqlSafe(format!("select * from {table}"))).fetch_all(&mut from).await.expect("rows");
        let began = Instant::now();
        for part in rows.chunks(2_000) {
            let mut tx = to.begin().await.expect("a transaction");
            for part in part.chunks(500) {
                insert(table, part).build().execute(&mut *tx).await.expect("written");
            }
            tx.commit().await.expect("committed");
        }
        took += began.elapsed();
        count += rows.len();
    }
    (took, count)
}

fn insert(table: &str, rows: &[SqliteRow]) -> QueryBuilder<Sqlite> {
    let columns: Vec<_> = rows[0].columns().iter().map(Column::name).collect();
    let mut query = QueryBuilder::new(format!("insert into {table} ({}) ", columns.join(", ")));
    query.push_values(rows, |mut values, row| {
        for index in 0..row.columns().len() {
            let value = row.try_get_raw(index).expect("a value");
            match value.type_info().name() {
                _ if value.is_null() => values.push_bind(None::<String>),
                "INTEGER" | "BOOLEAN" => values.push_bind(row.get::<i64, _>(index)),
                "BLOB" => values.push_bind(row.get::<Vec<u8>, _>(index)),
                _ => values.push_bind(row.get::<String, _>(index)),
            };
        }
    });
    query
}

pub(super) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
