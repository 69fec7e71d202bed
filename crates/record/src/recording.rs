#[cfg(feature = "http")]
use crate::capability::{TapeBodies, TapeClient};
use crate::capability::{
    TapeClock, TapeDir, TapeFile, TapeListener, TapeNetwork, TapeRandom, TapeWatch,
};
use crate::file::{In, scan};
use crate::tape::{Player, Tape};
use crate::wire::Wire;
use crate::{Ended, Error, Head};
use std::fs::File as OsFile;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wayleave_grants::{Between, Clocks, Grants, Limits};
use wayleave_system::fs::File;
#[cfg(feature = "http")]
use wayleave_system::http::Client;
use wayleave_system::net::{Listener, Network};
use wayleave_system::wait::Interrupt;

/// A recording that can be replayed.
pub struct Recording {
    head: Head,
    rest: In,
    trusted: bool,
    patience: Option<Duration>,
}

/// Most listeners and folders that a recording is believed to have.
const MOST: usize = 1 << 16;

impl Recording {
    /// Opens a recording and looks at all of it: nothing is replayed of one that is damaged.
    ///
    /// # Errors
    /// [`Error::CutOff`] when its end is missing, see [`Recording::open_cut_off`]; what else it is
    /// instead, or how it is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        scan(open(path.as_ref())?)?;
        Self::begin(path.as_ref())
    }

    /// The same for one that may end early, as its program was killed: it is replayed up to there.
    ///
    /// # Errors
    /// As [`Recording::open`], but for the missing end. That is an error once it has been reached.
    pub fn open_cut_off(path: impl AsRef<Path>) -> Result<Self, Error> {
        match scan(open(path.as_ref())?) {
            Ok(()) | Err(Error::CutOff { .. }) => Self::begin(path.as_ref()),
            Err(error) => Err(error),
        }
    }

    /// What it says of the program.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The program, if it was kept: once.
    pub fn take_program(&mut self) -> Option<Vec<u8>> {
        self.head.program.bytes.take()
    }

    /// Gives the program all that its limits were, although they come from the recording. Without
    /// this, it is given what any guest is given at most when nobody says otherwise.
    #[must_use]
    pub fn trust_limits(mut self, trust: bool) -> Self {
        self.trusted = trust;
        self
    }

    /// Ends the replay after this time.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.patience = timeout;
        self
    }

    /// The grants for the same program to run again, which give nothing but answers from the
    /// recording; what it writes to its standard streams goes to `stdout` and `stderr`. When there
    /// are no more answers, `stop` is to end the guest, by way of `interrupt`.
    ///
    /// # Errors
    /// [`Error::Limits`] when the program's limits were higher than is usual, and nobody
    /// [trusts](Recording::trust_limits) the recording; [`Error::Damaged`] when it has more folders
    /// than any guest is given.
    pub fn replay(
        self,
        stdout: Arc<dyn File>,
        stderr: Arc<dyn File>,
        interrupt: Interrupt,
        stop: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Grants, Replay), Error> {
        let Head { args, env, preopens, listeners, network, http, simulated, mut limits, .. } =
            self.head;
        if !self.trusted {
            check(&limits)?;
        }
        if listeners > MOST || preopens.len() > MOST {
            return Err(Error::Damaged { offset: 0 });
        }
        let tape = &Tape::playing(Player::new(self.rest, stop));
        // Those end the guest at another place each time: the recording knows where it was.
        (limits.timeout, limits.fuel) = (self.patience, None);
        let mut grants = Grants::new()
            .stdin(TapeFile::new(tape, "standard input", None))
            .stdout(TapeFile::shown(tape, "standard output", stdout))
            .stderr(TapeFile::shown(tape, "standard error", stderr))
            .limits(limits)
            .interrupt(interrupt);
        grants.clocks = Clocks {
            realtime: TapeClock::new(tape, None),
            monotonic: TapeClock::new(tape, None),
            process_cpu: TapeClock::new(tape, None),
            thread_cpu: TapeClock::new(tape, None),
            // What it shows is on the tape: it only has to be there.
            simulated: simulated.then(Arc::default),
        };
        grants.random = TapeRandom::new(tape, None);
        for (guest, read_only) in preopens {
            let dir = TapeDir::empty(tape, &guest, read_only);
            grants.preopens.push(wayleave_grants::Preopen { guest, dir });
        }
        let listener = |_| -> Arc<dyn Listener> { TapeListener::new(tape, None) };
        grants.listeners = (0..listeners).map(listener).collect();
        let network = network.then(|| -> Arc<dyn Network> { TapeNetwork::new(tape, None) });
        let between = Between::new(TapeWatch::new(tape, false), network);
        #[cfg(feature = "http")]
        let between = {
            let http = http.then(|| -> Arc<dyn Client> { TapeClient::new(tape, None) });
            Between { http, bodies: Some(TapeBodies::new(tape)), ..between }
        };
        #[cfg(not(feature = "http"))]
        let _ = http;
        grants.between = Some(between);
        (grants.args, grants.env) = (args, env);
        Ok((grants, Replay(tape.clone())))
    }

    fn begin(path: &Path) -> Result<Self, Error> {
        let mut rest = In::new(open(path)?)?;
        let head = Head::take(&mut rest)?;
        Ok(Self { head, rest, trusted: false, patience: None })
    }
}

/// That a program is given no more than one that nobody has said anything of: who has made a
/// recording need not be who replays it.
fn check(limits: &Limits) -> Result<(), Error> {
    let usual = Limits::default();
    for (what, recorded, most) in [
        ("bytes of memory", limits.memory_bytes, usual.memory_bytes),
        ("elements of tables", limits.table_elements, usual.table_elements),
        ("instances", limits.instances, usual.instances),
        ("handles", limits.descriptors, usual.descriptors),
        ("bytes of buffers", limits.buffer_bytes, usual.buffer_bytes),
    ] {
        if recorded > most {
            return Err(Error::Limits { what, recorded, most });
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<BufReader<OsFile>, Error> {
    Ok(BufReader::with_capacity(64 << 10, OsFile::open(path)?))
}

/// A replay under way.
pub struct Replay(Arc<Tape>);

impl Replay {
    /// Compares the guest's end with the recorded one, and gives that. To be called when the guest
    /// has ended and is still there.
    ///
    /// # Errors
    /// Where the guest has strayed from the recording, or this was [cut off](Error::CutOff).
    pub fn finish(self, ended: Ended) -> Result<Ended, Error> {
        match self.0.player() {
            Some(mut player) => player.finish(ended),
            None => Ok(ended),
        }
    }
}
