use std::mem::MaybeUninit;

use ::wasmtime::ValRaw;

/// Arguments and results of a host function: a view of the array in which compiled code passes
/// them, without a copy.
///
/// Compiled code writes only the lower half of an `i32` argument's slot, and nothing to slots that
/// are there for results alone. Which halves are initialised is settled by `Layout`; a read
/// outside of them gives zeros.
pub struct Slots<'a> {
    raw: &'a mut [MaybeUninit<ValRaw>],
    /// Bit `i`: all 64 bits of slot `i` are initialised. Slots from 64 on always are.
    wide: u64,
}

impl<'a> Slots<'a> {
    /// Makes the slots safe to read in any way.
    #[inline]
    pub(super) fn new(raw: &'a mut [MaybeUninit<ValRaw>], layout: &Layout) -> Self {
        if !layout.as_passed {
            layout.complete(raw);
        }
        Self { raw, wide: layout.wide }
    }
}

impl crate::Slots for Slots<'_> {
    #[inline]
    fn u32(&self, index: usize) -> u32 {
        match self.raw.get(index) {
            // SAFETY: the lower 32 bits of every slot are initialised: compiled code writes at
            // least as much of an argument, and `new` all of the other slots.
            Some(slot) => unsafe { slot.assume_init_ref() }.get_u32(),
            None => 0,
        }
    }

    #[inline]
    fn u64(&self, index: usize) -> u64 {
        if index < 64 && self.wide & (1 << index) == 0 {
            return self.u32(index).into();
        }
        match self.raw.get(index) {
            // SAFETY: `wide` says that all 64 bits are initialised, and `new` has widened every
            // slot from 64 on.
            Some(slot) => unsafe { slot.assume_init_ref() }.get_u64(),
            None => 0,
        }
    }

    #[inline]
    fn set_u32(&mut self, index: usize, value: u32) {
        if let Some(slot) = self.raw.get_mut(index) {
            slot.write(ValRaw::u32(value));
        }
    }

    #[inline]
    fn set_u64(&mut self, index: usize, value: u64) {
        if let Some(slot) = self.raw.get_mut(index) {
            slot.write(ValRaw::u64(value));
            if index < 64 {
                self.wide |= 1 << index;
            }
        }
    }
}

/// What is known about the slots of a function type before any call.
#[derive(Debug)]
pub(super) struct Layout {
    /// Nothing needs to be done: each slot holds an argument, and may be read as it was passed.
    as_passed: bool,
    /// Slots below hold arguments; those above, zeros until the host function sets a result.
    params: usize,
    /// See [`Slots::wide`].
    wide: u64,
    /// Narrow arguments to be widened before the call: where the bit set does not reach, and where
    /// a wide result would otherwise show the guest bits that nobody wrote.
    widen: Box<[usize]>,
}

impl Layout {
    /// The layout of a function type.
    pub(super) fn new(ty: &crate::FuncType) -> Self {
        let narrow = |ty: Option<&crate::ValType>| {
            matches!(ty, Some(crate::ValType::I32 | crate::ValType::F32))
        };
        let count = ty.params.len().max(ty.results.len());
        let widen: Box<[usize]> = (0..ty.params.len())
            .filter(|&index| narrow(ty.params.get(index)))
            .filter(|&index| index >= 64 || ty.results.get(index).is_some_and(|r| !narrow(Some(r))))
            .collect();
        let wide = (0..count.min(64))
            .filter(|index| !narrow(ty.params.get(*index)) || widen.contains(index))
            .fold(0, |bits, index| bits | 1 << index);
        let as_passed = ty.results.len() <= ty.params.len() && widen.is_empty();
        Self { as_passed, params: ty.params.len(), wide, widen }
    }

    /// Initialises what compiled code has not.
    #[inline]
    fn complete(&self, raw: &mut [MaybeUninit<ValRaw>]) {
        for slot in raw.get_mut(self.params..).unwrap_or_default() {
            slot.write(ValRaw::u64(0));
        }
        if !self.widen.is_empty() {
            self.widen(raw);
        }
    }

    #[inline(never)]
    fn widen(&self, raw: &mut [MaybeUninit<ValRaw>]) {
        for &index in &self.widen {
            if let Some(slot) = raw.get_mut(index) {
                // SAFETY: `Layout::new` lists parameters of 32 bits here, and compiled code wrote
                // at least that much; a union may have uninitialised bytes besides.
                let low = unsafe { slot.assume_init_ref() }.get_u32();
                slot.write(ValRaw::u32(low));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Slots as _;
    use crate::ValType::{F32, I32, I64};

    /// Slots as compiled code leaves them: narrow arguments half written, results not at all.
    /// Run it under Miri to see that nothing uninitialised is read.
    fn with<R>(
        params: &[crate::ValType],
        results: &[crate::ValType],
        test: impl FnOnce(&mut Slots<'_>) -> R,
    ) -> R {
        let layout = Layout::new(&crate::FuncType::new(params, results));
        let mut raw: Vec<MaybeUninit<ValRaw>> = Vec::new();
        raw.resize_with(params.len().max(results.len()), MaybeUninit::uninit);
        for (slot, ty) in raw.iter_mut().zip(params) {
            match ty {
                // SAFETY: writes to the slot's own 4 bytes, as compiled code does.
                I32 | F32 => unsafe { slot.as_mut_ptr().cast::<u32>().write(u32::MAX) },
                _ => drop(slot.write(ValRaw::u64(u64::MAX))),
            }
        }
        test(&mut Slots::new(&mut raw, &layout))
    }

    #[test]
    fn any_slot_can_be_read_at_any_width() {
        with(&[I32, I64, F32], &[I64, I32, I32, I64], |slots| {
            assert_eq!(slots.u64(0), u64::from(u32::MAX));
            assert_eq!(slots.u64(1), u64::MAX);
            assert_eq!(slots.u32(1), u32::MAX);
            assert_eq!(slots.u64(2), u64::from(u32::MAX));
            assert_eq!(slots.u64(3), 0);
            assert_eq!((slots.u32(4), slots.u64(4), slots.u64(usize::MAX)), (0, 0, 0));
        });
    }

    #[test]
    fn a_slot_gives_back_what_was_set() {
        with(&[I32, I32], &[], |slots| {
            slots.set_u64(0, 1 << 40);
            assert_eq!(slots.u64(0), 1 << 40);
            slots.set_u32(0, 7);
            assert_eq!(slots.u64(0), 7);
            slots.set_u32(9, 1);
            slots.set_u64(99, 1);
            assert_eq!(slots.u64(99), 0);
        });
    }

    #[test]
    fn more_than_64_slots_are_widened() {
        with(&[I32; 70], &[], |slots| {
            for index in 0..70 {
                assert_eq!(slots.u64(index), u64::from(u32::MAX));
            }
        });
    }
}
