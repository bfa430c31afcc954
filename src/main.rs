//! The `osteon` program.

fn main() {}
