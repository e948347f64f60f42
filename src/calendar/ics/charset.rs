//! Bytes of a line to text: UTF-8, as calendars are (RFC 5545 §3.1.4), or the code page of old programs.

use encoding_rs::WINDOWS_1252;

/// The text of a line that was cut at `limit`, perhaps through a character.
pub(super) fn decoded(mut line: Vec<u8>, limit: usize) -> String {
    if line.len() == limit
        && let Err(error) = std::str::from_utf8(&line)
        && error.error_len().is_none()
    {
        line.truncate(error.valid_up_to());
    }
    if is_foreign(&line) {
        return WINDOWS_1252.decode_without_bom_handling(&line).0.into_owned();
    }
    String::from_utf8(line).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether a line is of Windows-1252, of which ISO-8859-1 is a part. One with characters of UTF-8 is UTF-8, and damaged.
pub(super) fn is_foreign(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_err() && line.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}
