//! Guests that take their time.

/// A component that answers requests, by the core module `main`: what else is in it comes before.
fn handler(before: &str, main: &str, with: &str, options: &str) -> String {
    format!(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance $types
                (export "incoming-request" (type (sub resource)))
                (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $outparam))
            {before}
            (core module $main {main})
            (core instance $main (instantiate $main {with}))
            (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
                (canon lift (core func $main "handle") {options}))
            (instance $handler (export "handle" (func $handle)))
            (export "wasi:http/incoming-handler@0.2.0" (instance $handler)))"#
    )
}

const LOOP: &str = "(loop $more (br $more))";
const NOTHING: &str = r#"(func (export "handle") (param i32 i32))"#;

/// In its start function.
pub(crate) fn starting() -> String {
    handler("", &format!("{NOTHING} (func $start {LOOP}) (start $start)"), "", "")
}

/// Where it is asked for memory.
fn allocating() -> String {
    let before = format!(
        r#"(import "wasi:random/random@0.2.0" (instance $random
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
        (core module $memory
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) {LOOP} (unreachable)))
        (core instance $memory (instantiate $memory))
        (core func $random (canon lower (func $random "get-random-bytes")
            (memory (core memory $memory "memory"))
            (realloc (core func $memory "realloc"))))"#
    );
    let main = r#"(import "host" "random" (func $random (param i64 i32)))
        (func (export "handle") (param i32 i32) (call $random (i64.const 8) (i32.const 0)))"#;
    let with = r#"(with "host" (instance (export "random" (func $random))))"#;
    handler(&before, main, with, "")
}

/// After its function has returned.
fn returning() -> String {
    let main = format!(r#"{NOTHING} (func (export "post-return") {LOOP})"#);
    handler("", &main, "", r#"(post-return (core func $main "post-return"))"#)
}

/// In a resource's destructor, after it has computed for some time where it could be suspended.
pub(crate) fn destroying(milliseconds: u32) -> String {
    let before = format!(
        r#"(import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
            (export "now" (func (result u64)))))
        (core func $now (canon lower (func $clock "now")))
        (core module $end (func (export "end") (param i32) {LOOP}))
        (core instance $end (instantiate $end))
        (type $endless (resource (rep i32) (dtor (core func $end "end"))))
        (core func $new (canon resource.new $endless))
        (core func $drop (canon resource.drop $endless))"#
    );
    let main = format!(
        r#"(import "host" "now" (func $now (result i64)))
        (import "host" "new" (func $new (param i32) (result i32)))
        (import "host" "drop" (func $drop (param i32)))
        (func (export "handle") (param i32 i32) (local $until i64)
            (local.set $until (i64.add (call $now) (i64.const {milliseconds}000000)))
            (loop $more (br_if $more (i64.lt_u (call $now) (local.get $until))))
            (call $drop (call $new (i32.const 1))))"#
    );
    let with = r#"(with "host" (instance
        (export "now" (func $now)) (export "new" (func $new)) (export "drop" (func $drop))))"#;
    handler(&before, &main, with, "")
}

