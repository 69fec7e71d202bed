use crate::{
    AddressRule, Between, Error, HostFolders, HttpGrant, Limited, MountRefusals, NameRule,
    NetworkPolicy, NetworkRules, OverlayMount, Stream, StreamGrant,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::clock::{Clock, OsClock, Simulated};
use wayleave_system::fs::{Dir, File, Mounts};
#[cfg(feature = "http")]
use wayleave_system::http::Client;
use wayleave_system::net::{
    Guarded, Listener, Meter, Network, NetworkLimits, NetworkWatch, OsNetwork, TcpListener,
};
use wayleave_system::random::{OsRandom, Random};
use wayleave_system::refusal::Refusals;
use wayleave_system::stdio;
use wayleave_system::wait::Interrupt;

/// A folder that the guest finds open when it starts.
#[derive(Clone)]
pub struct Preopen {
    /// The path under which the guest finds it.
    pub guest: String,
    /// The folder.
    pub dir: Arc<dyn Dir>,
}

/// The clocks that the guest reads.
#[derive(Clone)]
pub struct Clocks {
    /// Nanoseconds since 1970-01-01 UTC.
    pub realtime: Arc<dyn Clock>,
    /// Nanoseconds since some moment; never goes back.
    pub monotonic: Arc<dyn Clock>,
    /// Processor time of the process.
    pub process_cpu: Arc<dyn Clock>,
    /// Processor time of the thread.
    pub thread_cpu: Arc<dyn Clock>,
    /// The time that these clocks show, where it is not the host's: a guest that waits then puts it
    /// forward, and goes on at once.
    pub simulated: Option<Arc<Simulated>>,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            realtime: Arc::new(OsClock::Realtime),
            monotonic: Arc::new(OsClock::Monotonic),
            process_cpu: Arc::new(OsClock::ProcessCpu),
            thread_cpu: Arc::new(OsClock::ThreadCpu),
            simulated: None,
        }
    }
}

/// How much the guest may use. Each default lets ordinary programs be, and keeps one that goes
/// wrong from taking the host along.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Wall-clock time until the guest is ended, also when it sleeps or waits in a host call.
    /// `None`, the default, is no limit: people run programs for as long as they like.
    pub timeout: Option<Duration>,
    /// Bytes of the guest's memories together. 4 GiB by default, all that a 32-bit guest can
    /// address.
    pub memory_bytes: usize,
    /// Elements of the guest's tables together. 1,000,000 by default: some 16 MB, and more
    /// functions than any program has.
    pub table_elements: usize,
    /// Instances of modules, and as many tables and memories. 10,000 by default: components have a
    /// few, and compositions of them some hundred.
    pub instances: usize,
    /// Fuel, roughly instructions. `None`, the default, is no limit: counting costs speed.
    pub fuel: Option<u64>,
    /// Descriptors open at once; of a component, handles of each kind. 65,536 by default: more than
    /// hosts usually allow, and little memory.
    pub descriptors: usize,
    /// Bytes that the host holds for one call of the guest: random numbers, which a component gets
    /// as one list, and the headers of its HTTP messages together, of which there are never more
    /// than 4 MiB. 64 MiB by default: more than programs ask for at once.
    pub buffer_bytes: usize,
    /// How much of the network.
    pub network: NetworkLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: None,
            memory_bytes: 4 << 30,
            table_elements: 1_000_000,
            instances: 10_000,
            fuel: None,
            descriptors: 65_536,
            buffer_bytes: 64 << 20,
            network: NetworkLimits::default(),
        }
    }
}

/// What one guest is given. See the crate's documentation.
#[derive(Clone)]
pub struct Grants {
    /// Arguments; the first is the program's name by convention.
    pub args: Vec<String>,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Folders, in the order in which the guest finds them: made of `mounts`, anew with each.
    pub preopens: Vec<Preopen>,
    /// A folder behind all others that only those guests find that ask which folders they have; the
    /// others have no descriptor for it. Programs of WASI 0.0 are not shown it: their libraries would
    /// use it for everything.
    pub elsewhere: Option<Preopen>,
    /// Folders and files, each under its guest path.
    pub mounts: Mounts,
    /// Those of the folders whose changes go elsewhere.
    pub overlays: Vec<OverlayMount>,
    /// Listening sockets.
    pub listeners: Vec<Arc<dyn Listener>>,
    /// The network, of which only that can be reached which the rules allow.
    pub network: Arc<dyn Network>,
    /// What may be reached in the network.
    pub network_rules: NetworkRules,
    /// Standard input.
    pub stdin: Arc<dyn File>,
    /// Standard output.
    pub stdout: Arc<dyn File>,
    /// Standard error.
    pub stderr: Arc<dyn File>,
    /// Clocks.
    pub clocks: Clocks,
    /// Random numbers.
    pub random: Arc<dyn Random>,
    /// Limits.
    pub limits: Limits,
    /// Ends the guest from outside, also while it waits in a host call.
    pub interrupt: Option<Interrupt>,
    /// Who is told of what the guest is refused. Without one, nobody.
    pub refusals: Option<Arc<dyn Refusals>>,
    /// The same for limits of mounts, as [`Grants::refusals`] sets it.
    pub mount_refusals: MountRefusals,
    /// What the folders and files of the host are to the guest.
    pub host_folders: HostFolders,
    /// What sends the guest's HTTP requests. Without one they are denied.
    #[cfg(feature = "http")]
    pub http: Option<Arc<dyn Client>>,
    /// What stands between the guest and everything else.
    pub between: Option<Between>,
}

