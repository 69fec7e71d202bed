use crate::determinism::deterministic;
use crate::{
    AddressRule, ClockGrant, DirGrant, EnvGrant, Error, FileGrant, Grants, HttpGrant, ImageGrant,
    LimitSettings, MemoryGrant, Moment, NameRule, RandomGrant, Stream, StreamGrant,
};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// All that is asked for, as plain data: from the command line, from a manifest, or from both.
///
/// Nothing is opened until [`Settings::open`] makes [`Grants`] of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The first argument: the program's name, by convention.
    pub argv0: Option<String>,
    /// The other arguments.
    pub args: Vec<String>,
    /// Folders, in the order in which the guest finds them.
    pub dirs: Vec<DirGrant>,
    /// Archives as folders; the guest finds them behind `dirs`.
    pub images: Vec<ImageGrant>,
    /// Folders in memory; the guest finds them behind `images`.
    pub memories: Vec<MemoryGrant>,
    /// Single files; the guest finds their folders behind `memories`.
    pub files: Vec<FileGrant>,
    /// Variables; of two with one name the later one counts.
    pub env: Vec<EnvGrant>,
    /// Whether all variables of the host are given, besides `env`.
    pub inherit_env: bool,
    /// Standard input; nothing where it is `None`.
    pub stdin: Option<StreamGrant>,
    /// Standard output; what is written vanishes where it is `None`.
    pub stdout: Option<StreamGrant>,
    /// Standard error; what is written vanishes where it is `None`.
    pub stderr: Option<StreamGrant>,
    /// Addresses to listen on, for listeners that the guest finds open.
    pub listeners: Vec<SocketAddr>,
    /// Hosts that may be sent HTTP requests.
    pub http: Vec<HttpGrant>,
    /// Files with certificates of authorities to trust, besides the system's.
    pub tls_ca: Vec<PathBuf>,
    /// Addresses that may be connected and sent to, and hosts that may be sent requests.
    pub outbound: Vec<AddressRule>,
    /// Of those, what is denied, whatever allows it.
    pub deny_outbound: Vec<AddressRule>,
    /// Whether addresses that are not in the Internet are refused unless they are named.
    pub public_only: bool,
    /// Addresses of this machine that may be listened and received at.
    pub inbound: Vec<AddressRule>,
    /// Names that may be looked up.
    pub resolve: Vec<NameRule>,
    /// What clocks show; by default the host's time.
    pub clock: Option<ClockGrant>,
    /// Where random numbers come from; by default the system.
    pub random: Option<RandomGrant>,
    /// Whether nothing may differ from run to run: see [`Settings::open`].
    pub deterministic: bool,
    /// Limits.
    pub limits: LimitSettings,
}

impl Settings {
    /// When the time of a [deterministic](Settings::deterministic) guest begins, unless that is
    /// asked for: 2000-01-01.
    pub const FIRST_MOMENT: Moment = Moment(946_684_800_000_000_000);

    /// These, and what `over` asks for besides.
    ///
    /// Lists grow, and what `over` has comes last; what is in both is there once. Of two mounts
    /// under one guest path, and of two variables with one name, that of `over` is left. Of what
    /// there is one of, `over` decides where it says something.
    #[must_use]
    pub fn extended_by(mut self, over: Self) -> Self {
        self.give_up(&over.guest_paths());
        self.env.retain(|variable| over.env.iter().all(|other| other.name() != variable.name()));
        self.args.extend(over.args);
        self.dirs.extend(over.dirs);
        self.images.extend(over.images);
        self.memories.extend(over.memories);
        self.files.extend(over.files);
        self.env.extend(over.env);
        add(&mut self.listeners, over.listeners);
        add(&mut self.http, over.http);
        add(&mut self.tls_ca, over.tls_ca);
        add(&mut self.outbound, over.outbound);
        add(&mut self.deny_outbound, over.deny_outbound);
        add(&mut self.inbound, over.inbound);
        add(&mut self.resolve, over.resolve);
        Self {
            argv0: over.argv0.or(self.argv0),
            inherit_env: self.inherit_env || over.inherit_env,
            public_only: self.public_only || over.public_only,
            stdin: over.stdin.or(self.stdin),
            stdout: over.stdout.or(self.stdout),
            stderr: over.stderr.or(self.stderr),
            clock: over.clock.or(self.clock),
            random: over.random.or(self.random),
            deterministic: self.deterministic || over.deterministic,
            limits: self.limits.extended_by(over.limits),
            ..self
        }
    }

