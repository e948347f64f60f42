//! One daemon per SQLite file. Commands write beside it; a second daemon would only fight with the first.

use std::{fs::File, path::Path};

use anyhow::Context;

use crate::store::Database;

/// Held as long as the daemon runs; the system lets go of it when the program ends, however it ends.
#[derive(Debug)]
pub(crate) struct Alone(Option<File>);

impl Alone {
    /// Takes the place of the one daemon; on PostgreSQL there is room for many.
    ///
    /// # Errors
    /// If another daemon has it.
    pub(crate) fn with(database: &Database) -> anyhow::Result<Self> {
        let Database::Sqlite(path) = database else { return Ok(Self(None)) };
        let beside = lock_file(path);
        let file = File::options().create(true).truncate(false).write(true).open(&beside);
        let file = file.with_context(|| format!("cannot write {}", beside.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(std::fs::TryLockError::WouldBlock) => {
                anyhow::bail!("another daemon serves {} already; a SQLite book has one, PostgreSQL any number", path.display())
            }
            Err(std::fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", beside.display())),
        }
    }

    /// Whether it holds a file, as it does for SQLite.
    pub(crate) fn holds_a_file(&self) -> bool {
        self.0.is_some()
    }
}

fn lock_file(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}
