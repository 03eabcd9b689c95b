//! A made-up school district to look at: people, who of them is signed in, and their comings and goings.

pub mod chance;
pub mod crowd;
pub mod district;
pub mod names;
pub mod visits;
