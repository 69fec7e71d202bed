//! What can not be granted, as far as that can be known without opening anything.

use crate::grants::refuse_nul;
use crate::{AddressRule, ClockGrant, EnvGrant, Error, NetworkRules, RandomGrant, Settings};
use std::fmt::Display;
use wayleave_system::fs::{MountError, MountPaths};

impl Settings {
    /// Looks for all mistakes that can be found without opening anything: [`Settings::open`] refuses
    /// these, and besides only what depends on the host.
    ///
    /// # Errors
    /// What can not be granted, and why.
    pub fn check(&self) -> Result<(), Error> {
        if let Some((_, reason)) = self.contradiction() {
            return Err(Error::Contradiction { reason });
        }
        let args = self.argv0.iter().chain(&self.args).enumerate();
        args.into_iter()
            .try_for_each(|(number, arg)| refuse_nul(arg, || format!("argument {number}")))?;
        for variable in &self.env {
            if let EnvGrant::Set { name, value } = variable {
                refuse_nul(name, || "a variable's name".to_owned())?;
                refuse_nul(value, || format!("variable {name}"))?;
            }
        }
        self.mount_paths()?;
        let mut rules = NetworkRules::default();
        self.deny_outbound.iter().try_for_each(|rule| rules.deny_outbound(rule.clone()))?;
        self.inbound.iter().try_for_each(|rule| rules.allow_inbound(rule.clone()))
    }

    /// The paths under which the guest finds something of files.
    ///
    /// # Errors
    /// Those that do not go together.
    pub(crate) fn mount_paths(&self) -> Result<MountPaths, Error> {
        let mut paths = MountPaths::default();
        let dirs = self.dirs.iter().map(|grant| &grant.guest);
        let images = self.images.iter().map(|grant| &grant.guest);
        let memories = self.memories.iter().map(|grant| &grant.guest);
        for guest in dirs.chain(images).chain(memories) {
            refuse_nul(guest, || "a guest path".to_owned())?;
            paths.dir(guest.as_str()).map_err(|error| mount_error(guest, error))?;
        }
        for file in &self.files {
            refuse_nul(&file.guest, || "a guest path".to_owned())?;
            paths.file(file.guest.as_str()).map_err(|error| mount_error(&file.guest, error))?;
        }
        Ok(paths)
    }

    /// A rule that allows what others deny altogether, and so has been written in vain.
    ///
    /// That is a mistake of whoever has written both. What denies something that is allowed elsewhere
    /// (options do of a manifest, a profile of what is always asked for) narrows it.
    #[must_use]
    pub fn allowed_in_vain(&self) -> Option<String> {
        let denial = |allowed: &AddressRule| {
            self.deny_outbound.iter().find(|denied| denied.denies_all_of(allowed))
        };
        let line = |allowed: &dyn Display, denied: &AddressRule| {
            format!("\"{allowed}\" is allowed and denied (by \"{denied}\"); leave one of them out")
        };
        let outbound = self.outbound.iter().find_map(|rule| Some(line(rule, denial(rule)?)));
        outbound.or_else(|| {
            self.http.iter().find_map(|grant| {
                let [http, https] = grant.rules();
                denial(http)?;
                Some(line(grant, denial(https)?))
            })
        })
    }

    /// What does not go together: the word of one of the two, as the command line and a manifest
    /// have it, and what is wrong.
    #[must_use]
    pub fn contradiction(&self) -> Option<(&'static str, String)> {
        if self.deterministic {
            return self.undetermined();
        }
        let requests = self.outbound.iter().any(|rule| rule.protocol().is_http());
        if self.http.is_empty() && !requests && !self.tls_ca.is_empty() {
            let reason = "`tls-ca` is for HTTP requests, which nothing allows (`allow-http`)";
            return Some(("tls-ca", reason.to_owned()));
        }
        None
    }

