//! A file system with one folder, `/data`, and one file in it, `hello.txt`: a virtual WASI, for
//! components that are composed with it.
//!
//! A file's stream is of the same type as stdin's, and a stream's pollable of the same as a clock's.
//! So whoever makes one of them makes all of them: what is not about files is passed on to the host.

use std::cell::Cell;

use exports::wasi::cli::{stderr, stdin, stdout};
use exports::wasi::clocks::monotonic_clock;
use exports::wasi::filesystem::{preopens, types as fs};
use exports::wasi::io::{error, poll, streams};
use fs::{DescriptorFlags, DescriptorType, ErrorCode, OpenFlags};
use streams::StreamError;
use wasi::cli as host_cli;
use wasi::clocks::monotonic_clock as host_clock;
use wasi::io as host;

wit_bindgen::generate!({
    inline: "
        package wayleave:one-file;

        world files {
            import wasi:cli/stdin@0.2.12;
            import wasi:cli/stdout@0.2.12;
            import wasi:cli/stderr@0.2.12;
            import wasi:clocks/monotonic-clock@0.2.12;

            export wasi:io/error@0.2.12;
            export wasi:io/poll@0.2.12;
            export wasi:io/streams@0.2.12;
            export wasi:cli/stdin@0.2.12;
            export wasi:cli/stdout@0.2.12;
            export wasi:cli/stderr@0.2.12;
            export wasi:clocks/monotonic-clock@0.2.12;
            export wasi:filesystem/types@0.2.12;
            export wasi:filesystem/preopens@0.2.12;
        }
    ",
    path: [
        "../../wit/0.2/deps/io",
        "../../wit/0.2/deps/clocks",
        "../../wit/0.2/deps/filesystem",
        "../../wit/0.2/deps/random",
        "../../wit/0.2/deps/sockets",
        "../../wit/0.2/deps/cli",
    ],
    generate_all,
});

struct Virtual;
export!(Virtual);

const FOLDER: &str = "/data";
const NAME: &str = "hello.txt";
const CONTENTS: &[u8] = b"Hello from a file that is nowhere!\n";

// Files

#[derive(Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File,
}

impl Node {
    /// What `path` leads to from here.
    fn find(self, path: &str) -> Result<Self, ErrorCode> {
        let mut node = self;
        for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
            node = match (node, name) {
                (Self::File, _) => return Err(ErrorCode::NotDirectory),
                (_, "..") => return Err(ErrorCode::NotPermitted),
                (_, NAME) => Self::File,
                _ => return Err(ErrorCode::NoEntry),
            };
        }
        Ok(node)
    }

    fn kind(self) -> DescriptorType {
        match self {
            Self::Folder => DescriptorType::Directory,
            Self::File => DescriptorType::RegularFile,
        }
    }

    fn describe(self) -> fs::DescriptorStat {
        let size = if self == Self::File { CONTENTS.len() as u64 } else { 0 };
        fs::DescriptorStat {
            type_: self.kind(),
            link_count: 1,
            size,
            data_access_timestamp: None,
            data_modification_timestamp: None,
            status_change_timestamp: None,
        }
    }

    fn hash(self) -> fs::MetadataHashValue {
        fs::MetadataHashValue { lower: self as u64, upper: 1 }
    }
}

impl preopens::Guest for Virtual {
    fn get_directories() -> Vec<(fs::Descriptor, String)> {
        vec![(fs::Descriptor::new(Node::Folder), FOLDER.to_owned())]
    }
}

impl fs::Guest for Virtual {
    type Descriptor = Node;
    type DirectoryEntryStream = Cell<Option<Node>>;

    fn filesystem_error_code(_: error::ErrorBorrow<'_>) -> Option<ErrorCode> {
        None
    }
}

impl fs::GuestDirectoryEntryStream for Cell<Option<Node>> {
    fn read_directory_entry(&self) -> Result<Option<fs::DirectoryEntry>, ErrorCode> {
        let entry = |node: Node| fs::DirectoryEntry { type_: node.kind(), name: NAME.to_owned() };
        Ok(self.take().map(entry))
    }
}

impl fs::GuestDescriptor for Node {
    fn read_via_stream(&self, offset: u64) -> Result<streams::InputStream, ErrorCode> {
        if *self == Self::Folder {
            return Err(ErrorCode::IsDirectory);
        }
        let at = Cell::new(CONTENTS.len().min(offset as usize));
        Ok(streams::InputStream::new(Input::File(at)))
    }

    fn read(&self, length: u64, offset: u64) -> Result<(Vec<u8>, bool), ErrorCode> {
        if *self == Self::Folder {
            return Err(ErrorCode::IsDirectory);
        }
        let rest = &CONTENTS[CONTENTS.len().min(offset as usize)..];
        let read = &rest[..rest.len().min(length as usize)];
        Ok((read.to_vec(), read.len() == rest.len()))
    }

