//! What the suites expect of their host: functions, resources and a module.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use wayleave_component::{Borrow, Error, Interface, Linker, Own};
use wayleave_engine::{Engine, Stop, Trap};

/// The host's state: the same for all instances of a script.
pub(crate) type Host = Arc<Dropped>;

/// What has become of the resources of the first kind.
#[derive(Default)]
pub(crate) struct Dropped {
    count: AtomicU32,
    last: AtomicU32,
}

struct Resource1;
struct Resource2;

/// A resource of some instance of the script's, as others see it: only that it is none of theirs.
struct Foreign<const NUMBER: usize>;

/// A linker with all that the suites expect.
pub(crate) fn linker<E: Engine>(engine: &E) -> Result<Linker<E, Host>, Error> {
    let mut linker = Linker::new();
    linker
        .root()
        .func("host-echo-u32", |_: &mut Host, (number,): (u32,)| Ok((number,)))?
        .func("host-return-two", |_: &mut Host, (): ()| Ok((2u32,)))?;
    let module = wat::parse_str(
        r#"(module
            (global (export "g") i32 (i32.const 100))
            (func (export "f") (result i32) (i32.const 101)))"#,
    )
    .map_err(|error| Error::Invalid(error.to_string()))?;
    let mut host = linker.interface("host");
    host.module("simple-module", engine.compile(&module)?);
    host.func("return-three", |_: &mut Host, (): ()| Ok((3u32,)))?
        .func("return-hi", |_: &mut Host, (): ()| Ok(("hi".to_owned(),)))?;
    host.interface("nested").func("return-four", |_: &mut Host, (): ()| Ok((4u32,)))?;
    resources(&mut host)?;
    Ok(linker)
}

fn resources<E: Engine>(host: &mut Interface<'_, E, Host>) -> Result<(), Error> {
    host.resource::<Resource1>("resource1", |host, rep| {
        host.count.fetch_add(1, Relaxed);
        host.last.store(rep, Relaxed);
        Ok(())
    })?;
    host.resource::<Resource2>("resource2", |_, _| Ok(()))?;
    // Another name of the first.
    host.resource::<Resource1>("resource1-again", |_, _| {
        Err(Trap::host("dropped through its other name").into())
    })?;
    host.func("[constructor]resource1", |_: &mut Host, (rep,): (u32,)| {
        Ok((Own::<Resource1>::new(rep),))
    })?
    .func("[static]resource1.assert", |_: &mut Host, (one, rep): (Own<Resource1>, u32)| {
        same(one.rep(), rep)
    })?
    .func("[static]resource1.last-drop", |host: &mut Host, (): ()| Ok((host.last.load(Relaxed),)))?
    .func("[static]resource1.drops", |host: &mut Host, (): ()| Ok((host.count.load(Relaxed),)))?
    .func("[method]resource1.simple", |_: &mut Host, (this, rep): (Borrow<Resource1>, u32)| {
        same(this.rep(), rep)
    })?
    .func(
        "[method]resource1.take-borrow",
        |_: &mut Host, (_, _): (Borrow<Resource1>, Borrow<Resource1>)| Ok(()),
    )?
    .func(
        "[method]resource1.take-own",
        |_: &mut Host, (_, _): (Borrow<Resource1>, Own<Resource1>)| Ok(()),
    )?;
    Ok(())
}

/// Offers a resource of the script's `number`th named instance to later ones.
pub(crate) fn foreign<E: Engine>(
    interface: &mut Interface<'_, E, Host>,
    name: &str,
    number: usize,
) -> Result<(), Error> {
    fn nothing(_: &mut Host, _: u32) -> Result<(), Stop> {
        Ok(())
    }
    match number {
        0 => interface.resource::<Foreign<0>>(name, nothing),
        1 => interface.resource::<Foreign<1>>(name, nothing),
        2 => interface.resource::<Foreign<2>>(name, nothing),
        3 => interface.resource::<Foreign<3>>(name, nothing),
        _ => Err(Error::Invalid("a script with more than four named resources".into())),
    }?;
    Ok(())
}

fn same(got: u32, expected: u32) -> Result<(), Stop> {
    match got == expected {
        true => Ok(()),
        false => Err(Trap::host(format!("resource {got}, not {expected}")).into()),
    }
}
