//! Asking a person.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use wayleave::grants::Limited;
use wayleave::system::refusal::{Answer, Grant, Refusal};
use wayleave::system::stdio::forget_typed;

/// Asks on a terminal what is to be allowed, and remembers what was said for good.
pub(super) struct Asker(Mutex<State>);

struct State {
    input: Box<dyn BufRead + Send>,
    output: Box<dyn Write + Send>,
    /// Forgets what was typed so far.
    forget_typed: Box<dyn FnMut() + Send>,
    always: Vec<Grant>,
    never: Vec<Refusal>,
}

/// What a person can say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    Once,
    Always,
    /// The wider of two grants.
    AlwaysWide,
    NotNow,
    Never,
}

impl Reply {
    /// The letter or the word, however it is written; `None` for anything else.
    fn parse(said: &str) -> Option<Self> {
        Some(match said.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => Self::Once,
            "a" | "always" => Self::Always,
            "f" | "folder" => Self::AlwaysWide,
            "n" | "no" => Self::NotNow,
            "v" | "never" => Self::Never,
            _ => return None,
        })
    }
}

/// Written before each question, as the program writes to the same terminal: ends what it may have
/// begun (CAN, ST), and shows letters again as letters that can be seen.
const PLAIN: &str = "\x18\x1b\\\x1b[0m\x1b(B\x0f";

/// Longer questions, in bytes, are not asked: nobody would read to their end.
const LONGEST: usize = 2000;

impl Asker {
    /// Asks on the terminal that controls this process, whatever standard input is.
    pub(super) fn terminal() -> io::Result<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let input = BufReader::new(terminal.try_clone()?);
        let typed = terminal.try_clone()?;
        let forget_typed = move || {
            let _ = forget_typed(&typed);
        };
        Ok(Self::new(Box::new(input), Box::new(terminal), Box::new(forget_typed)))
    }

    fn new(
        input: Box<dyn BufRead + Send>,
        output: Box<dyn Write + Send>,
        forget_typed: Box<dyn FnMut() + Send>,
    ) -> Self {
        let (always, never) = (Vec::new(), Vec::new());
        Self(Mutex::new(State { input, output, forget_typed, always, never }))
    }

    /// What is to become of it; refused where nothing can allow it, and where nobody answers.
    pub(super) fn ask(&self, refusal: &Refusal) -> Answer {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.answer(refusal)
    }

    /// What was allowed for good.
    pub(super) fn always(&self) -> Vec<Grant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).always.clone()
    }
}

impl State {
    fn answer(&mut self, refusal: &Refusal) -> Answer {
        let (Some(narrow), Some(wide)) = (refusal.grants.first(), refusal.grants.last()) else {
            return Answer::Deny;
        };
        if self.never.iter().any(|never| forbids(never, refusal)) {
            return Answer::Deny;
        }
        let given = |had: &Grant| refusal.grants.iter().any(|grant| covers(had, grant));
        if self.always.iter().any(given) {
            return Answer::Allow;
        }
        let folder = if narrow == wide { String::new() } else { format!("  [f] always {wide}\n") };
        let question = format!(
            "\nThe program wants to {refusal}. Allow it?\n  [y] yes, this once\n  [a] always {narrow}\n\
             {folder}  [n] no, not this time\n  [v] never: nothing of {wide}\n"
        );
        if question.len() > LONGEST {
            return Answer::Deny;
        }
        loop {
            let Ok(said) = self.prompt(&question) else { return Answer::Deny };
            match Reply::parse(&said) {
                Some(Reply::Once) => return Answer::Allow,
                Some(Reply::Always) => self.always.push(narrow.clone()),
                Some(Reply::AlwaysWide) if narrow != wide => self.always.push(wide.clone()),
                Some(Reply::NotNow) => return Answer::Deny,
                Some(Reply::Never) => {
                    self.never.push(refusal.clone());
                    return Answer::Deny;
                }
                Some(Reply::AlwaysWide) | None => continue,
            }
            return Answer::Allow;
        }
    }