impl Default for Grants {
    fn default() -> Self {
        Self::new()
    }
}

impl Grants {
    /// Nothing: no arguments, variables, folders or listeners; a network in which nothing can be
    /// reached; empty input; output that vanishes.
    /// Clocks and random numbers are the host's: every program needs them, and they reach nothing.
    pub fn new() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            preopens: Vec::new(),
            elsewhere: None,
            mounts: Mounts::default(),
            overlays: Vec::new(),
            listeners: Vec::new(),
            network: Arc::new(OsNetwork::new()),
            network_rules: NetworkRules::default(),
            stdin: Arc::new(stdio::Null),
            stdout: Arc::new(stdio::Null),
            stderr: Arc::new(stdio::Null),
            clocks: Clocks::default(),
            random: Arc::new(OsRandom),
            limits: Limits::default(),
            interrupt: None,
            refusals: None,
            mount_refusals: MountRefusals::default(),
            host_folders: HostFolders::default(),
            #[cfg(feature = "http")]
            http: None,
            between: None,
        }
    }

    /// Adds an argument.
    ///
    /// # Errors
    /// [`Error::Nul`] when it contains a NUL byte.
    pub fn arg(mut self, arg: impl Into<String>) -> Result<Self, Error> {
        let arg = arg.into();
        refuse_nul(&arg, || format!("argument {}", self.args.len()))?;
        self.args.push(arg);
        Ok(self)
    }

    /// Adds arguments.
    ///
    /// # Errors
    /// As [`Grants::arg`].
    pub fn args<S: Into<String>>(self, args: impl IntoIterator<Item = S>) -> Result<Self, Error> {
        args.into_iter().try_fold(self, Self::arg)
    }

    /// Sets a variable; setting one again replaces it.
    ///
    /// # Errors
    /// [`Error::Nul`] when it contains a NUL byte; [`Error::Env`] when the name is empty or
    /// contains `=`.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Result<Self, Error> {
        let (name, value) = (name.into(), value.into());
        if name.is_empty() || name.contains('=') {
            let reason = "a name is not empty and has no `=`".to_owned();
            return Err(Error::Env { text: name, reason });
        }
        refuse_nul(&name, || "a variable's name".to_owned())?;
        refuse_nul(&value, || format!("variable {name}"))?;
        self.env.retain(|(old, _)| *old != name);
        self.env.push((name, value));
        Ok(self)
    }

    /// Sets every variable of the host that is UTF-8.
    ///
    /// # Errors
    /// As [`Grants::env`].
    pub fn inherit_env(self) -> Result<Self, Error> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| !name.is_empty() && !name.contains('='))
            .try_fold(self, |grants, (name, value)| grants.env(name, value))
    }

    /// Listens on a TCP address of the host and gives the listener. The guest finds it behind its
    /// folders: the first is descriptor 3 where no folder is granted.
    ///
    /// # Errors
    /// [`Error::Listen`] when the address can not be listened on.
    pub fn tcp_listen(mut self, address: SocketAddr) -> Result<Self, Error> {
        let listener =
            TcpListener::bind_ambient(address).map_err(|code| Error::Listen { address, code })?;
        self.listeners.push(Arc::new(listener));
        Ok(self)
    }

    /// Gives a listener.
    pub fn listener(mut self, listener: Arc<dyn Listener>) -> Self {
        self.listeners.push(listener);
        self
    }

    /// Allows connecting and sending to addresses of the network. Where a rule has a name, the guest
    /// may look that up, and reach the addresses that it then finds. Rules for `http` and `https`
    /// are for requests: see [`Grants::http_policy`].
    pub fn allow_outbound(mut self, rule: AddressRule) -> Self {
        self.network_rules.allow_outbound(rule);
        self
    }

    /// Allows HTTP requests to a host: short for two rules of [`Grants::allow_outbound`].
    pub fn allow_http(mut self, grant: &HttpGrant) -> Self {
        grant.rules().iter().for_each(|rule| self.network_rules.allow_outbound(rule.clone()));
        self
    }

    /// Denies connecting, sending and requests to addresses of the network, and looking their names
    /// up, whatever allows it.
    ///
    /// # Errors
    /// [`Error::RuleDirection`] when the rule leads elsewhere.
    pub fn deny_outbound(mut self, rule: AddressRule) -> Result<Self, Error> {
        self.network_rules.deny_outbound(rule)?;
        Ok(self)
    }

    /// Refuses addresses that are not those of somebody in the Internet, unless a rule names them:
    /// with an address, a block, or `localhost` for those of this machine.
    pub fn public_only(mut self, public_only: bool) -> Self {
        self.network_rules.set_public_only(public_only);
        self
    }

    /// Allows listening and receiving at addresses of this machine.
    ///
    /// # Errors
    /// [`Error::RuleDirection`] when the rule has a name other than `localhost`, or is for `http`.
    pub fn allow_inbound(mut self, rule: AddressRule) -> Result<Self, Error> {
        self.network_rules.allow_inbound(rule)?;
        Ok(self)
    }

    /// Allows looking names up.
    pub fn allow_resolve(mut self, rule: NameRule) -> Self {
        self.network_rules.allow_resolve(rule);
        self
    }

    /// Uses another network than the host's.
    pub fn network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = network;
        self
    }

    /// What one guest may use of the network, as nobody has used it yet.
    pub fn network_meter(&self) -> Arc<Meter> {
        let watch = NetworkWatch {
            connections: self.limit_watch(Limited::Sockets),
            bytes_in: self.limit_watch(Limited::BytesIn),
            bytes_out: self.limit_watch(Limited::BytesOut),
        };
        Arc::new(Meter::watched(self.limits.network, watch))
    }

    /// The network as one guest has it; `None` when it can reach nothing, and nobody is told what it
    /// tries.
    pub fn guest_network(&self, meter: Arc<Meter>) -> Option<Arc<dyn Network>> {
        if let Some(between) = &self.between {
            return between.network.clone();
        }
        if self.network_rules.is_empty() && self.refusals.is_none() {
            return None;
        }
        let policy = Arc::new(self.network_policy());
        Some(Arc::new(Guarded::with_meter(self.network.clone(), policy, meter)))
    }

    /// What sends one guest's requests.
    #[cfg(feature = "http")]
    pub fn guest_http(&self, meter: Arc<Meter>) -> Option<Arc<dyn Client>> {
        if let Some(between) = &self.between {
            return between.http.clone();
        }
        let client = self.http.clone()?;
        Some(Arc::new(wayleave_system::http::Metered::new(client, meter)))
    }

    /// Where requests may go by the rules of [`Grants::allow_outbound`], for a client to be given to
    /// [`Grants::http`]; `None` when they may go nowhere, and nobody is told what the guest tries.
    #[cfg(feature = "http")]
    pub fn http_policy(&self) -> Option<Arc<dyn wayleave_system::http::Policy>> {
        if !self.network_rules.has_http() && self.refusals.is_none() {
            return None;
        }
        Some(Arc::new(self.network_policy()))
    }

    fn network_policy(&self) -> NetworkPolicy {
        NetworkPolicy::new(self.network_rules.clone()).with_refusals(self.refusals.clone())
    }

    /// Connects standard input, output and error to the host's own.
    pub fn inherit_stdio(mut self) -> Self {
        self.stdin = stdio::stdin();
        self.stdout = stdio::stdout();
        self.stderr = stdio::stderr();
        self
    }

    /// Connects a standard stream to what a parsed grant names.
    ///
    /// # Errors
    /// [`Error::OpenStream`] when the file can not be opened.
    pub fn stream(mut self, stream: Stream, grant: StreamGrant) -> Result<Self, Error> {
        let file = grant.open(stream)?;
        match stream {
            Stream::Stdin => self.stdin = file,
            Stream::Stdout => self.stdout = file,
            Stream::Stderr => self.stderr = file,
        }
        Ok(self)
    }

    /// Reads standard input from something.
    pub fn stdin(mut self, stdin: Arc<dyn File>) -> Self {
        self.stdin = stdin;
        self
    }

    /// Writes standard output to something.
    pub fn stdout(mut self, stdout: Arc<dyn File>) -> Self {
        self.stdout = stdout;
        self
    }

    /// Writes standard error to something.
    pub fn stderr(mut self, stderr: Arc<dyn File>) -> Self {
        self.stderr = stderr;
        self
    }

    /// Sets the clocks.
    pub fn clocks(mut self, clocks: Clocks) -> Self {
        self.clocks = clocks;
        self
    }

    /// Takes random numbers from something.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets `interrupt` end the guest.
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.interrupt = Some(interrupt);
        self
    }

    /// Tells `refusals` of what the guest is refused, and which grant would have allowed it.
    pub fn refusals(mut self, refusals: Arc<dyn Refusals>) -> Self {
        self.mount_refusals.set(refusals.clone());
        self.refusals = Some(refusals);
        self
    }

    /// Lets the guest make HTTP requests, by this client. Where they may go is for the client to
    /// see to: see [`Grants::http_policy`].
    #[cfg(feature = "http")]
    pub fn http(mut self, client: Arc<dyn Client>) -> Self {
        self.http = Some(client);
        self
    }
}

pub(crate) fn refuse_nul(text: &str, what: impl FnOnce() -> String) -> Result<(), Error> {
    if text.contains('\0') {
        return Err(Error::Nul { what: what() });
    }
    Ok(())
}
