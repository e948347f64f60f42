//! The two schemas say the same. Both are applied to real databases.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

const SQLITE: &[&str] = &[
    include_str!("../migrations/sqlite/0001_book.sql"),
    include_str!("../migrations/sqlite/0002_connections.sql"),
    include_str!("../migrations/sqlite/0003_review.sql"),
    include_str!("../migrations/sqlite/0004_reload.sql"),
    include_str!("../migrations/sqlite/0005_indexes.sql"),
    include_str!("../migrations/sqlite/0006_rule_hits.sql"),
];
const POSTGRES: &[&str] = &[
    include_str!("../migrations/postgres/0001_book.sql"),
    include_str!("../migrations/postgres/0002_connections.sql"),
    include_str!("../migrations/postgres/0003_review.sql"),
    include_str!("../migrations/postgres/0004_reload.sql"),
    include_str!("../migrations/postgres/0005_indexes.sql"),
    include_str!("../migrations/postgres/0006_rule_hits.sql"),
];

type Columns = BTreeSet<(String, String)>;

async fn sqlite() -> Columns {
    let mut database = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
    for text in SQLITE {
        sqlx::raw_sql(*text).execute(&mut database).await.expect("the SQLite schema applies");
    }
    let sql =
        "select m.name, c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table' and m.name not like 'sqlite_%'";
    sqlx::query_as(sql).fetch_all(&mut database).await.expect("columns").into_iter().collect()
}

async fn postgres() -> Columns {
    let url = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is not set: run tests/run, which starts PostgreSQL");
    let mut server = PgConnection::connect(&url).await.expect("PostgreSQL answers");
    let name = format!("schema_{}", std::process::id());
    sqlx::raw_sql(AssertSqlSafe(format!("create schema {name}; set search_path to {name}"))).execute(&mut server).await.expect("a schema");
    for text in POSTGRES {
        sqlx::raw_sql(*text).execute(&mut server).await.expect("the PostgreSQL schema applies");
    }
    let sql = "select table_name::text, column_name::text from information_schema.columns where table_schema = $1";
    sqlx::query_as(sql).bind(&name).fetch_all(&mut server).await.expect("columns").into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let (one, other) = (sqlite().await, postgres().await);
    assert!(one.len() > 100, "{} columns", one.len());
    assert_eq!(one, other);
}
