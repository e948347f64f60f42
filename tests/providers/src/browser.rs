//! What a browser does of a sign-in: follows redirects from loopback to loopback, and shows the last page.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const REDIRECTS_MAX: usize = 10;

/// Opens an address, and follows where it leads. The status and the text of the last page.
///
/// # Errors
/// If a server cannot be reached, or redirects for ever.
pub fn browse(url: &str) -> std::io::Result<(u16, String)> {
    let mut url = url.to_owned();
    for _ in 0..REDIRECTS_MAX {
        let (status, location, body) = get(&url)?;
        match location {
            Some(next) => url = next,
            None => return Ok((status, body)),
        }
    }
    Err(std::io::Error::other("too many redirects"))
}

fn get(url: &str) -> std::io::Result<(u16, Option<String>, String)> {
    let rest = url.strip_prefix("http://").ok_or_else(|| std::io::Error::other("not http"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let header = |line: &str| {
        line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("location")).map(|(_, value)| value.trim().to_owned())
    };
    Ok((status, head.lines().find_map(header), body.to_owned()))
}
