use ::wasmi::{F32, F64, Val};

/// Arguments and results of a host function, as the interpreter hands them out: apart.
pub struct Slots<'a> {
    args: &'a [Val],
    results: &'a mut [Val],
    /// Bit `i`: result `i` has been set, and hides argument `i`.
    set: u64,
}

impl<'a> Slots<'a> {
    pub(super) fn new(args: &'a [Val], results: &'a mut [Val]) -> Self {
        Self { args, results, set: 0 }
    }

    fn slot(&self, index: usize) -> Option<&Val> {
        let is_set = index < 64 && self.set & (1 << index) != 0;
        let arg = self.args.get(index).filter(|_| !is_set);
        arg.or_else(|| self.results.get(index))
    }

    fn result(&mut self, index: usize) -> Option<&mut Val> {
        let result = self.results.get_mut(index)?;
        if index < 64 {
            self.set |= 1 << index;
        }
        Some(result)
    }
}

impl crate::Slots for Slots<'_> {
    fn u32(&self, index: usize) -> u32 {
        low(self.u64(index))
    }

    fn u64(&self, index: usize) -> u64 {
        match self.slot(index) {
            Some(Val::I32(value)) => value.cast_unsigned().into(),
            Some(Val::I64(value)) => value.cast_unsigned(),
            Some(Val::F32(value)) => value.to_bits().into(),
            Some(Val::F64(value)) => value.to_bits(),
            _ => 0,
        }
    }

    fn set_u32(&mut self, index: usize, value: u32) {
        self.set_u64(index, value.into());
    }

    /// Keeps the result's declared type: the interpreter does not take another.
    fn set_u64(&mut self, index: usize, value: u64) {
        match self.result(index) {
            Some(Val::I32(result)) => *result = low(value).cast_signed(),
            Some(Val::I64(result)) => *result = value.cast_signed(),
            Some(Val::F32(result)) => *result = F32::from_bits(low(value)),
            Some(Val::F64(result)) => *result = F64::from_bits(value),
            _ => {}
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is asked for")]
fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Slots as _;

    #[test]
    fn a_result_hides_the_argument_of_its_number() {
        let mut results = [Val::I64(0), Val::F32(F32::from_bits(0))];
        let mut slots = Slots::new(&[Val::I32(-1)], &mut results);
        assert_eq!((slots.u32(0), slots.u64(0), slots.u64(1)), (u32::MAX, 0xffff_ffff, 0));
        slots.set_u64(0, 1 << 40);
        slots.set_u64(1, 0x7fc0_0001);
        slots.set_u32(2, 1);
        assert_eq!((slots.u64(0), slots.u32(1), slots.u64(2)), (1 << 40, 0x7fc0_0001, 0));
    }
}
