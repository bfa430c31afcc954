//! The artifacts of one exam: typed, named, each there or refused for a reason.

use super::{Flag, Refusal};
use std::any::Any;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The name of an artifact and the type that is stored under it.
pub struct Key<T> {
    /// What stages and measures name in `reads` and `writes`.
    pub name: &'static str,
    kind: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    /// A key; each name belongs to one constant.
    pub const fn new(name: &'static str) -> Self {
        Self { name, kind: PhantomData }
    }
}

type Stored = Arc<dyn Any + Send + Sync>;

#[derive(Clone)]
struct Slot {
    value: Result<Stored, Refusal>,
    flags: Vec<Flag>,
}

/// What has been made of one exam so far.
#[derive(Clone, Default)]
pub struct Board {
    slots: BTreeMap<&'static str, Slot>,
}

impl Board {
    /// Stores an artifact with the flags that everything made from it inherits.
    pub fn put<T: Send + Sync + 'static>(&mut self, key: &Key<T>, value: T, flags: &[Flag]) {
        self.put_shared(key, Arc::new(value), flags);
    }

    /// Stores an artifact that others hold too.
    pub fn put_shared<T: Send + Sync + 'static>(&mut self, key: &Key<T>, value: Arc<T>, flags: &[Flag]) {
        self.slots.insert(key.name, Slot { value: Ok(value), flags: flags.to_vec() });
    }

    /// Records that an artifact cannot be had.
    pub fn refuse(&mut self, name: &'static str, why: Refusal) {
        self.slots.insert(name, Slot { value: Err(why), flags: Vec::new() });
    }

    /// Takes over everything another board holds.
    pub fn merge(&mut self, other: Board) {
        self.slots.extend(other.slots);
    }

    /// Adds inherited flags to an artifact already stored.
    pub fn inherit(&mut self, name: &str, flags: &[Flag]) {
        if let Some(slot) = self.slots.get_mut(name) {
            slot.flags.extend(flags.iter().filter(|f| !slot.flags.contains(f)).cloned().collect::<Vec<_>>());
        }
    }

    /// Frees an artifact after its last reader; its flags and refusal stay.
    pub fn forget(&mut self, name: &str) {
        if let Some(slot) = self.slots.get_mut(name)
            && slot.value.is_ok()
        {
            slot.value = Ok(Arc::new(()));
        }
    }

    /// The artifact under `key`, if it was made, not refused and not yet freed.
    pub fn find<T: Send + Sync + 'static>(&self, key: &Key<T>) -> Option<&T> {
        self.slots.get(key.name)?.value.as_ref().ok()?.downcast_ref()
    }

    /// Whether there is anything under that name: an artifact, or why it is refused.
    pub fn holds(&self, name: &str) -> bool {
        self.slots.contains_key(name)
    }

    /// Why the first refused artifact among `names` is refused.
    pub fn first_refusal(&self, names: &[&str]) -> Option<Refusal> {
        names.iter().find_map(|n| self.slots.get(n).and_then(|s| s.value.as_ref().err().cloned()))
    }

    /// The flags that something made from `names` inherits, in order, each once.
    pub fn flags_of(&self, names: &[&str]) -> Vec<Flag> {
        let mut all: Vec<Flag> = names.iter().filter_map(|n| self.slots.get(n)).flat_map(|s| s.flags.clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// A reader that sees only what it declared: `reads` it needs, `looks_at` may be refused.
    pub fn view<'a>(&'a self, reads: &'a [&'static str], looks_at: &'a [&'static str]) -> View<'a> {
        View { board: self, reads, looks_at }
    }
}

/// The declared part of a board: what a stage or a measure may read.
#[derive(Clone, Copy)]
pub struct View<'a> {
    board: &'a Board,
    reads: &'a [&'static str],
    looks_at: &'a [&'static str],
}

impl<'a> View<'a> {
    /// The artifact under `key`, or why it is refused.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// If it was not declared in `looks_at`, and as [`View::get`].
    pub fn look<T: Send + Sync + 'static>(&self, key: &Key<T>) -> Result<&'a T, Refusal> {
        assert!(self.looks_at.contains(&key.name), "{} is looked at but not declared", key.name);
        match self.board.first_refusal(&[key.name]) {
            Some(refusal) => Err(refusal),
            None => Ok(View { reads: self.looks_at, ..*self }.get(key)),
        }
    }

    /// The artifact under `key`.
    ///
    /// # Panics
    /// If it was not declared in `reads`, is refused, or was never made: faults of the program, which the graph
    /// check and the tests exclude.
    pub fn get<T: Send + Sync + 'static>(&self, key: &Key<T>) -> &'a T {
        self.shared_ref(key)
            .downcast_ref()
            .unwrap_or_else(|| panic!("artifact {} was freed or has another type", key.name))
    }

    /// The artifact under `key`, shared; as [`View::get`].
    pub fn shared<T: Send + Sync + 'static>(&self, key: &Key<T>) -> Arc<T> {
        let stored = Arc::clone(self.shared_ref(key));
        stored.downcast().unwrap_or_else(|_| panic!("artifact {} was freed or has another type", key.name))
    }

    fn shared_ref<T>(&self, key: &Key<T>) -> &'a Stored {
        assert!(self.reads.contains(&key.name), "{} is read but not declared", key.name);
        let slot = self.board.slots.get(key.name).unwrap_or_else(|| panic!("artifact {} was never made", key.name));
        slot.value.as_ref().unwrap_or_else(|_| panic!("artifact {} is refused", key.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{flag, reason};

    const A: Key<u32> = Key::new("a");

    #[test]
    fn what_was_put_can_be_read_until_it_is_forgotten() {
        let mut board = Board::default();
        board.put(&A, 7, &[flag::METAL]);
        assert_eq!(*board.view(&["a"], &[]).get(&A), 7);
        assert_eq!(board.flags_of(&["a"]), [flag::METAL]);
        board.forget("a");
        let read = std::panic::AssertUnwindSafe(|| *board.view(&["a"], &[]).get(&A));
        assert!(std::panic::catch_unwind(read).is_err());
    }

    #[test]
    fn a_refusal_is_found_by_name() {
        let mut board = Board::default();
        board.refuse("a", Refusal::of(reason::FOV_TRUNCATED, ""));
        assert_eq!(board.first_refusal(&["b", "a"]).unwrap().reason, reason::FOV_TRUNCATED);
    }

    #[test]
    #[should_panic(expected = "not declared")]
    fn an_undeclared_read_is_a_fault() {
        let mut board = Board::default();
        board.put(&A, 7, &[]);
        board.view(&[], &[]).get(&A);
    }
}
