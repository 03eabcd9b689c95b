//! The meaning of a filter, written once.