    /// Opens the folders and files and listens on the addresses: what one guest is given.
    ///
    /// A client for HTTP requests is not among it: which one is for the caller to say, with the
    /// policy of the grants (`Grants::http_policy`).
    ///
    /// With [`Settings::deterministic`], what the guest sees follows from what it is given: its
    /// time begins at `fixed:TIME` (2000-01-01 without) and is [`Simulated`](wayleave_system::clock::Simulated), its random numbers
    /// follow from `seed:N` (0 without), and folders and files show nothing of the host but names
    /// and contents ([`Reproducible`](wayleave_system::fs::Reproducible)).
    ///
    /// # Errors
    /// What can not be granted, and why: as [`Settings::check`], and what can not be opened. What was
    /// opened so far is closed again.
    pub fn open(&self) -> Result<Grants, Error> {
        self.check()?;
        let args = self.argv0.iter().chain(&self.args);
        let mut grants = Grants::new().args(args.cloned())?;
        for (stream, grant) in [
            (Stream::Stdin, &self.stdin),
            (Stream::Stdout, &self.stdout),
            (Stream::Stderr, &self.stderr),
        ] {
            if let Some(grant) = grant {
                grants = grants.stream(stream, grant.clone())?;
            }
        }
        if self.inherit_env {
            grants = grants.inherit_env()?;
        }
        for variable in &self.env {
            let (name, value) = variable.clone().resolve()?;
            grants = grants.env(name, value)?;
        }
        for dir in &self.dirs {
            grants = grants.dir_grant(dir.clone())?;
        }
        for image in &self.images {
            grants = grants.image_grant(image.clone())?;
        }
        for memory in &self.memories {
            grants = grants.memory_grant(memory.clone())?;
        }
        for file in &self.files {
            grants = grants.file_grant(file.clone())?;
        }
        for address in &self.listeners {
            grants = grants.tcp_listen(*address)?;
        }
        for grant in &self.http {
            grants = grants.allow_http(grant);
        }
        for rule in &self.outbound {
            grants = grants.allow_outbound(rule.clone());
        }
        for rule in &self.deny_outbound {
            grants = grants.deny_outbound(rule.clone())?;
        }
        grants = grants.public_only(self.public_only);
        for rule in &self.inbound {
            grants = grants.allow_inbound(rule.clone())?;
        }
        for rule in &self.resolve {
            grants = grants.allow_resolve(rule.clone());
        }
        if self.deterministic {
            grants = deterministic(grants, self.clock, self.random);
        } else {
            grants = grants.clocks(self.clock.unwrap_or(ClockGrant::Real).clocks());
            grants = grants.random(self.random.unwrap_or(RandomGrant::Secure).source());
        }
        Ok(grants.limits(self.limits.limits()))
    }

    /// The paths under which the guest finds something of files.
    pub(crate) fn guest_paths(&self) -> BTreeSet<String> {
        self.mounts().cloned().collect()
    }

    fn mounts(&self) -> impl Iterator<Item = &String> {
        let dirs = self.dirs.iter().map(|grant| &grant.guest);
        let images = self.images.iter().map(|grant| &grant.guest);
        let memories = self.memories.iter().map(|grant| &grant.guest);
        let files = self.files.iter().map(|grant| &grant.guest);
        dirs.chain(images).chain(memories).chain(files)
    }

    fn give_up(&mut self, guest_paths: &BTreeSet<String>) {
        self.dirs.retain(|grant| !guest_paths.contains(&grant.guest));
        self.images.retain(|grant| !guest_paths.contains(&grant.guest));
        self.memories.retain(|grant| !guest_paths.contains(&grant.guest));
        self.files.retain(|grant| !guest_paths.contains(&grant.guest));
    }
}

