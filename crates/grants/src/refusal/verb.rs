use wayleave_system::fs::Action;

/// What a guest tried with a path, as far as grants make a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Look,
    ReadLink,
    Read,
    List,
    Write,
    Create,
    SetTimes,
    MakeFolder,
    Remove,
    MakeLink,
    Rename,
    Link,
}

/// Each verb and its words.
const WORDS: [(Verb, &str); 12] = [
    (Verb::Look, "look at"),
    (Verb::ReadLink, "read the link"),
    (Verb::Read, "read"),
    (Verb::List, "list"),
    (Verb::Write, "write"),
    (Verb::Create, "create"),
    (Verb::SetTimes, "set the times of"),
    (Verb::MakeFolder, "make the folder"),
    (Verb::Remove, "remove"),
    (Verb::MakeLink, "make the link"),
    (Verb::Rename, "rename"),
    (Verb::Link, "link"),
];

impl Verb {
    pub(super) fn of(action: Action) -> Self {
        match action {
            Action::Open(how) if how.create => Self::Create,
            Action::Open(_) if action.writes() => Self::Write,
            Action::Open(how) if how.directory => Self::List,
            Action::Open(_) => Self::Read,
            Action::Stat => Self::Look,
            Action::ReadLink => Self::ReadLink,
            Action::List => Self::List,
            Action::SetTimes => Self::SetTimes,
            Action::CreateDir => Self::MakeFolder,
            Action::RemoveDir | Action::RemoveFile => Self::Remove,
            Action::Symlink => Self::MakeLink,
            Action::Rename => Self::Rename,
            Action::Link => Self::Link,
        }
    }

    /// The verb of these words; `None` for what is not done with paths.
    pub(super) fn parse(words: &str) -> Option<Self> {
        WORDS.iter().find(|(_, text)| *text == words).map(|(verb, _)| *verb)
    }

    pub(super) fn words(self) -> &'static str {
        WORDS.iter().find(|(verb, _)| *verb == self).map_or("use", |(_, words)| words)
    }

    /// Whether only a writable folder allows it.
    pub(super) fn writes(self) -> bool {
        !matches!(self, Self::Look | Self::ReadLink | Self::Read | Self::List)
    }

    /// Whether it may be that nothing is there yet.
    pub(super) fn makes(self) -> bool {
        matches!(self, Self::Create | Self::MakeFolder | Self::MakeLink | Self::Rename | Self::Link)
    }

    /// Whether it means what a link leads to, not the link.
    pub(super) fn follows(self) -> bool {
        matches!(
            self,
            Self::Look | Self::Read | Self::List | Self::Write | Self::Create | Self::SetTimes
        )
    }

    /// Whether it changes which names there are, for which a file alone can not be granted.
    pub(super) fn names(self) -> bool {
        matches!(self, Self::MakeFolder | Self::Remove | Self::MakeLink | Self::Rename | Self::Link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back() {
        for (verb, words) in WORDS {
            assert_eq!(Verb::parse(words), Some(verb));
            assert_eq!(verb.words(), words);
        }
        assert_eq!(Verb::parse("connect to"), None);
    }
}
