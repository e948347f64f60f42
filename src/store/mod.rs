//! The book: one SQL text for two databases. Each query is one method of [`Tx`].
//!
//! Two verbs, `read` and `write`; a transaction that is dropped is rolled back.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, Instant},
};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, Pool, Postgres, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, Transaction,
    migrate::MigrateError,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

pub(crate) use error::Error;

/// Evaluates one query on whichever database the transaction is on. The body is compiled for both.
macro_rules! on {
    ($tx:expr, |$conn:ident| $query:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $query
            }
            $crate::store::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $query
            }
        }
    };
}

/// The rows whose column is in a list, with one query for every 500 values: both databases bound their number. `$head` names the column,
/// after what else must hold. Planned each time, since PostgreSQL's plan for any list compares every row with every value as long as it
/// has no statistics (measured: 21 s instead of 7 for the bench).
macro_rules! by_list {
    ($tx:expr, $list:expr, |$query:ident| $head:expr, $order:literal) => {{
        let mut rows = Vec::new();
        for part in $list.chunks(500) {
            rows.extend(on!($tx, |conn| {
                let mut $query = QueryBuilder::new(SELECT);
                $head;
                let mut list = $query.push(" in (").separated(", ");
                for value in part {
                    list.push_bind(value);
                }
                $query.push(concat!(") order by ", $order)).build_query_as().persistent(false).fetch_all(conn).await
            })?);
        }
        rows
    }};
}

pub(crate) mod access;
pub(crate) mod alike;
pub(crate) mod audit;
mod calendars;
mod catalog;
pub(crate) mod changes;
mod codec;
pub(crate) mod connections;
pub(crate) mod days;
mod decisions;
pub(crate) mod entries;
mod error;
mod event_rows;
pub(crate) mod events;
mod exceptions;
pub(crate) mod idempotency;
mod jobs;
mod locks;
mod looked;
mod migrations;
pub(crate) mod placing;
mod polls;
pub(crate) mod queue;
pub(crate) mod records;
pub(crate) mod rule_hits;
pub(crate) mod rule_sets;
mod sight;
mod staff;
pub(crate) mod totals;

#[cfg(test)]
mod clock_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
pub(crate) mod tests;

/// The fewest letters of an id that name a record.
const ENDING_MIN: usize = 4;
const READERS: u32 = 4;
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two tries to open a file that someone else is making.
const PAUSE: Duration = Duration::from_millis(20);

/// Where the book is.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// A file, made if there is none.
    Sqlite(PathBuf),
    /// A URL, `postgres://…`, which may hold a password.
    Postgres(SecretString),
}

/// The book.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    /// SQLite has one writer; its readers never wait for it.
    Sqlite {
        writer: Pool<Sqlite>,
        readers: Pool<Sqlite>,
    },
    Postgres(Pool<Postgres>),
}