/// Adds what is not there yet.
fn add<V: PartialEq>(list: &mut Vec<V>, more: Vec<V>) {
    for value in more {
        if !list.contains(&value) {
            list.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;
    use wayleave_system::net::Family;
    use wayleave_system::refusal::{Answer, Refusal, Refusals};

    fn settings(dirs: &[&str], env: &[&str]) -> Settings {
        Settings {
            dirs: dirs.iter().map(|text| text.parse().unwrap()).collect(),
            env: env.iter().map(|text| text.parse().unwrap()).collect(),
            ..Settings::default()
        }
    }

    #[test]
    fn nothing_by_default() {
        let grants = Settings::default().open().unwrap();
        assert!(grants.args.is_empty() && grants.env.is_empty() && grants.preopens.is_empty());
        assert!(
            grants.listeners.is_empty() && grants.guest_network(grants.network_meter()).is_none()
        );
        assert_eq!(grants.limits.memory_bytes, Limits::default().memory_bytes);
    }

    #[test]
    fn what_is_asked_for_last_counts() {
        let mut below = settings(&["a::/one", "b::/two::ro"], &["A=1", "B=1"]);
        below.stdin = Some(StreamGrant::Null);
        below.limits.timeout = Some(Duration::from_secs(1));
        below.limits.fuel = Some(1);
        let mut over = settings(&["c::/two"], &["A=2", "C"]);
        over.stdout = Some(StreamGrant::Inherit);
        over.limits.fuel = Some(2);
        let both = below.extended_by(over);
        assert_eq!(both.dirs, settings(&["a::/one", "c::/two"], &[]).dirs);
        assert_eq!(both.env, settings(&[], &["B=1", "A=2", "C"]).env);
        assert_eq!(both.stdin, Some(StreamGrant::Null));
        assert_eq!(both.stdout, Some(StreamGrant::Inherit));
        assert_eq!(both.limits.timeout, Some(Duration::from_secs(1)));
        assert_eq!(both.limits.fuel, Some(2));
    }

    #[test]
    fn a_mount_of_any_kind_takes_the_place_of_what_was_there() {
        let mut below = settings(&["a::/one", "b::/two"], &[]);
        below.files.push("f::/three".parse().unwrap());
        let over = Settings {
            memories: vec!["/two".parse().unwrap(), "/three".parse().unwrap()],
            ..Settings::default()
        };
        let both = below.extended_by(over.clone());
        assert_eq!(both.dirs, settings(&["a::/one"], &[]).dirs);
        assert_eq!((both.files.len(), both.memories), (0, over.memories));
    }

    #[test]
    fn every_kind_of_mount_is_opened() {
        let mut settings = settings(&["/::/host::ro"], &[]);
        settings.memories.push("/host/tmp::bytes=1M,open=3".parse().unwrap());
        settings.files.push("/proc/self/stat::/etc/stat::ro".parse().unwrap());
        let grants = settings.open().unwrap();
        let guests: Vec<_> = grants.preopens.iter().map(|preopen| &*preopen.guest).collect();
        assert_eq!(guests, ["/host", "/host/tmp", "/etc"]);
        settings.images.push("/surely/not/there::/image".parse().unwrap());
        assert!(matches!(settings.open(), Err(Error::OpenImage { .. })));
    }

    #[test]
    fn nobody_lets_a_deterministic_guest_into_the_network() {
        #[derive(Default)]
        struct Yes(Mutex<Vec<Refusal>>);
        impl Refusals for Yes {
            fn refused(&self, refusal: Refusal) -> Answer {
                self.0.lock().unwrap().push(refusal);
                Answer::Allow
            }
            fn may_allow(&self) -> bool {
                true
            }
        }
        let yes = Arc::new(Yes::default());
        let settings = Settings { deterministic: true, ..Settings::default() };
        let grants = settings.open().unwrap().refusals(yes.clone());
        let network = grants.guest_network(grants.network_meter()).unwrap();
        assert!(network.resolve("localhost").is_err());
        // Which port the system chooses differs from run to run.
        let socket = network.tcp(Family::V4).unwrap();
        assert!(socket.bind("127.0.0.1:0".parse().unwrap()).is_err());
        for refusal in &*yes.0.lock().unwrap() {
            assert!(refusal.grants.is_empty() && refusal.why.is_some(), "{refusal:?}");
        }
    }

    #[test]
    fn what_can_not_be_opened_is_an_error() {
        let missing = settings(&["/surely/not/there::/data"], &[]);
        assert!(matches!(missing.open(), Err(Error::OpenDir { .. })));
        assert_eq!(missing.check(), Ok(()));
        let twice = settings(&["/::/data", "/tmp::/data"], &[]);
        assert!(matches!(twice.open(), Err(Error::SameGuestPath { .. })));
    }
}
