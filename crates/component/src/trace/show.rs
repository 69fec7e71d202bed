//! Values as text, from slots or memory.

use crate::abi::{Discriminant, Lift, Lifting, MAX_FLAT_PARAMS, decode};
use crate::plan::{FuncType, Shape, Type, Types, align_up};
use std::fmt::Write;
use wayleave_engine::{Slots, Stop, ValType};

/// What of a text or a list of bytes is shown, in bytes.
const MOST_TEXT: u32 = 64;
/// What of any other list is shown, in elements.
const MOST_ELEMENTS: u32 = 8;

/// Where a value lies.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Slot(usize),
    Address(u32),
}

pub(super) struct Shower<'a, 'm, 'h, S> {
    types: &'a Types,
    from: &'a mut Lifting<'m, 'h>,
    slots: &'a S,
    text: String,
}

impl<'a, 'm, 'h, S: Slots> Shower<'a, 'm, 'h, S> {
    pub(super) fn new(types: &'a Types, from: &'a mut Lifting<'m, 'h>, slots: &'a S) -> Self {
        Self { types, from, slots, text: String::new() }
    }

    /// Names and texts of a function's parameters, and how many slots they take.
    pub(super) fn params(&mut self, ty: &FuncType) -> (Vec<(String, String)>, usize) {
        let layout = self.types.sequence(ty.params.iter().map(|(_, ty)| *ty));
        let flat = layout.flat.as_ref().is_some_and(|flat| flat.len() <= MAX_FLAT_PARAMS);
        let mut place = if flat { Place::Slot(0) } else { Place::Address(self.slots.u32(0)) };
        let mut texts = Vec::with_capacity(ty.params.len());
        for (name, ty) in &ty.params {
            let here = self.advance(*ty, &mut place);
            texts.push((name.clone(), self.value(*ty, here)));
        }
        let used = match place {
            Place::Slot(used) => used,
            Place::Address(_) => 1,
        };
        (texts, used)
    }

    /// The text of a value. What can not be read is a question mark: the call traps for it.
    pub(super) fn value(&mut self, ty: Type, place: Place) -> String {
        let before = std::mem::take(&mut self.text);
        if self.show(ty, place).is_err() {
            self.text.push('?');
        }
        std::mem::replace(&mut self.text, before)
    }

    /// The case of a variant of so many.
    pub(super) fn case(&mut self, place: Place, cases: usize) -> Result<u32, Stop> {
        match place {
            Place::Slot(slot) => Discriminant::lift(self.slots, slot, cases),
            Place::Address(at) => Discriminant::load(self.from, at, cases),
        }
    }

    /// The place of a value of this type, which begins here at the earliest; goes on behind it.
    fn advance(&self, ty: Type, place: &mut Place) -> Place {
        match place {
            Place::Slot(slot) => {
                let here = *slot;
                *slot += self.types.flat(ty).map_or(0, <[ValType]>::len);
                Place::Slot(here)
            }
            Place::Address(at) => {
                let (size, align) = self.types.size_align(ty);
                let here = align_up(*at, align);
                *at = here.saturating_add(size);
                Place::Address(here)
            }
        }
    }

