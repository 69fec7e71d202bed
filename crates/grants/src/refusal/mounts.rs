//! Limits of mounts that were reached.

use super::limited::{MountRefusals, roomy};
use crate::{DirGrant, Error, MemoryGrant, MountLimits};
use std::str::FromStr;
use wayleave_system::fs::QuotaWatch;
use wayleave_system::refusal::{Grant, LimitWatch, Refusal};

/// A mount with limits, as it was granted.
pub(crate) trait Mounted:
    Clone + FromStr<Err = Error> + ToString + PartialEq + Send + Sync + 'static
{
    const OPTION: &'static str;
    fn guest(&self) -> &str;
    fn limits(&mut self) -> &mut MountLimits;
}

impl Mounted for DirGrant {
    const OPTION: &'static str = "dir";

    fn guest(&self) -> &str {
        &self.guest
    }

    fn limits(&mut self) -> &mut MountLimits {
        &mut self.limits
    }
}

impl Mounted for MemoryGrant {
    const OPTION: &'static str = "mem";

    fn guest(&self) -> &str {
        &self.guest
    }

    fn limits(&mut self) -> &mut MountLimits {
        &mut self.limits
    }
}

/// Who is told of what a mount's limits refuse.
pub(crate) fn quota_watch<G: Mounted>(grant: &G, told: &MountRefusals) -> QuotaWatch {
    QuotaWatch {
        bytes: watch(grant, told, "have more bytes in", |limits| &mut limits.bytes),
        files: watch(grant, told, "make more files in", |limits| &mut limits.files),
        file_size: watch(grant, told, "have larger files in", |limits| &mut limits.file_size),
        open_files: watch(grant, told, "have more files open in", |limits| &mut limits.open),
    }
}

fn watch<G: Mounted>(
    grant: &G,
    told: &MountRefusals,
    tried: &'static str,
    place: fn(&mut MountLimits) -> &mut Option<u64>,
) -> LimitWatch {
    let grant = grant.clone();
    told.watch(move |wanted| {
        let mut raised = grant.clone();
        *place(raised.limits()) = Some(roomy(wanted));
        let text = raised.to_string();
        // Nothing is said that would mean something else.
        let same = text.parse().is_ok_and(|parsed: G| parsed == raised);
        let grants = same.then(|| Grant::new(G::OPTION, text));
        Refusal::new(tried, grant.guest(), grants)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use std::sync::Arc;

    fn told<G: Mounted>(text: &str, tell: impl Fn(&QuotaWatch)) -> Vec<String> {
        let (record, later) = (Arc::new(Record::new()), MountRefusals::default());
        let grant: G = text.parse().ok().unwrap();
        let watch = quota_watch(&grant, &later);
        // Nobody is told yet.
        assert!(!watch.bytes.allows(1));
        later.set(record.clone());
        tell(&watch);
        let refused = record.refusals().into_iter();
        let shown = |(refusal, _): (Refusal, u64)| {
            let grants: Vec<_> = refusal.grants.iter().map(ToString::to_string).collect();
            format!("{refusal}: {}", grants.join(" "))
        };
        refused.map(shown).collect()
    }

    #[test]
    fn the_grant_is_that_of_the_mount_with_more() {
        let dir = told::<DirGrant>("data::/data::overlay,bytes=1K,files=3", |watch| {
            assert!(!watch.bytes.allows(1025) && !watch.files.allows(4));
            assert!(!watch.open_files.allows(2) && !watch.file_size.allows(1 << 20));
        });
        assert_eq!(
            dir,
            [
                "have more bytes in /data: --dir data::/data::overlay,bytes=2K,files=3",
                "make more files in /data: --dir data::/data::overlay,bytes=1K,files=4",
                "have more files open in /data: --dir data::/data::overlay,bytes=1K,files=3,open=2",
                "have larger files in /data: --dir data::/data::overlay,bytes=1K,files=3,file-size=1M",
            ]
        );
        let memory = told::<MemoryGrant>("/tmp", |watch| assert!(!watch.bytes.allows(65 << 20)));
        assert_eq!(memory, ["have more bytes in /tmp: --mem /tmp::bytes=128M"]);
    }

    #[test]
    fn nothing_is_said_that_would_mean_something_else() {
        let (record, later) = (Arc::new(Record::new()), MountRefusals::default());
        later.set(record.clone());
        let grant = DirGrant::new("a::b", "/x", crate::Access::ReadWrite);
        assert!(!quota_watch(&grant, &later).bytes.allows(1));
        assert_eq!(record.refusals()[0].0.grants, []);
    }
}