    fn prompt(&mut self, question: &str) -> io::Result<String> {
        // A program may ask something itself, leave the answer where it is, and then do what is asked
        // about here: what was typed before the question is no answer to it.
        (self.forget_typed)();
        write!(self.output, "{PLAIN}{question}> ")?;
        self.output.flush()?;
        let mut line = String::new();
        match self.input.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

/// Whether what was never to be is this: something of the same grant, or more beyond the same limit.
fn forbids(never: &Refusal, refusal: &Refusal) -> bool {
    let same = (never.tried, &never.object) == (refusal.tried, &refusal.object);
    let Some(wide) = never.grants.last() else { return same };
    same || refusal.grants.iter().any(|grant| covers(wide, grant))
}

/// Whether one grant gives what another would: the same, a folder around it, or a higher limit.
fn covers(had: &Grant, wanted: &Grant) -> bool {
    if had == wanted {
        return true;
    }
    if let (Some((had, most)), Some((wanted, enough))) = (Limited::of(had), Limited::of(wanted)) {
        return had == wanted && most >= enough;
    }
    let (Some((had_host, had_ro)), Some((host, ro))) = (plain_path(had), plain_path(wanted)) else {
        return false;
    };
    let same_place = had_host == host;
    let around = had.option == "dir" && Path::new(host).starts_with(had_host);
    (!had_ro || ro) && (same_place || around)
}

/// The path of a file or folder that has the same name for the guest, and whether it is to be read
/// only.
fn plain_path(grant: &Grant) -> Option<(&str, bool)> {
    if !matches!(grant.option, "dir" | "file") {
        return None;
    }
    let (path, ro) = match grant.value.strip_suffix("::ro") {
        Some(path) => (path, true),
        None => (&*grant.value, false),
    };
    (!path.contains("::") && !path.contains("..")).then_some((path, ro))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asker(answers: &'static str) -> (Asker, Screen) {
        let screen = Screen::default();
        let (input, output) = (Box::new(answers.as_bytes()), Box::new(screen.clone()));
        (Asker::new(input, output, Box::new(|| ())), screen)
    }

    fn read(name: &str) -> Refusal {
        let file = Grant::new("file", format!("/etc/{name}::ro"));
        Refusal::new("read", format!("/etc/{name}"), [file, Grant::new("dir", "/etc::ro")])
    }

    fn write(name: &str) -> Refusal {
        let file = Grant::new("file", format!("/etc/{name}"));
        Refusal::new("write", format!("/etc/{name}"), [file, Grant::new("dir", "/etc")])
    }

    fn questions(screen: &Screen) -> usize {
        String::from_utf8(screen.0.lock().unwrap().clone()).unwrap().matches("Allow it?").count()
    }

    #[test]
    fn once_is_once() {
        let (asker, screen) = asker("y\nn\n");
        assert_eq!(asker.ask(&read("a")), Answer::Allow);
        assert_eq!(asker.ask(&read("a")), Answer::Deny);
        assert_eq!(questions(&screen), 2);
        assert!(asker.always().is_empty());
    }

    #[test]
    fn always_and_never_are_not_asked_again() {
        let (asker, screen) = asker("a\nf\nv\n");
        assert_eq!(asker.ask(&read("a")), Answer::Allow);
        assert_eq!(asker.ask(&read("a")), Answer::Allow);
        assert_eq!(questions(&screen), 1);
        assert_eq!(asker.ask(&read("b")), Answer::Allow);
        assert_eq!(asker.ask(&read("c")), Answer::Allow);
        assert_eq!(questions(&screen), 2);
        assert_eq!(
            asker.always(),
            [Grant::new("file", "/etc/a::ro"), Grant::new("dir", "/etc::ro")]
        );
        // To read does not mean to write.
        assert_eq!(asker.ask(&write("a")), Answer::Deny);
        assert_eq!(asker.ask(&write("b")), Answer::Deny);
        assert_eq!(questions(&screen), 3);
    }

    #[test]
    fn words_do_as_letters_do() {
        let (asker, screen) = asker("yes\nNo\nALWAYS\nfolder\nnever\n");
        let answers = ["a", "a", "a", "b"].map(|name| asker.ask(&read(name)));
        assert_eq!(answers, [Answer::Allow, Answer::Deny, Answer::Allow, Answer::Allow]);
        assert_eq!(asker.ask(&write("a")), Answer::Deny);
        assert_eq!(questions(&screen), 5);
        let always = asker.always();
        assert_eq!(always, [Grant::new("file", "/etc/a::ro"), Grant::new("dir", "/etc::ro")]);
    }

    #[test]
    fn limits_are_allowed_and_forbidden_as_such() {
        let (asker, screen) = asker("a\ny\nv\n");
        let memory = |wanted: u64| Limited::Memory.refusal(16 << 20, wanted << 20);
        // Up to 64 MiB for good, 100 once, and never more handles.
        assert_eq!([50, 20, 64, 100].map(|wanted| asker.ask(&memory(wanted))), [Answer::Allow; 4]);
        assert_eq!(asker.always(), [Grant::new("max-memory", "64M")]);
        let handles = |wanted| Limited::Handles.refusal(10, wanted);
        assert_eq!([11, 1000].map(|wanted| asker.ask(&handles(wanted))), [Answer::Deny; 2]);
        assert_eq!(questions(&screen), 3);
    }

    #[test]
    fn nobody_and_nonsense_allow_nothing() {
        let (asker, screen) = asker("yes please\nallow\n");
        assert_eq!(asker.ask(&read("a")), Answer::Deny);
        assert_eq!(questions(&screen), 3);
        let hopeless = Refusal::new("make the link", "/a", []);
        assert_eq!(asker.ask(&hopeless), Answer::Deny);
        assert_eq!(questions(&screen), 3);
    }

    /// What was typed, line by line, and can be forgotten.
    #[derive(Clone, Default)]
    struct Keyboard(Arc<Mutex<Vec<u8>>>);

    impl io::Read for Keyboard {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut typed = self.0.lock().unwrap();
            let length = typed.len().min(buffer.len());
            buffer[..length].copy_from_slice(&typed[..length]);
            typed.drain(..length);
            Ok(length)
        }
    }

    #[test]
    fn what_was_typed_before_the_question_is_no_answer() {
        let keyboard = Keyboard(Arc::new(Mutex::new(b"y\na\n".to_vec())));
        let (typed, screen) = (keyboard.clone(), Screen::default());
        let forget_typed = move || typed.0.lock().unwrap().clear();
        let input = Box::new(BufReader::new(keyboard));
        let asker = Asker::new(input, Box::new(screen.clone()), Box::new(forget_typed));
        assert_eq!(asker.ask(&read("a")), Answer::Deny);
        assert_eq!(questions(&screen), 1);
    }

    #[test]
    fn a_question_shows_all_of_itself_or_is_not_asked() {
        let (asker, screen) = asker("n\ny\n");
        let forged = "/etc/x. Allow it?\n  [y] yes\x1b[8m";
        let refusal = Refusal::new("read", forged, [Grant::new("file", forged)]);
        assert_eq!(asker.ask(&refusal), Answer::Deny);
        let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        let (_, shown) = shown.split_once("\x0f").unwrap();
        assert_eq!(shown.lines().filter(|line| line.starts_with("  [y]")).count(), 1, "{shown}");
        assert!(shown.contains(r#"read "/etc/x. Allow it?\n  [y] yes\u{1b}[8m". Allow it?"#));
        assert!(!shown.contains('\x1b'));
        let before = questions(&screen);
        assert_eq!(asker.ask(&read(&"x".repeat(1500))), Answer::Deny);
        assert_eq!(questions(&screen), before);
    }

    #[test]
    fn what_was_allowed_covers_what_is_below_and_no_more() {
        let covers = |had: (&'static str, &str), wanted: (&'static str, &str)| {
            covers(&Grant::new(had.0, had.1), &Grant::new(wanted.0, wanted.1))
        };
        assert!(covers(("dir", "/etc::ro"), ("file", "/etc/ssl/x::ro")));
        assert!(covers(("dir", "/etc"), ("dir", "/etc/ssl::ro")));
        assert!(!covers(("dir", "/etc::ro"), ("dir", "/etc/ssl")));
        assert!(!covers(("dir", "/etc::ro"), ("dir", "/etcetera::ro")));
        assert!(!covers(("file", "/etc::ro"), ("file", "/etc/x::ro")));
        assert!(!covers(("dir", "/etc::ro"), ("file", "/etc/../x::ro")));
        assert!(!covers(("dir", "/a::/b::ro"), ("file", "/a/x::ro")));
        assert!(!covers(("allow-outbound", "tcp://a:1"), ("allow-outbound", "tcp://a:2")));
        assert!(covers(("allow-outbound", "tcp://a:1"), ("allow-outbound", "tcp://a:1")));
    }
}
