//! HTTP through its traits.
