#![doc = include_str!("ARCHITECTURE.md")]

mod app;
mod calendar;
mod capture;
pub mod cli;
mod clock;
mod config;
mod drafting;
mod model;
mod review;
mod rules;
mod settling;
mod store;
mod yaml;
