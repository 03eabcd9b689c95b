//! The parts that pages are made of.

pub mod breadcrumb;
pub mod failure;
pub mod fetched;
pub mod layout;
pub mod list_address;
pub mod person_menu;
pub mod search_box;
pub mod session_lines;
pub mod toasts;
pub mod tools;
