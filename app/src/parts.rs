//! The parts that pages are made of.

pub mod account_state;
pub mod action_bar;
pub mod acts;
pub mod breadcrumb;
pub mod browser;
pub mod confirm;
pub mod description;
pub mod failure;
pub mod fetched;
pub mod filter_row;
pub mod grid;
pub mod layout;
pub mod list;
pub mod list_address;
pub mod panel;
pub mod person_menu;
pub mod plan_text;
pub mod report;
pub mod restored;
pub mod search_box;
pub mod session_lines;
pub mod toasts;
pub mod toolbar;
pub mod tools;