/// A transaction. Dropped without [`Tx::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Opens the book without looking at its schema; call [`Store::check`] or [`Store::migrate`] next.
    pub(crate) async fn open(database: &Database) -> Result<Self, Error> {
        match database {
            Database::Sqlite(path) => {
                let failed = |error| Error::Open(path.display().to_string(), error);
                if !path.exists() && was_there(path) {
                    return Err(Error::Vanished(path.display().to_string()));
                }
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .busy_timeout(PATIENCE)
                    .synchronous(SqliteSynchronous::Full)
                    // Words that are erased leave the file too (S8); a damaged file is noticed, and its schema not trusted to run code.
                    .pragma("secure_delete", "on")
                    .pragma("cell_size_check", "on")
                    .pragma("trusted_schema", "off");
                // The writer first: it makes the file and turns the journal to WAL.
                let writing = options.clone().journal_mode(SqliteJournalMode::Wal);
                let writer =
                    connect(pool(1).after_release(|connection, _| Box::pin(is_free(connection))), writing).await.map_err(failed)?;
                let reading = options.create_if_missing(false).read_only(true);
                let readers = connect(pool(READERS), reading).await.map_err(failed)?;
                Ok(Self::Sqlite { writer, readers })
            }
            Database::Postgres(url) => {
                let options =
                    PgConnectOptions::from_str(url.expose_secret()).map_err(|error| Error::Open("its address".to_owned(), error))?;
                let name = format!("{} on {}", options.get_database().unwrap_or("the default database"), options.get_host());
                // The rollback below warns when there is nothing to roll back.
                let options = options.options([("client_min_messages", "error")]);
                let pool = pool::<Postgres>(READERS * 2)
                    // A future dropped in the middle of a query must not hand its transaction to the next user.
                    .after_release(|connection, _| {
                        Box::pin(async move {
                            sqlx::raw_sql("rollback").execute(connection).await?;
                            Ok(true)
                        })
                    });
                Ok(Self::Postgres(pool.connect_with(options).await.map_err(|error| Error::Open(name, error))?))
            }
        }
    }

    /// A snapshot that refuses to write.
    pub(crate) async fn read(&self) -> Result<Tx, Error> {
        match self {
            Self::Sqlite { readers, .. } => begin(readers, "begin").await.map(Tx::Sqlite),
            Self::Postgres(pool) => begin(pool, "begin isolation level repeatable read read only").await.map(Tx::Postgres),
        }
    }

    /// A transaction that may write. SQLite lets one at a time through; the others wait.
    pub(crate) async fn write(&self) -> Result<Tx, Error> {
        match self {
            Self::Sqlite { writer, .. } => begin(writer, "begin immediate").await.map(Tx::Sqlite),
            Self::Postgres(pool) => begin(pool, "begin").await.map(Tx::Postgres),
        }
    }

    /// Brings the schema up to date. Safe to run at any time, by several at once.
    pub(crate) async fn migrate(&self) -> Result<(), Error> {
        let done = match self {
            // The library locks PostgreSQL's book by itself, SQLite's it does not: two who made it together would each make half.
            Self::Sqlite { .. } if matches!(self.check().await, Err(Error::Older { .. })) => match self.write().await? {
                Tx::Sqlite(mut tx) => match migrations::sqlite().run_direct(None, &mut *tx, false).await {
                    Ok(()) => tx.commit().await.map_err(MigrateError::Execute),
                    failed => failed,
                },
                Tx::Postgres(_) => Ok(()),
            },
            Self::Sqlite { writer, .. } => migrations::sqlite().run(writer).await,
            Self::Postgres(pool) => migrations::postgres().run(pool).await,
        };
        let known = migrations::newest();
        done.map_err(|error| match error {
            MigrateError::VersionMissing(found) => Error::Newer { found, known },
            MigrateError::VersionMismatch(version) => Error::Altered(version),
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Error::from(error),
            other => Error::Migrate(other),
        })
    }

    /// Refuses a book whose schema is not the one this program knows.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        let found = self.read().await?.schema_version().await?;
        let known = migrations::newest();
        match found.cmp(&known) {
            std::cmp::Ordering::Less => Err(Error::Older { found, known }),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Error::Newer { found, known }),
        }
    }

    /// Writes all of a SQLite book into an empty file. Of PostgreSQL its own program does that.
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), Error> {
        match self {
            Self::Sqlite { writer, .. } => {
                let copied = sqlx::query("vacuum into $1").bind(file.display().to_string()).execute(writer).await;
                Ok(copied.map(drop)?)
            }
            Self::Postgres(_) => Err(Error::NoFile),
        }
    }

    /// Whether someone who has something to write could begin.
    pub(crate) async fn is_writable(&self) -> Result<(), Error> {
        self.check().await?;
        self.write().await.map(drop)
    }

    /// Waits for open transactions and closes the book.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Which file beside a SQLite book says that a daemon serves it, or did.
