#[cfg(feature = "http")]
use crate::capability::{TapeBodies, TapeClient};
use crate::capability::{
    TapeClock, TapeDir, TapeFile, TapeListener, TapeNetwork, TapeRandom, TapeWatch,
};
use crate::file::Out;
use crate::head::Program;
use crate::tape::{Keeper, Tape};
use crate::wire::Wire;
use crate::{Ended, Error, Head};
use std::io::{self, Write};
use std::sync::Arc;
use wayleave_grants::{Between, Clocks, Grants, Preopen};
#[cfg(feature = "http")]
use wayleave_system::http::Client;
use wayleave_system::net::Network;
use wayleave_system::refusal::{Answer, Refusal, Refusals};

/// Records a guest: everything that reaches it from outside is written, in order, as it does.
pub struct Recorder {
    to: Box<dyn Write + Send>,
    program: Program,
}

impl Recorder {
    /// Writes to `to` what this program does. The recording holds what the program reads: whoever
    /// must not read that must not read the recording.
    pub fn new(to: impl Write + Send + 'static, program: &[u8]) -> Self {
        Self { to: Box::new(to), program: Program::new(program) }
    }

    /// Says where the program was.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.program.path = Some(path.into());
        self
    }

    /// Says that the program is machine code of this engine: no other can replay it.
    #[must_use]
    pub fn compiled_for(mut self, engine: impl Into<String>) -> Self {
        self.program.compiled_for = Some(engine.into());
        self
    }

    /// Says that the program is not run, but that one of its exports is called, in these words.
    #[must_use]
    pub fn invoked(mut self, call: impl Into<String>) -> Self {
        self.program.invoked = Some(call.into());
        self
    }

    /// Says that the program was loaded although nothing provides some of its imports.
    #[must_use]
    pub fn unknown_imports_trap(mut self, trap: bool) -> Self {
        self.program.unknown_imports_trap = trap;
        self
    }

    /// Keeps the program, too, so that the recording can be replayed without it.
    #[must_use]
    pub fn with_program(mut self, bytes: &[u8]) -> Self {
        self.program.bytes = Some(bytes.to_owned());
        self
    }

    /// That a guest with these grants can be recorded.
    ///
    /// # Errors
    /// [`Error::NotRecordable`].
    pub fn check(grants: &Grants) -> Result<(), Error> {
        if grants.between.is_some() {
            return Err(Error::NotRecordable { what: "what is recorded or replayed already" });
        }
        Ok(())
    }

    /// Begins: the grants for a guest that is recorded. They are for one guest that runs to its end
    /// on one thread: what several do has no order, and a guest that is suspended asks twice.
    ///
    /// # Errors
    /// [`Error::NotRecordable`] for what this version can not record; [`Error::Io`] when the
    /// beginning can not be written.
    pub fn start(self, mut grants: Grants) -> Result<(Grants, Session), Error> {
        // Which folders there are is written down before the guest asks.
        grants.preopens.extend(grants.elsewhere.take());
        Self::check(&grants)?;
        let network = grants.guest_network(grants.network_meter());
        let head = Head {
            program: self.program,
            args: grants.args.clone(),
            env: grants.env.clone(),
            preopens: grants
                .preopens
                .iter()
                .map(|preopen| (preopen.guest.clone(), preopen.dir.is_read_only()))
                .collect(),
            listeners: grants.listeners.len(),
            network: network.is_some(),
            #[cfg(feature = "http")]
            http: grants.http.is_some(),
            #[cfg(not(feature = "http"))]
            http: false,
            simulated: grants.clocks.simulated.is_some(),
            limits: grants.limits.clone(),
        };
        let mut out = Out::new(self.to)?;
        head.put(&mut out);
        out.flush();
        let tape = Tape::recording(Keeper::new(out));
        Ok((wrap(grants, &tape), Session(tape)))
    }
}

/// The same grants, with the tape around each. The order is that of [`Recording::replay`].
///
/// [`Recording::replay`]: crate::Recording::replay
fn wrap(mut grants: Grants, tape: &Arc<Tape>) -> Grants {
    let clock = |clock| TapeClock::new(tape, Some(clock));
    grants.stdin = TapeFile::new(tape, "standard input", Some(grants.stdin));
    grants.stdout = TapeFile::new(tape, "standard output", Some(grants.stdout));
    grants.stderr = TapeFile::new(tape, "standard error", Some(grants.stderr));
    grants.clocks = Clocks {
        realtime: clock(grants.clocks.realtime),
        monotonic: clock(grants.clocks.monotonic),
        process_cpu: clock(grants.clocks.process_cpu),
        thread_cpu: clock(grants.clocks.thread_cpu),
        simulated: grants.clocks.simulated,
    };
    grants.random = TapeRandom::new(tape, Some(grants.random));
    for Preopen { guest, dir } in &mut grants.preopens {
        *dir = TapeDir::around(tape, guest, dir.clone());
    }
    for listener in &mut grants.listeners {
        *listener = TapeListener::new(tape, Some(listener.clone()));
    }
    let meter = grants.network_meter();
    let network = grants.guest_network(meter.clone());
    let network = network.map(|real| -> Arc<dyn Network> { TapeNetwork::new(tape, Some(real)) });
    let between = Between::new(TapeWatch::new(tape, true), network);
    #[cfg(feature = "http")]
    let between = {
        let wrapped = |real| -> Arc<dyn Client> { TapeClient::new(tape, Some(real)) };
        let (http, bodies) = (grants.guest_http(meter).map(wrapped), TapeBodies::new(tape));
        Between { http, bodies: Some(bodies), ..between }
    };
    grants.between = Some(between);
    let fixed = |told| -> Arc<dyn Refusals> { Arc::new(FixedLimits(told)) };
    grants.refusals = grants.refusals.map(fixed);
    grants
}

/// Tells of limits that are reached, and lets none be exceeded: a replay has the limits that the
/// recording began with, and nobody to ask. What else may be refused is behind the tape by now.
struct FixedLimits(Arc<dyn Refusals>);

impl Refusals for FixedLimits {
    fn refused(&self, refusal: Refusal) -> Answer {
        match self.0.may_allow() {
            true => self.0.ended(refusal),
            false => drop(self.0.refused(refusal)),
        }
        Answer::Deny
    }

    fn ended(&self, refusal: Refusal) {
        self.0.ended(refusal);
    }
}

/// A recording under way.
pub struct Session(Arc<Tape>);

impl Session {
    /// Ends the recording. To be called when the guest has ended and is still there: what happens
    /// when its handles are closed is not its doing.
    ///
    /// # Errors
    /// What kept some of the recording from being written, now or before: it is cut off there.
    pub fn finish(self, ended: &Ended) -> io::Result<Summary> {
        let Some(mut keeper) = self.0.keeper() else { return Ok(Summary::default()) };
        let (calls, bytes) = keeper.finish(ended)?;
        Ok(Summary { calls, bytes })
    }
}

/// What was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// How many calls.
    pub calls: u64,
    /// The recording's length.
    pub bytes: u64,
}
