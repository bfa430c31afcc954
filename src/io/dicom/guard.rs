//! Panics of foreign decoders become `None`, without a word on the terminal.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs foreign code; `None` if it panicked.
pub fn caught<R>(foreign: impl FnOnce() -> R) -> Option<R> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = catch_unwind(AssertUnwindSafe(foreign)).ok();
    QUIET.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[test]
    fn a_panic_is_none_and_a_value_passes() {
        assert_eq!(caught(|| 3), Some(3));
        assert_eq!(caught(|| -> u8 { panic!("must not be seen") }), None);
    }
}