    fn get<T: Lift<'m>>(&mut self, place: Place) -> Result<T, Stop> {
        match place {
            Place::Slot(slot) => T::lift(self.from, self.slots, slot),
            Place::Address(at) => T::load(self.from, at),
        }
    }

    /// Address and length of a list or text.
    fn list(&mut self, place: Place) -> Result<(u32, u32), Stop> {
        Ok(match place {
            Place::Slot(slot) => (self.slots.u32(slot), self.slots.u32(slot + 1)),
            Place::Address(at) => {
                (self.get(place)?, self.get(Place::Address(at.saturating_add(4)))?)
            }
        })
    }

    fn plain<T: Lift<'m> + std::fmt::Debug>(&mut self, place: Place) -> Result<(), Stop> {
        let value: T = self.get(place)?;
        let _ = write!(self.text, "{value:?}");
        Ok(())
    }

    fn show(&mut self, ty: Type, place: Place) -> Result<(), Stop> {
        match ty {
            Type::Bool => self.plain::<bool>(place),
            Type::S8 => self.plain::<i8>(place),
            Type::U8 => self.plain::<u8>(place),
            Type::S16 => self.plain::<i16>(place),
            Type::U16 => self.plain::<u16>(place),
            Type::S32 => self.plain::<i32>(place),
            Type::U32 => self.plain::<u32>(place),
            Type::S64 => self.plain::<i64>(place),
            Type::U64 => self.plain::<u64>(place),
            Type::F32 => self.plain::<f32>(place),
            Type::F64 => self.plain::<f64>(place),
            Type::Char => self.plain::<char>(place),
            Type::String => {
                let (at, len) = self.list(place)?;
                let text = decode(self.from, at, len)?;
                let most = text.floor_char_boundary(MOST_TEXT as usize);
                let _ = write!(self.text, "{:?}", &text[..most]);
                if most < text.len() {
                    let _ = write!(self.text, "... ({} bytes)", text.len());
                }
                Ok(())
            }
            Type::Own(_) | Type::Borrow(_) => {
                let number: u32 = self.get(place)?;
                let _ = write!(self.text, "#{number}");
                Ok(())
            }
            Type::Defined(_) => {
                let types = self.types;
                match types.shape(ty) {
                    Some(shape) => self.show_shape(ty, shape, place),
                    None => Ok(()),
                }
            }
        }
    }

    fn show_shape(&mut self, ty: Type, shape: &Shape, place: Place) -> Result<(), Stop> {
        match shape {
            Shape::List(Type::U8) => self.show_bytes(place),
            Shape::List(element) => self.show_list(&[*element], place),
            Shape::Map(key, value) => self.show_list(&[*key, *value], place),
            Shape::FixedList(element, len) => {
                let shown = (*len).min(MOST_ELEMENTS);
                self.show_parts("[", (0..shown).map(|_| (None, *element)), place)?;
                self.close(']', len - shown);
                Ok(())
            }
            Shape::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| (Some(name.as_str()), *ty));
                self.show_parts("{", fields, place)?;
                self.text.push('}');
                Ok(())
            }
            Shape::Tuple(parts) => {
                self.show_parts("(", parts.iter().map(|ty| (None, *ty)), place)?;
                self.text.push(')');
                Ok(())
            }
            Shape::Flags(names) => {
                let words = names.len().div_ceil(32);
                let mut set = Vec::new();
                for (index, name) in names.iter().enumerate() {
                    if self.flag(ty, place, index, words)? {
                        set.push(name.as_str());
                    }
                }
                let _ = write!(self.text, "{{{}}}", set.join(", "));
                Ok(())
            }
            Shape::Variant(cases) => {
                let cases: Vec<_> = cases.iter().map(|(name, ty)| (name.as_str(), *ty)).collect();
                self.show_case(&cases, place)
            }
            Shape::Enum(names) => {
                let cases: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
                self.show_case(&cases, place)
            }
            Shape::Option(ty) => self.show_case(&[("none", None), ("some", Some(*ty))], place),
            Shape::Result { ok, err } => self.show_case(&[("ok", *ok), ("err", *err)], place),
        }
    }

    fn show_parts<'n>(
        &mut self,
        open: &str,
        parts: impl Iterator<Item = (Option<&'n str>, Type)>,
        mut place: Place,
    ) -> Result<(), Stop> {
        self.text.push_str(open);
        for (index, (name, ty)) in parts.enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            if let Some(name) = name {
                let _ = write!(self.text, "{name}: ");
            }
            let here = self.advance(ty, &mut place);
            self.show(ty, here)?;
        }
        Ok(())
    }

    fn close(&mut self, close: char, left_out: u32) {
        if left_out > 0 {
            let _ = write!(self.text, ", ... {left_out} more");
        }
        self.text.push(close);
    }

    fn show_bytes(&mut self, place: Place) -> Result<(), Stop> {
        let (at, len) = self.list(place)?;
        let bytes = self.from.bytes(at, len.min(MOST_TEXT))?;
        let _ = write!(self.text, "\"{}\"", bytes.escape_ascii());
        if len > MOST_TEXT {
            let _ = write!(self.text, "... ({len} bytes)");
        }
        Ok(())
    }

    /// Elements of one part, or of two: keys and values.
    fn show_list(&mut self, parts: &[Type], place: Place) -> Result<(), Stop> {
        let (at, len) = self.list(place)?;
        let layout = self.types.sequence(parts.iter().copied());
        let shown = len.min(MOST_ELEMENTS);
        self.text.push('[');
        for index in 0..shown {
            if index > 0 {
                self.text.push_str(", ");
            }
            let mut place = Place::Address(at.saturating_add(index * layout.size));
            for (number, ty) in parts.iter().enumerate() {
                if number > 0 {
                    self.text.push_str(": ");
                }
                let here = self.advance(*ty, &mut place);
                self.show(*ty, here)?;
            }
        }
        self.close(']', len - shown);
        Ok(())
    }

    fn show_case(&mut self, cases: &[(&str, Option<Type>)], place: Place) -> Result<(), Stop> {
        let number = self.case(place, cases.len())?;
        let Some((name, payload)) = cases.get(number as usize) else { return Ok(()) };
        self.text.push_str(name);
        let Some(ty) = payload else { return Ok(()) };
        let payloads: Vec<_> = cases.iter().map(|(_, ty)| *ty).collect();
        let place = match place {
            Place::Slot(slot) => Place::Slot(slot + 1),
            Place::Address(at) => {
                Place::Address(at.saturating_add(self.types.payload_offset(&payloads)))
            }
        };
        self.text.push('(');
        self.show(*ty, place)?;
        self.text.push(')');
        Ok(())
    }

    fn flag(&mut self, ty: Type, place: Place, index: usize, words: usize) -> Result<bool, Stop> {
        let word = match place {
            Place::Slot(slot) => self.slots.u32(slot + index / 32),
            Place::Address(at) => match self.types.size_align(ty).0 {
                1 => self.get::<u8>(Place::Address(at))?.into(),
                2 => self.get::<u16>(Place::Address(at))?.into(),
                _ if index / 32 < words => {
                    let word = u32::try_from(index / 32).unwrap_or(0);
                    self.get(Place::Address(at.saturating_add(word * 4)))?
                }
                _ => 0,
            },
        };
        Ok(word >> (index % 32) & 1 == 1)
    }
}
