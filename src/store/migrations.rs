//! The book's schema. A shipped migration is never edited.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Number, name, and the text for SQLite and for PostgreSQL.
const ALL: &[(i64, &str, &str, &str)] = &[
    (1, "book", include_str!("../../migrations/sqlite/0001_book.sql"), include_str!("../../migrations/postgres/0001_book.sql")),
    (
        2,
        "connections",
        include_str!("../../migrations/sqlite/0002_connections.sql"),
        include_str!("../../migrations/postgres/0002_connections.sql"),
    ),
    (3, "review", include_str!("../../migrations/sqlite/0003_review.sql"), include_str!("../../migrations/postgres/0003_review.sql")),
    (4, "reload", include_str!("../../migrations/sqlite/0004_reload.sql"), include_str!("../../migrations/postgres/0004_reload.sql")),
    (5, "indexes", include_str!("../../migrations/sqlite/0005_indexes.sql"), include_str!("../../migrations/postgres/0005_indexes.sql")),
    (
        6,
        "rule_hits",
        include_str!("../../migrations/sqlite/0006_rule_hits.sql"),
        include_str!("../../migrations/postgres/0006_rule_hits.sql"),
    ),
];

/// The newest version this program knows.
pub(super) fn newest() -> i64 {
    ALL.iter().map(|(version, ..)| *version).max().unwrap_or_default()
}

pub(super) fn sqlite() -> Migrator {
    migrator(|(_, _, text, _)| text)
}

pub(super) fn postgres() -> Migrator {
    migrator(|(_, _, _, text)| text)
}

fn migrator(text: impl Fn(&(i64, &'static str, &'static str, &'static str)) -> &'static str) -> Migrator {
    Migrator::with_migrations(
        ALL.iter().map(|row| Migration::new(row.0, row.1.into(), MigrationType::Simple, text(row).into_sql_str(), false)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_migration_in_the_folders_is_one_that_runs() {
        let listed: Vec<String> = ALL.iter().map(|(number, name, ..)| format!("{number:04}_{name}.sql")).collect();
        for folder in ["sqlite", "postgres"] {
            let files = std::fs::read_dir(format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"))).expect("a folder");
            let mut files: Vec<_> = files.map(|file| file.expect("a file").file_name().into_string().expect("text")).collect();
            files.sort();
            assert_eq!(files, listed, "{folder}");
        }
    }
}
