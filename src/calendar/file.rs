//! Reads a calendar file, no further than calendars are read.

use std::{fs::File, io::Read, path::Path};

/// The bytes of a file, or of a pipe, up to one more than `limit`: whoever reads them then sees that they are too many.
pub(crate) fn read(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same of a file that is read time and again: a pipe or device has no end, or ends once.
pub(crate) fn read_again(path: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        return read(path, limit);
    }
    Err(std::io::Error::other("this is not a file"))
}
