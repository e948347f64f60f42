//! What can go wrong with the book, said so that a person knows what to do.

use sqlx::{error::DatabaseError, migrate::MigrateError, sqlite::SqliteError};

/// A failed act on the book.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the book at {0} cannot be opened; check the path or address, and that this user may read and write there")]
    Open(String, #[source] sqlx::Error),
    #[error(
        "there is no book at {0} any more, though there was; put it back, from a backup if need be, or take {0}.lock and {0}-wal away to begin a new one"
    )]
    Vanished(String),
    #[error("the book is in PostgreSQL: back it up with pg_dump, see README")]
    NoFile,
    #[error("the book was written by a newer kalends (its schema is version {found}, this one knows {known}); install that version")]
    Newer { found: i64, known: i64 },
    #[error("the book's schema is version {found} and this kalends needs {known}; run `kalends db migrate`")]
    Older { found: i64, known: i64 },
    #[error(
        "migration {0} of the book is not the one this kalends ships; restore the book from a backup or install the version that made it"
    )]
    Altered(i64),
    #[error("the book cannot be brought up to date; nothing was changed")]
    Migrate(#[source] MigrateError),
    #[error("the book is read-only; check the rights of its file and folder, or that this is not a standby server")]
    ReadOnly(#[source] sqlx::Error),
    #[error("the disk that holds the book is full; make room and run the command again, nothing was written")]
    Full(#[source] sqlx::Error),
    #[error("the book is busy: another command has been writing for too long; try again")]
    Busy(#[source] sqlx::Error),
    #[error("approved time and decisions do not change: {0}")]
    Frozen(String),
    #[error("someone else changed these {0} meanwhile; load them again")]
    Outdated(&'static str),
    #[error("there is already a record of that name or key")]
    Taken(#[source] sqlx::Error),
    #[error("the book has no such {0}")]
    Missing(&'static str),
    #[error("no {0} has an id that ends so; its `list` command shows those there are")]
    NoneEnds(&'static str),
    #[error("more than one {0} has an id that ends so; type more of it")]
    Several(&'static str),
    #[error("the {0} in the book cannot be read by this version; install the one that wrote it")]
    Unreadable(&'static str),
    #[error("the book cannot be read or written")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy(error);
        }
        let Some(inner) = error.as_database_error() else {
            return Self::Database(error);
        };
        let code = inner.code().unwrap_or_default().into_owned();
        match (of_sqlite(inner), code.as_str()) {
            _ if inner.is_unique_violation() => Self::Taken(error),
            _ if inner.message().contains("frozen: ") => {
                Self::Frozen(inner.message().split("frozen: ").last().unwrap_or_default().to_owned())
            }
            (Some(8), _) | (None, "25006") => Self::ReadOnly(error),
            (Some(13), _) | (None, "53100") => Self::Full(error),
            (Some(5 | 6), _) | (None, "40001" | "40P01" | "55P03") => Self::Busy(error),
            _ => Self::Database(error),
        }
    }
}

impl Error {
    /// Whether the book refuses what was to be written, and not the writing: then what else is to be written is not concerned. Says what
    /// the database calls it.
    pub(crate) fn about_values(&self) -> Option<String> {
        let (Self::Database(error) | Self::Taken(error)) = self else {
            return matches!(self, Self::Frozen(_)).then(|| self.to_string());
        };
        let inner = error.as_database_error()?;
        let code = inner.code()?.into_owned();
        let is_value = match of_sqlite(inner) {
            // Too big, a constraint, a mismatch.
            Some(code) => matches!(code, 18..=20),
            // Data, integrity, a limit of the program.
            None => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
        };
        is_value.then(|| format!("the database's code is {code}"))
    }

    /// It, and what it came of: for whoever reads the log. Holds no values, which databases put apart.
    pub(crate) fn with_cause(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.fold(self.to_string(), |told, cause| format!("{told}: {cause}"))
    }
}

/// SQLite's own code; it gives extended ones, whose last byte is the plain one. PostgreSQL gives SQLSTATE.
fn of_sqlite(error: &dyn DatabaseError) -> Option<u32> {
    error.try_downcast_ref::<SqliteError>()?;
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}

/// Whether someone else has the file of the book to himself at this moment.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(of_sqlite).is_some_and(|code| matches!(code, 5 | 6))
}
