use crate::{
    AddressRule, DirGrant, EnvGrant, Error, Grants, LimitSettings, NameRule, Stream, StreamGrant,
};
use std::net::SocketAddr;
use std::path::PathBuf;

/// All that is asked for, as plain data: from the command line, from a manifest, or from both.
///
/// Nothing is opened until [`Settings::open`] makes [`Grants`] of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// Arguments; the first is the program's name by convention.
    pub args: Vec<String>,
    /// Folders, in the order in which the guest finds them.
    pub dirs: Vec<DirGrant>,
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
    #[cfg(feature = "http")]
    pub http: Vec<crate::HttpGrant>,
    /// Files with certificates of authorities to trust, besides the system's.
    pub tls_ca: Vec<PathBuf>,
    /// Addresses that may be connected and sent to.
    pub outbound: Vec<AddressRule>,
    /// Addresses of this machine that may be listened and received at.
    pub inbound: Vec<AddressRule>,
    /// Names that may be looked up.
    pub resolve: Vec<NameRule>,
    /// Limits.
    pub limits: LimitSettings,
}

impl Settings {
    /// These, and what `over` asks for besides.
    ///
    /// Lists grow, those of `over` come last; of two folders under one guest path, and of two
    /// variables with one name, that of `over` is left. Of what there is one of, `over` decides
    /// where it says something.
    #[must_use]
    pub fn extended_by(mut self, over: Self) -> Self {
        self.dirs.retain(|dir| over.dirs.iter().all(|other| other.guest != dir.guest));
        self.env.retain(|variable| over.env.iter().all(|other| other.name() != variable.name()));
        self.args.extend(over.args);
        self.dirs.extend(over.dirs);
        self.env.extend(over.env);
        self.listeners.extend(over.listeners);
        #[cfg(feature = "http")]
        self.http.extend(over.http);
        self.tls_ca.extend(over.tls_ca);
        self.outbound.extend(over.outbound);
        self.inbound.extend(over.inbound);
        self.resolve.extend(over.resolve);
        Self {
            inherit_env: self.inherit_env || over.inherit_env,
            stdin: over.stdin.or(self.stdin),
            stdout: over.stdout.or(self.stdout),
            stderr: over.stderr.or(self.stderr),
            limits: self.limits.extended_by(over.limits),
            ..self
        }
    }

    /// Opens the folders and files and listens on the addresses: what one guest is given.
    ///
    /// A client for HTTP requests is not among it: which one is for the caller to say
    /// ([`Grants::http`](Grants)), with a policy made of [`Settings::http`].
    ///
    /// # Errors
    /// What can not be granted, and why. What was opened so far is closed again.
    pub fn open(&self) -> Result<Grants, Error> {
        let mut grants = Grants::new().args(self.args.iter().cloned())?;
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
        for address in &self.listeners {
            grants = grants.tcp_listen(*address)?;
        }
        for rule in &self.outbound {
            grants = grants.allow_outbound(rule.clone());
        }
        for rule in &self.inbound {
            grants = grants.allow_inbound(rule.clone())?;
        }
        for rule in &self.resolve {
            grants = grants.allow_resolve(rule.clone());
        }
        Ok(grants.limits(self.limits.limits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use std::time::Duration;

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
        assert!(grants.listeners.is_empty() && grants.guest_network().is_none());
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
    fn what_can_not_be_opened_is_an_error() {
        let missing = settings(&["/surely/not/there::/data"], &[]);
        assert!(matches!(missing.open(), Err(Error::OpenDir { .. })));
        let twice = settings(&["/::/data", "/tmp::/data"], &[]);
        assert!(matches!(twice.open(), Err(Error::SameGuestPath { .. })));
    }
}