    fn get_flags(&self) -> Result<DescriptorFlags, ErrorCode> {
        Ok(DescriptorFlags::READ)
    }

    fn get_type(&self) -> Result<DescriptorType, ErrorCode> {
        Ok(self.kind())
    }

    fn read_directory(&self) -> Result<fs::DirectoryEntryStream, ErrorCode> {
        match self {
            Self::Folder => Ok(fs::DirectoryEntryStream::new(Cell::new(Some(Self::File)))),
            Self::File => Err(ErrorCode::NotDirectory),
        }
    }

    fn stat(&self) -> Result<fs::DescriptorStat, ErrorCode> {
        Ok(self.describe())
    }

    fn stat_at(&self, _: fs::PathFlags, path: String) -> Result<fs::DescriptorStat, ErrorCode> {
        Ok(self.find(&path)?.describe())
    }

    fn open_at(
        &self,
        _: fs::PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<fs::Descriptor, ErrorCode> {
        let changes = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
        let writes = DescriptorFlags::WRITE | DescriptorFlags::MUTATE_DIRECTORY;
        if open.intersects(changes) || flags.intersects(writes) {
            return Err(ErrorCode::ReadOnly);
        }
        let node = self.find(&path)?;
        if open.contains(OpenFlags::DIRECTORY) && node == Self::File {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(fs::Descriptor::new(node))
    }

    fn is_same_object(&self, other: fs::DescriptorBorrow<'_>) -> bool {
        self == other.get::<Self>()
    }

    fn metadata_hash(&self) -> Result<fs::MetadataHashValue, ErrorCode> {
        Ok(self.hash())
    }

    fn metadata_hash_at(
        &self,
        _: fs::PathFlags,
        path: String,
    ) -> Result<fs::MetadataHashValue, ErrorCode> {
        Ok(self.find(&path)?.hash())
    }

    fn advise(&self, _: u64, _: u64, _: fs::Advice) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn sync(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    fn sync_data(&self) -> Result<(), ErrorCode> {
        Ok(())
    }

    // What would change something.

    fn write(&self, _: Vec<u8>, _: u64) -> Result<u64, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn write_via_stream(&self, _: u64) -> Result<streams::OutputStream, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn append_via_stream(&self) -> Result<streams::OutputStream, ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_size(&self, _: u64) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_times(&self, _: fs::NewTimestamp, _: fs::NewTimestamp) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn set_times_at(
        &self,
        _: fs::PathFlags,
        _: String,
        _: fs::NewTimestamp,
        _: fs::NewTimestamp,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn create_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn link_at(
        &self,
        _: fs::PathFlags,
        _: String,
        _: fs::DescriptorBorrow<'_>,
        _: String,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn symlink_at(&self, _: String, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn readlink_at(&self, path: String) -> Result<String, ErrorCode> {
        self.find(&path)?;
        Err(ErrorCode::Invalid) // found, and no link
    }

    fn rename_at(
        &self,
        _: String,
        _: fs::DescriptorBorrow<'_>,
        _: String,
    ) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn remove_directory_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }

    fn unlink_file_at(&self, _: String) -> Result<(), ErrorCode> {
        Err(ErrorCode::ReadOnly)
    }
}

// Streams

enum Input {
    Host(host::streams::InputStream),
    /// The file, from here on.
    File(Cell<usize>),
}

impl Input {
    fn file(at: &Cell<usize>, length: u64) -> Result<Vec<u8>, StreamError> {
        let rest = &CONTENTS[at.get()..];
        if rest.is_empty() {
            return Err(StreamError::Closed);
        }
        let read = &rest[..rest.len().min(length as usize)];
        at.set(at.get() + read.len());
        Ok(read.to_vec())
    }
}

impl streams::Guest for Virtual {
    type InputStream = Input;
    type OutputStream = host::streams::OutputStream;
}

impl streams::GuestInputStream for Input {
    fn read(&self, length: u64) -> Result<Vec<u8>, StreamError> {
        match self {
            Self::Host(stream) => stream.read(length).map_err(failed),
            Self::File(at) => Self::file(at, length),
        }
    }

    fn blocking_read(&self, length: u64) -> Result<Vec<u8>, StreamError> {
        match self {
            Self::Host(stream) => stream.blocking_read(length).map_err(failed),
            Self::File(at) => Self::file(at, length),
        }
    }

    fn skip(&self, length: u64) -> Result<u64, StreamError> {
        match self {
            Self::Host(stream) => stream.skip(length).map_err(failed),
            Self::File(at) => Ok(Self::file(at, length)?.len() as u64),
        }
    }

    fn blocking_skip(&self, length: u64) -> Result<u64, StreamError> {
        match self {
            Self::Host(stream) => stream.blocking_skip(length).map_err(failed),
            Self::File(at) => Ok(Self::file(at, length)?.len() as u64),
        }
    }

    fn subscribe(&self) -> poll::Pollable {
        poll::Pollable::new(match self {
            Self::Host(stream) => Pollable::Host(stream.subscribe()),
            Self::File(_) => Pollable::Ready,
        })
    }
}

/// Nothing here is written to, so that all of these are the host's.
impl streams::GuestOutputStream for host::streams::OutputStream {
    fn check_write(&self) -> Result<u64, StreamError> {
        self.check_write().map_err(failed)
    }

    fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.write(&contents).map_err(failed)
    }

    fn blocking_write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.blocking_write_and_flush(&contents).map_err(failed)
    }

    fn flush(&self) -> Result<(), StreamError> {
        self.flush().map_err(failed)
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        self.blocking_flush().map_err(failed)
    }

    fn subscribe(&self) -> poll::Pollable {
        poll::Pollable::new(Pollable::Host(self.subscribe()))
    }

    fn write_zeroes(&self, length: u64) -> Result<(), StreamError> {
        self.write_zeroes(length).map_err(failed)
    }

    fn blocking_write_zeroes_and_flush(&self, length: u64) -> Result<(), StreamError> {
        self.blocking_write_zeroes_and_flush(length).map_err(failed)
    }

    fn splice(
        &self,
        from: streams::InputStreamBorrow<'_>,
        length: u64,
    ) -> Result<u64, StreamError> {
        match from.get::<Input>() {
            Input::Host(stream) => self.splice(stream, length).map_err(failed),
            Input::File(at) => {
                let room = self.check_write().map_err(failed)?;
                let bytes = Input::file(at, length.min(room))?;
                self.write(&bytes).map_err(failed)?;
                Ok(bytes.len() as u64)
            }
        }
    }

    fn blocking_splice(
        &self,
        from: streams::InputStreamBorrow<'_>,
        length: u64,
    ) -> Result<u64, StreamError> {
        self.subscribe().block();
        streams::GuestOutputStream::splice(self, from, length)
    }
}

fn failed(error: host::streams::StreamError) -> StreamError {
    match error {
        host::streams::StreamError::Closed => StreamError::Closed,
        host::streams::StreamError::LastOperationFailed(error) => {
            StreamError::LastOperationFailed(error::Error::new(error))
        }
    }
}

impl error::Guest for Virtual {
    type Error = host::error::Error;
}

impl error::GuestError for host::error::Error {
    fn to_debug_string(&self) -> String {
        self.to_debug_string()
    }
}

impl stdin::Guest for Virtual {
    fn get_stdin() -> streams::InputStream {
        streams::InputStream::new(Input::Host(host_cli::stdin::get_stdin()))
    }
}

impl stdout::Guest for Virtual {
    fn get_stdout() -> streams::OutputStream {
        streams::OutputStream::new(host_cli::stdout::get_stdout())
    }
}

impl stderr::Guest for Virtual {
    fn get_stderr() -> streams::OutputStream {
        streams::OutputStream::new(host_cli::stderr::get_stderr())
    }
}

// Waiting

enum Pollable {
    Host(host::poll::Pollable),
    Ready,
}

impl poll::GuestPollable for Pollable {
    fn ready(&self) -> bool {
        match self {
            Self::Host(pollable) => pollable.ready(),
            Self::Ready => true,
        }
    }

    fn block(&self) {
        if let Self::Host(pollable) = self {
            pollable.block();
        }
    }
}

impl poll::Guest for Virtual {
    type Pollable = Pollable;

    fn poll(all: Vec<poll::PollableBorrow<'_>>) -> Vec<u32> {
        let hosts: Option<Vec<_>> = all
            .iter()
            .map(|pollable| match pollable.get() {
                Pollable::Host(pollable) => Some(pollable),
                Pollable::Ready => None,
            })
            .collect();
        match hosts {
            Some(hosts) => host::poll::poll(&hosts),
            // One need not be waited for: tell that, and which others have come by now.
            None => {
                let ready =
                    |i: &u32| poll::GuestPollable::ready(all[*i as usize].get::<Pollable>());
                (0..all.len() as u32).filter(ready).collect()
            }
        }
    }
}

impl monotonic_clock::Guest for Virtual {
    fn now() -> u64 {
        host_clock::now()
    }

    fn resolution() -> u64 {
        host_clock::resolution()
    }

    fn subscribe_instant(when: u64) -> poll::Pollable {
        poll::Pollable::new(Pollable::Host(host_clock::subscribe_instant(when)))
    }

    fn subscribe_duration(when: u64) -> poll::Pollable {
        poll::Pollable::new(Pollable::Host(host_clock::subscribe_duration(when)))
    }
}
