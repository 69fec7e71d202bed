//! What becomes of refusals: told at once, at the end, asked about, or the program's end.

mod ask;
mod in_calls;
mod learn;
mod remember;
mod show;

use crate::calls::Both;
use crate::failure::Failure;
use crate::files::OwnFiles;
use crate::http;
pub(crate) use show::describe;

use ask::Asker;
use clap::ValueEnum;
use in_calls::InCalls;
use learn::{LearnNetwork, Learner};
pub(crate) use remember::InUse;
use remember::Memory;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wayleave::grants::{Error, Learning, Paths, Record, Settings};
use wayleave::system::refusal::{Answer, Refusal, Refusals};
use wayleave::{Canceller, Grants, Program, Tracer};

#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Refusals")]
pub(crate) struct RefusalArgs {
    /// Tell at the end what the program was refused, and which grants would have allowed it
    #[arg(long)]
    explain: bool,
    /// What to do when the program is refused something
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    on_refusal: OnRefusal,
    /// Write a manifest of what the program was given, and what was allowed for good when asked; one
    /// that is there already is extended by the latter
    #[arg(long, value_name = "FILE")]
    remember: Option<PathBuf>,
    /// Let the program use all files, without changing them, and write a manifest of what it needed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["on_refusal", "explain", "remember"])]
    learn: Option<PathBuf>,
    /// What becomes of the network meanwhile
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, requires = "learn")]
    learn_network: LearnNetwork,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum OnRefusal {
    /// Tell the program that it failed
    #[default]
    Deny,
    /// And say so at once
    Log,
    /// Ask on the terminal whether it is allowed
    Ask,
    /// End the program
    Trap,
}

/// What was refused in one run, and what is done about it.
pub(crate) struct RefusalLog {
    paths: Arc<Paths>,
    record: Record,
    /// In what calls, where that is to be told.
    explain: Option<Arc<InCalls>>,
    how: How,
    remember: Mutex<Option<Memory>>,
}

enum How {
    Deny,
    Log,
    Ask(Asker),
    Trap { canceller: OnceLock<Canceller>, first: OnceLock<Refusal> },
    Learn(Box<Learner>),
}

impl RefusalArgs {
    /// Whether the program has to be one that can be ended.
    pub(crate) fn interrupts(&self) -> bool {
        self.on_refusal == OnRefusal::Trap
    }

    /// With the manifest that is to be written.
    pub(crate) fn own_files(&self, mut own: OwnFiles) -> OwnFiles {
        for file in self.learn.iter().chain(&self.remember) {
            own.using(file, "the manifest that is to be written");
        }
        if self.learn.is_some() {
            own.all_is_read();
        }
        own
    }

    /// What a program is given that asks for `settings`, some of it in the manifest `in_use`, so that
    /// refusals are told. What can not be granted is told by `told`.
    pub(crate) fn watch(
        &self,
        settings: &Settings,
        in_use: Option<InUse>,
        told: impl Fn(Error) -> Failure,
    ) -> Result<(Arc<RefusalLog>, Grants), Failure> {
        let paths = Arc::new(Paths::new(&settings.dirs));
        let explain = self.explain.then(Arc::default);
        let record = Record::new();
        if let Some(file) = &self.learn {
            let (learning, grants) = Learning::start(settings).map_err(&told)?;
            let learner = Learner::new(learning, file, self.learn_network)?;
            let how = How::Learn(Box::new(learner));
            let log =
                Arc::new(RefusalLog { paths, record, explain, how, remember: Mutex::default() });
            let grants = http::with_client(grants.refusals(log.clone()), settings).map_err(told)?;
            return Ok((log, grants));
        }
        let remember = self.remember.as_deref();
        let remember = remember.map(|file| Memory::new(file, settings, in_use.as_ref()));
        let remember = Mutex::new(remember.transpose()?);
        let how = self.how()?;
        let log = Arc::new(RefusalLog { paths, record, explain, how, remember });
        let grants = settings.open().map_err(&told)?;
        let grants = grants.explain(log.paths.clone(), log.clone());
        Ok((log, http::with_client(grants, settings).map_err(told)?))
    }

