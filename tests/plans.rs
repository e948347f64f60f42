//! Every page and list is served by an index: the statements that pages and the API send are taken from the log, and each database is asked
//! how it would find their rows in a large book.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use crate::{
    api::{Api, full_token},
    pages::{PASSWORD, Person, Served, block_on, served, with_password},
    support::{DANA, World, event, on_each_database, text},
};

/// What grows as long as a firm works: none of these is ever read from end to end.
const GROWING: [&str; 9] = ["entry", "event", "event_revision", "exception", "decision", "audit", "change", "day", "rule_hit"];

const PAGES: [&str; 14] = [
    "/queue",
    "/queue?reason=unmatched",
    "/queue?client=acme&age=1",
    "/queue?person=dana@northwind.example",
    "/week?of=2026-03-02",
    "/week?of=2026-03-02&entry={entry}",
    "/queue?item={exception}",
    "/approve?of=2026-03-02",
    "/approve?of=2026-03-02&person={person}",
    "/calendars",
    "/rules",
    "/rules/history",
    "/rules/history/1",
    "/rules/compare?one=1&other=active",
];

const LISTS: [&str; 18] = [
    "/entries?from=2026-03-01&to=2026-03-31",
    "/entries?staff=dana@northwind.example",
    "/entries?status=draft",
    "/entries?project=ACME-15&from=2026-03-01&to=2026-03-31",
    "/entries/{entry}",
    "/exceptions",
    "/exceptions?status=cleared",
    "/exceptions?staff=dana@northwind.example",
    "/exceptions?reason=unmatched",
    "/exceptions/{exception}",
    "/audit",
    "/audit?subject={entry}",
    "/changes",
    "/reports/daily?from=2026-03-01&to=2026-03-31&status=draft",
    "/rules/explain?id={entry}",
    "/calendars",
    "/users",
    "/connections",
];

/// The statements that read what grows, as they were logged.
fn statements(log: &str) -> BTreeSet<String> {
    let one = |line: &str| {
        let field = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            // Texts are logged as Rust writes them; JSON reads the same escapes.
            serde_json::Deserializer::from_str(rest).into_iter::<String>().next()?.ok()
        };
        field("db.statement=").filter(|text| !text.trim().is_empty()).or_else(|| field("summary=")).map(|text| text.trim().to_owned())
    };
    let reads = |text: &String| text.starts_with("select") || text.starts_with("with");
    let grows = |text: &String| GROWING.iter().any(|table| text.contains(&format!(" {table} ")) || text.ends_with(&format!(" {table}")));
    log.lines().filter(|line| line.contains("sqlx::query")).filter_map(one).filter(reads).filter(grows).collect()
}

async fn sqlite_plan(file: &str, statements: &BTreeSet<String>) -> Vec<String> {
    let mut book = SqliteConnection::connect(file).await.expect("the book");
    let mut odd = Vec::new();
    for sql in statements {
        let rows = sqlx::query(AssertSqlSafe(format!("explain query plan {sql}"))).fetch_all(&mut book).await.expect(sql);
        let steps = rows.iter().map(|row| row.get::<String, _>("detail"));
        // One status is most of the book; to look for that alone is no better than to read it all.
        let whole =
            |step: &String| GROWING.iter().any(|table| step == &format!("SCAN {table}")) || step.contains("entry_status (status=?)");
        odd.extend(steps.filter(whole).map(|step| format!("{step}: {sql}")));
    }
    odd
}

async fn postgres_plan(url: &str, statements: &BTreeSet<String>) -> Vec<String> {
    let mut book = PgConnection::connect(url).await.expect("the book");
    let settings = "set enable_seqscan = off; set plan_cache_mode = force_generic_plan";
    sqlx::raw_sql(settings).execute(&mut book).await.expect("set");
    let mut odd = Vec::new();
    for (place, sql) in statements.iter().enumerate() {
        sqlx::raw_sql(AssertSqlSafe(format!("prepare p{place} as {sql}"))).execute(&mut book).await.expect(sql);
        let count: i32 = sqlx::query_scalar(AssertSqlSafe(format!(
            "select coalesce(array_length(parameter_types, 1), 0) from pg_prepared_statements where name = 'p{place}'"
        )))
        .fetch_one(&mut book)
        .await
        .expect("a statement");
        let nothing = vec!["null"; usize::try_from(count).expect("some")].join(", ");
        let execute = if nothing.is_empty() { format!("p{place}") } else { format!("p{place}({nothing})") };
        let rows = sqlx::raw_sql(AssertSqlSafe(format!("explain execute {execute}"))).fetch_all(&mut book).await.expect(sql);
        let steps = rows.iter().map(|row| row.get::<String, _>(0));
        let whole = |step: &String| GROWING.iter().any(|table| step.contains(&format!("Seq Scan on {table} ")));
        odd.extend(steps.filter(whole).map(|step| format!("{}: {sql}", step.trim())));
    }
    odd
}

async fn ask_for_everything(world: &World, served: &Served) -> String {
    let (entry, exception) = (world.entries()[0].clone(), world.exceptions()[0].clone());
    let users = world.json(&["users", "list"]);
    let dana = users.as_array().expect("people").iter().find(|one| one["email"] == DANA).expect("Dana");
    let filled = |path: &str| {
        path.replace("{entry}", text(&entry, "id")).replace("{exception}", text(&exception, "id")).replace("{person}", text(dana, "id"))
    };
    let token = full_token(world, "plans", DANA);
    let signed: Person = served.sign_in(DANA, PASSWORD).await.expect("signed in");
    let before = served.log().len();
    for page in PAGES {
        let status = served.get(&filled(page), Some(&signed)).await.status();
        assert_eq!(status, 200, "{page}");
    }
    let api = Api::at(served.host());
    for list in LISTS {
        let got = api.send(&token, "GET", &filled(list), &[], None);
        assert_eq!(got.status, 200, "{list}: {}", got.body);
    }
    served.log().split_off(before)
}

on_each_database! {
    fn no_page_reads_what_grows_from_end_to_end(world: World) {
        world.calendar(&[
            event("x", "20260302T090000Z", "20260302T100000Z", "Nobody knows", ""),
            event("y", "20260303T090000Z", "20260303T100000Z", "[ACME-15] Work", ""),
        ]);
        world.sync();
        let roles = ["--role", "staff", "--role", "reviewer", "--role", "ops", "--role", "admin", "--reviews", "everyone"];
        with_password(&world, DANA, &roles);
        world.log("info,sqlx::query=debug");
        block_on(async {
            let served = served(&world);
            let log = ask_for_everything(&world, &served).await;
            let statements = statements(&log);
            assert!(statements.len() > 25, "{}", statements.len());
            let file = format!("sqlite:{}", world.path(&world.database).display());
            let odd = if world.database.starts_with("postgres") {
                postgres_plan(&world.database, &statements).await
            } else {
                sqlite_plan(&file, &statements).await
            };
            assert!(odd.is_empty(), "{odd:#?}");
        });
    }
}
