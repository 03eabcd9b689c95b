//! The real binary, as an operator uses it: its words, its exit statuses, its files.

mod accounts;
mod clocks;
mod demo;
mod following;
mod hang_ups;
mod kills;
mod listed;
mod postgres;
mod proxies;
mod refusals;
mod serving;
mod world;