    fn how(&self) -> Result<How, Failure> {
        Ok(match self.on_refusal {
            OnRefusal::Deny => How::Deny,
            OnRefusal::Log => How::Log,
            OnRefusal::Ask => How::Ask(Asker::terminal().map_err(|error| {
                Failure::usage(format!("--on-refusal ask: there is no terminal to ask on: {error}"))
            })?),
            OnRefusal::Trap => How::Trap { canceller: OnceLock::new(), first: OnceLock::new() },
        })
    }
}

impl RefusalLog {
    /// Lets a refusal end the program, if that is what is asked for.
    pub(crate) fn may_end(
        &self,
        program: &Program,
        grants: Grants,
    ) -> Result<Grants, wayleave::Error> {
        let How::Trap { canceller, .. } = &self.how else { return Ok(grants) };
        let made = program.canceller()?;
        Ok(grants.interrupt(canceller.get_or_init(|| made).interrupt()))
    }

    /// What is to be told of the program's calls, besides who wants to be told anyway.
    pub(crate) fn tracer(&self, other: Option<Arc<dyn Tracer>>) -> Option<Arc<dyn Tracer>> {
        let Some(ours) = self.explain.clone() else { return other };
        Some(match other {
            Some(other) => Arc::new(Both(ours, other)),
            None => ours,
        })
    }

    /// The refusal that ended the program, if one did.
    pub(crate) fn ending(&self) -> Option<&Refusal> {
        match &self.how {
            How::Trap { first, .. } => first.get(),
            _ => None,
        }
    }

    /// The program has ended, well or not.
    pub(crate) fn finish(&self, success: bool) -> Result<(), Failure> {
        if let How::Learn(learner) = &self.how {
            return learner.finish(success);
        }
        self.tell(success);
        let memory = self.remember.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(memory) = memory else { return Ok(()) };
        memory.keep(&match &self.how {
            How::Ask(asker) => asker.always(),
            _ => Vec::new(),
        })
    }

    fn tell(&self, success: bool) {
        let refused = self.record.refusals();
        if refused.is_empty() {
            return;
        }
        let mut calls = show::Calls::new();
        let explained = |(refusal, count): &(Refusal, u64)| {
            let explained = self.paths.explain(refusal)?;
            if let Some(in_calls) = &self.explain {
                calls.entry(explained.to_string()).or_default().extend(in_calls.of(refusal));
            }
            Some((explained, *count))
        };
        let refused: Vec<_> = refused.iter().filter_map(explained).collect();
        if self.explain.is_some() {
            show::all(&refused, &calls, self.record.left_out());
        } else if !success && !matches!(self.how, How::Log | How::Trap { .. }) {
            show::hint(&refused);
        }
    }
}

impl Refusals for RefusalLog {
    fn refused(&self, refusal: Refusal) -> Answer {
        if let Some(in_calls) = &self.explain {
            in_calls.refused(&refusal);
        }
        match &self.how {
            How::Deny => self.record.refused(refusal),
            How::Log => {
                if self.record.note(refusal.clone()) {
                    show::line(&format!("refused {}", show::describe(&refusal)));
                }
                Answer::Deny
            }
            How::Ask(asker) => {
                let answer = asker.ask(&refusal);
                if !answer.allows() {
                    self.record.note(refusal);
                }
                answer
            }
            How::Learn(learner) => learner.refused(refusal),
            How::Trap { canceller, first } => {
                let _ = first.set(refusal.clone());
                if let Some(canceller) = canceller.get() {
                    canceller.cancel();
                }
                self.record.refused(refusal)
            }
        }
    }

    fn ended(&self, refusal: Refusal) {
        match &self.how {
            How::Log => drop(self.refused(refusal)),
            How::Learn(learner) => learner.ended(refusal),
            How::Deny | How::Ask(_) | How::Trap { .. } => {
                if let Some(in_calls) = &self.explain {
                    in_calls.refused(&refusal);
                }
                self.record.note(refusal);
            }
        }
    }

    fn may_allow(&self) -> bool {
        matches!(self.how, How::Ask(_) | How::Learn(_))
    }
}
