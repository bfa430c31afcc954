//! TERM and INT: stop taking work, leave everything resumable, end by the same signal.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::emulate_default_handler;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether a signal has asked to stop, and which.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Listens from now on. The first signal asks to stop, a second one ends the program at once.
    ///
    /// # Errors
    /// If the system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        let stop = Self::default();
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag still down.
            flag::register_conditional_default(signal, Arc::clone(&stop.requested))?;
            flag::register_usize(signal, Arc::clone(&stop.signal), signal as usize)?;
            flag::register(signal, Arc::clone(&stop.requested))?;
        }
        Ok(stop)
    }

    /// Raised once a signal has arrived.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.requested
    }

    /// Ends the program by the signal that arrived, if one has; does not return then.
    pub fn end_by_signal(&self) {
        if let Ok(signal @ 1..) = i32::try_from(self.signal.load(Ordering::SeqCst)) {
            // An error means the signal has no default action; then the exit code says what happened.
            let _ = emulate_default_handler(signal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signal_hook::low_level::raise;

    #[test]
    fn the_first_signal_asks_and_is_remembered() {
        let stop = Stop::listen().unwrap();
        stop.end_by_signal();
        assert!(!stop.flag().load(Ordering::SeqCst));
        raise(SIGTERM).unwrap();
        assert!(stop.flag().load(Ordering::SeqCst));
        assert_eq!(stop.signal.load(Ordering::SeqCst), SIGTERM as usize);
    }
}