pub(crate) fn lock_file(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

/// Whether a book that is not there was: a daemon served it, or its journal is left. Made new it would hide the loss.
fn was_there(path: &Path) -> bool {
    std::fs::metadata(lock_file(path)).is_ok_and(|lock| lock.len() > 0) || beside(path, "-wal").exists()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn pool<DB: sqlx::Database>(size: u32) -> PoolOptions<DB> {
    PoolOptions::new().max_connections(size).acquire_timeout(PATIENCE)
}

/// Whether whoever had this connection left it outside of a transaction. When a commit finds the disk full SQLite rolls back by itself, of
/// which the library does not hear: such a connection would refuse every transaction from then on, so another takes its place.
async fn is_free(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // Behind whatever is still to be rolled back.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Turning the journal of a new file to WAL wants it alone for a moment, and SQLite does not wait for that as it does for a writer.
#[expect(clippy::disallowed_methods, reason = "what is waited for is a file lock of milliseconds, which no row can tell")]
async fn connect(pool: PoolOptions<Sqlite>, options: SqliteConnectOptions) -> sqlx::Result<Pool<Sqlite>> {
    let until = Instant::now() + PATIENCE;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if error::is_locked(&error) && Instant::now() < until => tokio::time::sleep(PAUSE).await,
            connected => return connected,
        }
    }
}

/// Begins in a task of its own: a caller that gives up must not leave a connection inside a transaction nobody holds.
async fn begin<DB: sqlx::Database>(pool: &Pool<DB>, statement: &'static str) -> Result<Transaction<'static, DB>, Error> {
    let pool = pool.clone();
    let statement: SqlStr = statement.into_sql_str();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
    Ok(begun.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

impl Tx {
    /// Makes everything written in this transaction stand.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Whether nobody's claim stands, by the column that says until when one does. In claims `$3` is now and `$4` when they shall end;
    /// PostgreSQL counts both by its own clock, the only one that all daemons share. SQLite's is this machine's, which may have run ahead:
    /// a claim that ends later than one that begins now was made by it.
    fn lease_is_free(&self, column: &str) -> String {
        let ahead = "strftime('%Y-%m-%dT%H:%M:%fZ', $4, '+5 minutes')";
        match self {
            Self::Sqlite(_) => format!("({column} is null or {column} < $3 or {column} > {ahead})"),
            Self::Postgres(_) => format!("({column} is null or {column} < clock_timestamp())"),
        }
    }

    /// The end of a claim that begins now.
    fn lease_end(&self) -> &'static str {
        self.dialect("max($3, $4)", "clock_timestamp() + ($4::timestamptz - $3::timestamptz)")
    }

    /// One of two texts, where the databases really differ.
    fn dialect(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    /// The newest migration applied; 0 for an empty database.
    async fn schema_version(&mut self) -> Result<i64, Error> {
        const SQL: &str = "select coalesce(max(version), 0) from _sqlx_migrations where success";
        let tables = self.dialect(
            "select count(*) from sqlite_master where name = '_sqlx_migrations'",
            "select count(*) from information_schema.tables where table_schema = current_schema() and table_name = '_sqlx_migrations'",
        );
        let tables: i64 = on!(self, |conn| sqlx::query_scalar(tables).fetch_one(conn).await)?;
        if tables == 0 {
            return Ok(0);
        }
        Ok(on!(self, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?)
    }
}

/// A pattern for ids that end so; dashes and case do not matter.
fn ending(typed: &str) -> String {
    // Wildcards are no hexadecimal digits, so what holds one finds nothing.
    let known = |letter: &char| letter.is_ascii_hexdigit();
    let plain: String = typed.chars().filter(|letter| *letter != '-').map(|letter| letter.to_ascii_lowercase()).collect();
    if plain.chars().all(|letter| known(&letter)) && plain.len() >= ENDING_MIN { format!("%{plain}") } else { String::new() }
}

fn only_one<T>(mut rows: Vec<T>, what: &'static str) -> Result<T, Error> {
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(Error::Several(what)),
        (None, _) => Err(Error::NoneEnds(what)),
    }
}

fn all_written(written: u64, wanted: usize, what: &'static str) -> Result<(), Error> {
    if usize::try_from(written).is_ok_and(|written| written == wanted) { Ok(()) } else { Err(Error::Outdated(what)) }
}
