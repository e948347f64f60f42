#![doc = include_str!("ARCHITECTURE.md")]

mod app;
mod calendar;
mod capture;
pub mod cli;
mod clock;
mod config;
mod daemon;
mod drafting;
mod grants;
#[doc(hidden)]
pub mod measured;
mod model;
mod review;
mod rules;
mod settling;
mod store;
mod web;
mod yaml;

pub use web::routes;