/// With a file `large`: opens it with these flags, and does `then` with it.
fn using_a_file(flags: u32, then: &str) -> String {
    let before = r#"
        (import "wasi:filesystem/types@0.2.0" (instance $files
            (export "descriptor" (type $descriptor (sub resource)))
            (type $how (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
                "requested-write-sync" "mutate-directory"))
            (export "descriptor-flags" (type $descriptor-flags (eq $how)))
            (type $follow (flags "symlink-follow"))
            (export "path-flags" (type $path-flags (eq $follow)))
            (type $make (flags "create" "directory" "exclusive" "truncate"))
            (export "open-flags" (type $open-flags (eq $make)))
            (type $code (enum ENUM))
            (export "error-code" (type $error-code (eq $code)))
            (export "[method]descriptor.open-at" (func (param "self" (borrow $descriptor))
                (param "path-flags" $path-flags) (param "path" string)
                (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
                (result (result (own $descriptor) (error $error-code)))))
            (export "[method]descriptor.read" (func (param "self" (borrow $descriptor))
                (param "length" u64) (param "offset" u64)
                (result (result (tuple (list u8) bool) (error $error-code)))))))
        (alias export $files "descriptor" (type $descriptor))
        (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
            (alias outer 1 $descriptor (type $outer))
            (export "descriptor" (type $descriptor (eq $outer)))
            (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
        (core module $memory
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $free)
                (global.set $free (i32.add (global.get $free) (i32.const 64)))))
        (core instance $memory (instantiate $memory))
        (core func $folders (canon lower (func $preopens "get-directories")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
        (core func $open (canon lower (func $files "[method]descriptor.open-at")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
        (core func $read (canon lower (func $files "[method]descriptor.read")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))"#
        .replace("ENUM", ERROR_CODES);
    let main = format!(
        r#"(import "host" "memory" (memory 1))
        (import "host" "folders" (func $folders (param i32)))
        (import "host" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
        (import "host" "read" (func $read (param i32 i64 i64 i32)))
        (data (i32.const 64) "large")
        (func (export "handle") (param i32 i32)
            (call $folders (i32.const 0))
            (call $open (i32.load (i32.load (i32.const 0))) (i32.const 0) (i32.const 64)
                (i32.const 5) (i32.const 0) (i32.const {flags}) (i32.const 16))
            (if (i32.load8_u (i32.const 16)) (then unreachable))
            {then})"#
    );
    let with = r#"(with "host" (instance
        (export "memory" (memory $memory "memory")) (export "folders" (func $folders))
        (export "open" (func $open)) (export "read" (func $read))))"#;
    handler(&before, &main, with, "")
}

const ERROR_CODES: &str = r#""access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota"
            "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted"
            "invalid" "io" "is-directory" "loop" "too-many-links" "message-size"
            "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
            "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported"
            "no-tty" "no-such-device" "overflow" "not-permitted" "pipe" "read-only"
            "invalid-seek" "text-file-busy" "cross-device""#;

/// To the last bytes of a deflated file: everything before them has to be unpacked.
pub(crate) fn unpacking() -> String {
    let far = (3_u64 << 30) - 100_000;
    using_a_file(
        1,
        &format!(
            "(call $read (i32.load (i32.const 20)) (i64.const 1) (i64.const {far}) (i32.const 32))"
        ),
    )
}

/// To write to a file below an overlay, which has to be copied first.
pub(crate) fn copying() -> String {
    using_a_file(2, "")
}

/// Guests that never end, and where they do not.
pub(crate) fn guests() -> [(&'static str, String); 4] {
    [
        ("start function", starting()),
        ("realloc", allocating()),
        ("post-return", returning()),
        ("destructor", destroying(0)),
    ]
}

/// A zip file with the member `large`: 3 GiB, nearly all of it zeros.
pub(crate) fn large_zip() -> Vec<u8> {
    const SIZE: u32 = 3 << 30;
    // One block with the fixed codes: a zero, and then again and again the 258 bytes before. Eight
    // of those take 13 bytes, and so the bytes repeat.
    let again = "1100010100000";
    let bits = ["110", "00110000", &again.repeat(24)].concat();
    let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'));
    let start: Vec<u8> = bits.as_bytes().chunks_exact(8).map(byte).collect();
    let (head, rest) = start.split_at(2);
    let packed = [head, &rest[..13].repeat((SIZE / 258 / 8) as usize)].concat();

    let packed_size = u32::try_from(packed.len()).unwrap().to_le_bytes();
    let sizes = [[0; 4], packed_size, SIZE.to_le_bytes()].concat();
    let about = [&[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..], &sizes, &[5, 0, 0, 0]].concat();
    let member = [b"PK\x03\x04", &about[..], b"large", &packed].concat();
    let table = [b"PK\x01\x02\x14\0", &about[..], &[0; 14], b"large"].concat();
    let ends = [table.len(), member.len()].map(|at| u32::try_from(at).unwrap().to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &ends.concat()[..], &[0, 0]].concat();
    [member, table, end].concat()
}
