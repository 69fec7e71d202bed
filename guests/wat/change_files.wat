;; Writes "new\n" to new.txt and removes old.txt, in the first folder that it was given. What fails
;; is its exit code.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file"
    (func $path_unlink_file (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "new.txt" "old.txt" "new\n")
  (data (i32.const 32) "\0e\00\00\00" "\04\00\00\00") ;; at 14, 4 bytes
  (func $check (param $errno i32)
    (if (local.get $errno) (then (call $proc_exit (local.get $errno)))))
  (func (export "_start")
    ;; Create and truncate, with the right to write.
    (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 7)
      (i32.const 9) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 48)))
    (call $check (call $fd_write (i32.load (i32.const 48)) (i32.const 32) (i32.const 1)
      (i32.const 52)))
    (call $check (call $path_unlink_file (i32.const 3) (i32.const 7) (i32.const 7)))))