    /// What can not be had together with `deterministic`.
    fn undetermined(&self) -> Option<(&'static str, String)> {
        let network = [
            ("allow-http", !self.http.is_empty()),
            ("allow-outbound", !self.outbound.is_empty()),
            ("allow-inbound", !self.inbound.is_empty()),
            ("allow-resolve", !self.resolve.is_empty()),
            ("tcp-listen", !self.listeners.is_empty()),
        ];
        if let Some((key, _)) = network.into_iter().find(|(_, asked)| *asked) {
            return Some((key, format!("`deterministic` means no network; `{key}` asks for one")));
        }
        let (key, words) = match (&self.clock, &self.random) {
            (None | Some(ClockGrant::Fixed(_)), None | Some(RandomGrant::Seed(_))) => return None,
            (None | Some(ClockGrant::Fixed(_)), _) => ("random", "random numbers from a `seed:N`"),
            _ => ("clock", "a clock that begins at `fixed:TIME`"),
        };
        Some((key, format!("`deterministic` means {words}; `{key}` asks for something else")))
    }
}

/// Why something can not be mounted.
pub(crate) fn mount_error(guest: &str, error: MountError) -> Error {
    let guest = guest.to_owned();
    match error {
        MountError::Taken => Error::SameGuestPath { guest },
        error => Error::GuestPath { guest, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with settings before they are opened, which is what opening them says.
    fn checked(change: impl Fn(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        let error = settings.check().unwrap_err();
        assert_eq!(settings.open().map(drop), Err(error.clone()));
        error.to_string()
    }

    #[test]
    fn what_needs_nothing_to_be_opened_is_found() {
        for (rule, part) in
            [("http://127.0.0.1:80", "tcp or udp"), ("tcp://example.com:80", "not at a name")]
        {
            let error = checked(|asked| asked.inbound.push(rule.parse().unwrap()));
            assert!(error.contains(part), "{error}");
        }
        let rule = "tcp://a->1.2.3.4:80";
        let error = checked(|asked| asked.deny_outbound.push(rule.parse().unwrap()));
        assert!(error.contains("leads nowhere"), "{error}");
        let error = checked(|asked| asked.args.push("a\0".to_owned()));
        assert_eq!(error, "argument 0 contains a NUL byte");
        let error = checked(|asked| asked.env.push("A=b\0".parse().unwrap()));
        assert_eq!(error, "variable A contains a NUL byte");
        let error = checked(|asked| asked.memories.push("/a\0".parse().unwrap()));
        assert_eq!(error, "a guest path contains a NUL byte");
    }

    #[test]
    fn what_is_denied_altogether_is_allowed_in_vain() {
        let in_vain = |allowed: &[&str], http: &[&str], denied: &[&str]| {
            let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
            let asked = Settings {
                outbound: rules(allowed),
                deny_outbound: rules(denied),
                http: http.iter().map(|host| host.parse().unwrap()).collect(),
                ..Settings::default()
            };
            asked.allowed_in_vain()
        };
        assert_eq!(
            in_vain(&["tcp://b:1", "tcp://a:1"], &[], &["udp://a:*", "tcp://a:*"]).unwrap(),
            r#""tcp://a:1" is allowed and denied (by "tcp://a:*"); leave one of them out"#
        );
        assert!(in_vain(&["tcp://a:1,2"], &[], &["tcp://a:1"]).is_none());
        assert!(in_vain(&[], &["a"], &["http://a", "https://a"]).is_some());
        assert!(in_vain(&[], &["a"], &["http://a"]).is_none());
        assert!(in_vain(&[], &["a"], &["tcp://*:*"]).is_some());
        // Who denies what others allow has a reason.
        let over =
            Settings { deny_outbound: vec!["tcp://a:*".parse().unwrap()], ..Settings::default() };
        let mut both = Settings::default();
        both.outbound.push("tcp://a:1".parse().unwrap());
        assert_eq!(both.extended_by(over).check(), Ok(()));
    }

    #[test]
    fn paths_that_do_not_go_together_are_found() {
        for (memories, files, part) in [
            (&["/a", "/a/"][..], &[][..], "two grants are for \"/a/\""),
            (&["/a", "//a"], &[], "two grants"),
            (&["/a", "/./a"], &[], "two grants"),
            (&["/a"], &["x::/a"], "two grants"),
            (&["/a/b"], &["x::/a"], "leads through a file"),
            (&[], &["x::/a", "x::/a/b"], "leads through a file"),
            (&[], &["x::/a/"], "is no file's"),
            (&[], &["x::../a"], "is no file's"),
        ] {
            let error = checked(|asked| {
                asked.memories = memories.iter().map(|text| text.parse().unwrap()).collect();
                asked.files = files.iter().map(|text| text.parse().unwrap()).collect();
            });
            assert!(error.contains(part), "{memories:?} {files:?} {error}");
        }
    }
}
