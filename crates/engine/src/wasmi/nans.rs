//! One pattern of bits for each NaN that a module computes.
//!
//! The engine computes with the processor's own instructions, whose NaNs tell where they came from;
//! no setting changes that. So the module is changed instead: behind each instruction that may make
//! a NaN, the result is put into a local, compared with itself, and replaced by the canonical NaN
//! where the two differ. Instructions that only move bits (`neg`, `copysign`, `reinterpret`, loads)
//! are left alone, as the standard has it.

use super::binary::{CODE, FUNCTIONS, TYPES, append, leb, sections};
use wasmparser::{
    BinaryReader, CodeSectionReader, FunctionBody, FunctionSectionReader, Operator, Result,
    TypeSectionReader,
};

/// The module with canonical NaNs; `None` of what is no module.
pub(super) fn canonical(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut params = Vec::new();
    let mut types = Vec::new();
    let mut out = wasm.get(..8)?.to_vec();
    for section in sections(wasm)? {
        let reader = BinaryReader::new(section.body, 0);
        match section.id {
            TYPES => {
                let all = TypeSectionReader::new(reader).ok()?.into_iter_err_on_gc_types();
                params = all.map(|ty| Ok(ty?.params().len())).collect::<Result<_>>().ok()?;
            }
            FUNCTIONS => {
                let all = FunctionSectionReader::new(reader).ok()?.into_iter();
                types = all.collect::<Result<Vec<u32>>>().ok()?;
            }
            CODE => {
                let params = types.iter().map(|ty| params.get(*ty as usize).copied());
                let code = code(CodeSectionReader::new(reader).ok()?, params)?;
                append(&mut out, CODE, &code);
                continue;
            }
            _ => {}
        }
        out.extend_from_slice(section.whole);
    }
    Some(out)
}

fn code(
    bodies: CodeSectionReader<'_>,
    params: impl Iterator<Item = Option<usize>>,
) -> Option<Vec<u8>> {
    let mut code = leb(bodies.count() as usize);
    for (body, params) in bodies.into_iter().zip(params) {
        let body = function(&body.ok()?, params?).ok()?;
        code.extend(leb(body.len()));
        code.extend(body);
    }
    Some(code)
}

fn function(body: &FunctionBody<'_>, params: usize) -> Result<Vec<u8>> {
    let bytes = body.as_bytes();
    let start = body.range().start;
    let mut locals = Vec::new();
    for group in body.get_locals_reader()? {
        locals.push(group?.0 as usize);
    }
    let first = params + locals.iter().sum::<usize>();
    let mut used: Vec<Shape> = Vec::new();
    let mut operators = body.get_operators_reader()?;
    let mut from = operators.original_position() - start;
    let before = locals_end(&bytes[..from], locals.len());
    let mut out = Vec::new();
    while !operators.eof() {
        let shape = shape(&operators.read()?);
        let Some(shape) = shape else { continue };
        let to = operators.original_position() - start;
        out.extend_from_slice(&bytes[from..to]);
        from = to;
        let at = used.iter().position(|other| *other == shape).unwrap_or(used.len());
        if at == used.len() {
            used.push(shape);
        }
        shape.canonicalize(&leb(first + at), &mut out);
    }
    out.extend_from_slice(&bytes[from..]);

    let mut whole = leb(locals.len() + used.len());
    whole.extend_from_slice(before);
    for shape in used {
        whole.extend([1, shape.local()]);
    }
    whole.append(&mut out);
    Ok(whole)
}

/// The declarations of locals without their number.
fn locals_end(declarations: &[u8], groups: usize) -> &[u8] {
    // The number may be written longer than it has to be.
    let number = declarations.iter().position(|byte| byte & 0x80 == 0).map_or(0, |at| at + 1);
    if groups == 0 { &[] } else { declarations.get(number..).unwrap_or_default() }
}

/// What an instruction makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

const NAN_32: [u8; 4] = 0x7fc0_0000_u32.to_le_bytes();
const NAN_64: [u8; 8] = 0x7ff8_0000_0000_0000_u64.to_le_bytes();

const LOCAL_GET: u8 = 0x20;
const LOCAL_TEE: u8 = 0x22;
const SELECT: u8 = 0x1b;
const F32_CONST: u8 = 0x43;
const F64_CONST: u8 = 0x44;
const F32_EQ: u8 = 0x5b;
const F64_EQ: u8 = 0x61;
const V128_CONST: [u8; 2] = [0xfd, 0x0c];
const F32X4_EQ: [u8; 2] = [0xfd, 0x41];
const F64X2_EQ: [u8; 2] = [0xfd, 0x47];
const V128_BITSELECT: [u8; 2] = [0xfd, 0x52];

