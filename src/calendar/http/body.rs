//! Reads an answer piece by piece, and stops where it becomes too much or too slow. The pieces are decompressed ones, so a small download
//! that unpacks to a disk full of zeros stops where its contents pass the cap; what Content-Length promises is not asked.

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::{Error, Limits, client::cause, redirect::host};

/// Reads an answer that must not be larger than this.
///
/// # Errors
/// When it is larger, or ends before its end.
pub(crate) async fn capped(mut response: Response, cap: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| cut(&response, &error))? {
        add(&mut body, &piece, cap)?;
    }
    Ok(body)
}

/// The same, from a server that might let us wait: in every stretch of time there must come enough.
pub(super) async fn paced(mut response: Response, limits: &Limits) -> Result<Vec<u8>, Error> {
    let cap = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    let enough = usize::try_from(u128::from(limits.min_rate) * limits.grace.as_millis() / 1000).unwrap_or(usize::MAX);
    let (mut body, mut before, mut ends) = (Vec::new(), 0, Instant::now() + limits.grace);
    loop {
        match timeout_at(ends, response.chunk()).await {
            Ok(Ok(Some(piece))) => add(&mut body, &piece, cap)?,
            Ok(Ok(None)) => return Ok(body),
            Ok(Err(error)) => return Err(cut(&response, &error)),
            Err(_) if body.len() - before < enough => return Err(slow(&response)),
            Err(_) => (before, ends) = (body.len(), Instant::now() + limits.grace),
        }
    }
}

fn add(body: &mut Vec<u8>, piece: &[u8], cap: usize) -> Result<(), Error> {
    if body.len() + piece.len() > cap {
        return Err(Error::TooLarge { limit: cap });
    }
    body.extend_from_slice(piece);
    Ok(())
}

fn cut(response: &Response, error: &reqwest::Error) -> Error {
    if error.is_timeout() {
        return slow(response);
    }
    Error::CutOff(format!("{} ended in the middle ({})", host(response.url()), cause(error)))
}

fn slow(response: &Response) -> Error {
    Error::TooSlow(host(response.url()).to_owned())
}
