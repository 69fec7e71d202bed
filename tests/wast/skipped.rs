//! Files that can not pass yet, and files that take too long.

/// Tasks, futures, streams and what goes with them.
const ASYNC: &str = "asynchronous functions are not supported yet";
/// A proposal on top of the former.
const THREADS: &str = "threads of the component model are not supported";
/// Another one.
const ERROR_CONTEXT: &str = "error contexts are not supported";
const NO_THREADS: &str = "the engine has no shared memories";
const NO_EXCEPTIONS: &str = "the engine has no exceptions";
const CM64: &str = "components with 64-bit memories are not supported";
const GC: &str = "values passed as garbage-collected objects are not supported";

/// A file, the engine that it does not pass on (`None`: no engine), and why.
#[rustfmt::skip]
const SKIPPED: &[(&str, Option<&str>, &str)] = &[
    ("component-model/test/values/trap-in-post-return.wast", None, ASYNC),
    ("component-model/test/wasm-tools/instance-type.wast", Some("wasmi"), NO_THREADS),
    ("component-model/test/wasm-tools/instantiate.wast", Some("wasmi"), NO_THREADS),
    ("component-model/test/wasm-tools/memory64.wast", None, CM64),
    ("component-model/test/wasm-tools/tags.wast", Some("wasmi"), NO_EXCEPTIONS),
    ("misc_testsuite/component-model/error-context-trap-in-post-return.wast", None, ERROR_CONTEXT),
    ("misc_testsuite/component-model/gc/empty.wast", None, GC),
    ("component-model/test/wasmtime/tags.wast", Some("wasmi"), NO_EXCEPTIONS),
    ("misc_testsuite/component-model/modules.wast", Some("wasmi"), NO_EXCEPTIONS),
    ("misc_testsuite/component-model/tags.wast", Some("wasmi"), NO_EXCEPTIONS),
    ("misc_testsuite/component-model/async/error-context.wast", None, ERROR_CONTEXT),
    ("component-model/test/async/async-calls-sync.wast", None, ASYNC),
    ("component-model/test/async/cancel-stream.wast", None, ASYNC),
    ("component-model/test/async/cancel-subtask.wast", None, ASYNC),
    ("component-model/test/async/cancellable.wast", None, ASYNC),
    ("component-model/test/async/closed-stream.wast", None, ASYNC),
    ("component-model/test/async/cross-abi-calls.wast", None, ASYNC),
    ("component-model/test/async/deadlock.wast", None, ASYNC),
    ("component-model/test/async/dont-block-start.wast", None, ASYNC),
    ("component-model/test/async/drop-cross-task-borrow.wast", None, ASYNC),
    ("component-model/test/async/drop-stream.wast", None, ASYNC),
    ("component-model/test/async/drop-subtask.wast", None, ASYNC),
    ("component-model/test/async/drop-waitable-set.wast", None, ASYNC),
    ("component-model/test/async/empty-wait.wast", None, ASYNC),
    ("component-model/test/async/futures-must-write.wast", None, ASYNC),
    ("component-model/test/async/partial-stream-copies.wast", None, ASYNC),
    ("component-model/test/async/passing-resources.wast", None, ASYNC),
    ("component-model/test/async/same-component-stream-future.wast", None, ASYNC),
    ("component-model/test/async/sync-barges-in.wast", None, ASYNC),
    ("component-model/test/async/sync-streams.wast", None, ASYNC),
    ("component-model/test/async/trap-if-block-and-sync.wast", None, ASYNC),
    ("component-model/test/async/trap-if-done.wast", None, ASYNC),
    ("component-model/test/async/trap-on-reenter.wast", None, ASYNC),
    ("component-model/test/async/wait-during-callback.wast", None, ASYNC),
    ("component-model/test/async/zero-length.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/async-builtins.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/backpressure-deadlock.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/backpressure-overflow.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/callback-yield-then-exit.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/cancel-host.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/cancel-sibling-subtask.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/cancel-starting-subtask-does-not-leak.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/drop-deadlock.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/drop-host.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/drop-waitable-set-stackful.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/fused.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/future-cancel-read-dropped.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/future-cancel-write-completed.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/future-cancel-write-dropped.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/future-read.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/futures-must-write.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/futures.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/intra-futures.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/intra-streams.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/lift.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/lower.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/many-params-with-retptr.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/partial-stream-copies.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/reenter-during-yield.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/reentrance.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/stackful.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/stream-big-read-and-writes.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/stream-cancel-finished-op.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/stream-zero-ops.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/streams-massive-send.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/streams.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/subtask-wait.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/sync-and-async-waitable.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/sync-streams.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/task-builtins.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/trap-if-done.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/trap-if-transfer-in-waitable-set.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/wait-forever.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/wait-forever2.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/waitable-set-stale-entry.wast", None, ASYNC),
    ("misc_testsuite/component-model/async/yield-when-cancelled.wast", None, ASYNC),
    ("misc_testsuite/component-model-threading/many-threads-indexed.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/stackful-cancellation.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/subtask-drop-multithreaded.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/suspend-trap.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/thread-new-indirect-multi-table.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/threading-builtins.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/threading-trap-in-post-return.wast", None, THREADS),
    ("misc_testsuite/component-model-threading/yield-cancellable.wast", None, THREADS),
    ("misc_testsuite/component-model/async/join-during-sync-read.wast", None, THREADS),
    ("misc_testsuite/component-model/async/task-deletion.wast", None, THREADS),
    ("misc_testsuite/component-model/async/task-return-traps.wast", None, THREADS),
];

/// A file, the engine that it takes long on, and why. They are run with `--include-ignored`.
const SLOW: &[(&str, &str, &str)] = &[(
    "misc_testsuite/component-model/big-strings.wast",
    "wasmi",
    "a minute: memories grow to 2 GiB a hundred times, and this engine writes all that is new",
)];

/// Whether a file takes too long on an engine to be run each time.
pub(crate) fn slow(file: &str, engine: &str) -> bool {
    SLOW.iter().any(|(name, on, _)| *name == file && *on == engine)
}

/// Why a file is skipped on an engine, if it is.
pub(crate) fn reason(file: &str, engine: &str) -> Option<&'static str> {
    SKIPPED
        .iter()
        .find(|(name, on, _)| *name == file && on.is_none_or(|on| on == engine))
        .map(|(_, _, reason)| *reason)
}

/// All files that are listed here.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SKIPPED.iter().map(|(name, _, _)| *name).chain(SLOW.iter().map(|(name, _, _)| *name))
}