impl Shape {
    /// The type of a local for it.
    fn local(self) -> u8 {
        match self {
            Self::F32 => 0x7d,
            Self::F64 => 0x7c,
            Self::F32x4 | Self::F64x2 => 0x7b,
        }
    }

    /// Instructions that replace a NaN on the stack.
    fn canonicalize(self, local: &[u8], out: &mut Vec<u8>) {
        out.push(LOCAL_TEE);
        out.extend(local);
        match self {
            Self::F32 => out.extend([&[F32_CONST][..], &NAN_32].concat()),
            Self::F64 => out.extend([&[F64_CONST][..], &NAN_64].concat()),
            Self::F32x4 => out.extend([&V128_CONST[..], &NAN_32.repeat(4)].concat()),
            Self::F64x2 => out.extend([&V128_CONST[..], &NAN_64.repeat(2)].concat()),
        }
        for _ in 0..2 {
            out.push(LOCAL_GET);
            out.extend(local);
        }
        match self {
            Self::F32 => out.extend([F32_EQ, SELECT]),
            Self::F64 => out.extend([F64_EQ, SELECT]),
            Self::F32x4 => out.extend([F32X4_EQ, V128_BITSELECT].concat()),
            Self::F64x2 => out.extend([F64X2_EQ, V128_BITSELECT].concat()),
        }
    }
}

/// What an instruction makes that may make a NaN.
fn shape(operator: &Operator<'_>) -> Option<Shape> {
    use Operator as O;
    Some(match operator {
        O::F32Add | O::F32Sub | O::F32Mul | O::F32Div | O::F32Min | O::F32Max => Shape::F32,
        O::F32Ceil | O::F32Floor | O::F32Trunc | O::F32Nearest | O::F32Sqrt => Shape::F32,
        O::F32DemoteF64 => Shape::F32,
        O::F64Add | O::F64Sub | O::F64Mul | O::F64Div | O::F64Min | O::F64Max => Shape::F64,
        O::F64Ceil | O::F64Floor | O::F64Trunc | O::F64Nearest | O::F64Sqrt => Shape::F64,
        O::F64PromoteF32 => Shape::F64,
        O::F32x4Add | O::F32x4Sub | O::F32x4Mul | O::F32x4Div => Shape::F32x4,
        O::F32x4Min | O::F32x4Max | O::F32x4Sqrt => Shape::F32x4,
        O::F32x4Ceil | O::F32x4Floor | O::F32x4Trunc | O::F32x4Nearest => Shape::F32x4,
        O::F32x4DemoteF64x2Zero => Shape::F32x4,
        O::F64x2Add | O::F64x2Sub | O::F64x2Mul | O::F64x2Div => Shape::F64x2,
        O::F64x2Min | O::F64x2Max | O::F64x2Sqrt => Shape::F64x2,
        O::F64x2Ceil | O::F64x2Floor | O::F64x2Trunc | O::F64x2Nearest => Shape::F64x2,
        O::F64x2PromoteLowF32x4 => Shape::F64x2,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str) -> Vec<u8> {
        canonical(&wat::parse_str(text).unwrap()).unwrap()
    }

    #[test]
    fn what_makes_no_nan_stays_as_it_is() {
        let text = "(module (memory 1) (func (param f32 f64) (result f32) (local i32 f32)
            local.get 0 f32.neg (f32.const -nan:0x200001) f32.copysign)
            (func nop) (data (i32.const 0) \"x\"))";
        assert_eq!(changed(text), wat::parse_str(text).unwrap());
    }

    #[test]
    fn results_are_replaced_behind_each_instruction() {
        let before = "(module (func (param f32 f64) (result f32) (local i32 i64)
            local.get 0 local.get 0 f32.mul f32.sqrt)
            (func (param f64) (result f64) local.get 0 f64.floor))";
        let after = "(module (func (param f32 f64) (result f32) (local i32 i64 f32)
            local.get 0 local.get 0 f32.mul
            local.tee 4 f32.const nan local.get 4 local.get 4 f32.eq select
            f32.sqrt
            local.tee 4 f32.const nan local.get 4 local.get 4 f32.eq select)
            (func (param f64) (result f64) (local f64) local.get 0 f64.floor
            local.tee 1 f64.const nan local.get 1 local.get 1 f64.eq select))";
        assert_eq!(changed(before), wat::parse_str(after).unwrap());
    }

    #[test]
    fn what_is_no_module_is_left_to_the_engine() {
        assert_eq!(canonical(b"\0asm"), None);
        let module = wat::parse_str("(module (func (result f32) f32.const 1 f32.sqrt))").unwrap();
        for cut in 8..module.len() {
            let _ = canonical(&module[..cut]);
        }
    }
}
