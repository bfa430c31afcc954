//! A semaphore over bytes: patients are admitted while they fit.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that may be taken.
pub struct Budget {
    total: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    used: u64,
    issued: u64,
    served: u64,
}

/// Memory that has been taken; given back when dropped.
pub struct Grant<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self { total, state: Mutex::default(), freed: Condvar::new() }
    }

    /// Waits until `bytes` fit, first come first served; what exceeds the whole budget waits until it is alone.
    pub fn take(&self, bytes: u64) -> Grant<'_> {
        let mut state = self.lock();
        let ticket = state.issued;
        state.issued += 1;
        while state.served != ticket || !self.fits(&state, bytes) {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.served += 1;
        state.used += bytes;
        drop(state);
        self.freed.notify_all();
        Grant { budget: self, bytes }
    }

    fn fits(&self, state: &State, bytes: u64) -> bool {
        state.used == 0 || state.used.saturating_add(bytes) <= self.total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant<'_> {
    /// Makes it at least `bytes` if that fits at once. It never waits: two that hold and wait could wait for each other.
    pub fn raise(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let mut state = self.budget.lock();
        let alone = state.used == self.bytes;
        let fits = more == 0 || alone || state.used.saturating_add(more) <= self.budget.total;
        if fits {
            state.used += more;
            self.bytes += more;
        }
        fits
    }

    /// Gives everything back, then waits for `bytes`.
    pub fn exchange(&mut self, bytes: u64) {
        self.give_back();
        *self = self.budget.take(bytes);
    }

    fn give_back(&mut self) {
        self.budget.lock().used -= std::mem::take(&mut self.bytes);
        self.budget.freed.notify_all();
    }
}

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn no_more_is_out_than_there_is() {
        let (budget, out, peak) = (Budget::new(10), AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for k in 0..7_u64 {
                let (budget, out, peak) = (&budget, &out, &peak);
                scope.spawn(move || {
                    for i in 0..50 {
                        let bytes = (k * 13 + i * 7) % 10;
                        let grant = budget.take(bytes);
                        peak.fetch_max(out.fetch_add(bytes, Ordering::SeqCst) + bytes, Ordering::SeqCst);
                        out.fetch_sub(bytes, Ordering::SeqCst);
                        drop(grant);
                    }
                });
            }
        });
        assert!((5..=10).contains(&peak.load(Ordering::SeqCst)));
        assert_eq!(budget.lock().used, 0);
    }

    #[test]
    fn what_exceeds_the_budget_runs_alone() {
        let budget = Budget::new(10);
        let mut large = budget.take(4);
        assert!(large.raise(104), "alone");
        assert!(!budget.fits(&budget.lock(), 1));
        drop(large);
        let (mut a, b) = (budget.take(4), budget.take(4));
        assert!(!a.raise(7) && a.raise(6) && a.raise(3));
        assert_eq!(budget.lock().used, 10, "it is never lowered");
        drop(b);
        let b = budget.take(1);
        a.exchange(9);
        drop((a, b));
        assert_eq!(budget.lock().used, 0);
    }
}
