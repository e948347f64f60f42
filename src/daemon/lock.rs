//! One daemon per SQLite file, and that file its book as long as it runs. Commands write beside it; a second daemon would only fight with
//! the first, and one whose file was taken away would go on writing where nobody looks.

use std::{
    fs::File,
    io::Write,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::store::{Database, lock_file};

/// Held as long as the daemon runs; the system lets go of it when the program ends, however it ends.
#[derive(Debug)]
pub(crate) struct Alone(Option<Held>);

#[derive(Debug)]
struct Held {
    lock: File,
    book: PathBuf,
    /// Which file the book is: its device and number there.
    file: Option<(u64, u64)>,
}

impl Alone {
    /// Takes the place of the one daemon; on PostgreSQL there is room for many.
    ///
    /// # Errors
    /// If another daemon has it.
    pub(crate) fn with(database: &Database) -> anyhow::Result<Self> {
        let Database::Sqlite(path) = database else { return Ok(Self(None)) };
        let beside = lock_file(path);
        let lock = File::options().create(true).truncate(false).write(true).open(&beside);
        let lock = lock.with_context(|| format!("cannot write {}", beside.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self(Some(Held { lock, book: path.clone(), file: None }))),
            Err(std::fs::TryLockError::WouldBlock) => {
                anyhow::bail!("another daemon serves {} already; a SQLite book has one, PostgreSQL any number", path.display())
            }
            Err(std::fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", beside.display())),
        }
    }

    /// The book is open. Notes beside it that there is one, so that nobody makes another in its place once it is gone.
    pub(crate) fn opened(&mut self) -> anyhow::Result<()> {
        let Some(held) = &mut self.0 else { return Ok(()) };
        held.file = identity(&held.book);
        if held.lock.metadata()?.len() == 0 {
            held.lock.write_all(b"the book beside this file is served\n").context("cannot write beside the book")?;
        }
        Ok(())
    }

    /// Whether the file it opened still stands where the configuration says.
    pub(crate) fn has_its_book(&self) -> bool {
        self.0.as_ref().is_none_or(|held| held.file == identity(&held.book))
    }

    /// Whether it holds a file, as it does for SQLite.
    pub(crate) fn holds_a_file(&self) -> bool {
        self.0.is_some()
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
