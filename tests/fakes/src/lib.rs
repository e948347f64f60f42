//! Google and Microsoft, on loopback.
