//! What speaks HTTP to people: the page a provider sends them back to. Decides nothing about grants.

pub(crate) mod connect;
pub(crate) mod loopback;
mod page;

/// Serves pages until it is told to stop; open requests are answered first.
///
/// # Errors
/// If accepting connections fails.
pub(crate) async fn serve(
    listener: tokio::net::TcpListener,
    pages: axum::Router,
    ended: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, pages).with_graceful_shutdown(ended).await
}
