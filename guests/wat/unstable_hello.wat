;; Says hello through `wasi_unstable`, the first snapshot of WASI 0.1. Then asks for stdout's
;; `filestat`, which had 56 bytes then and has 64 since, and exits with 1 if the host wrote more
;; than those 56.
(module
  (import "wasi_unstable" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_unstable" "fd_filestat_get" (func $fd_filestat_get (param i32 i32) (result i32)))
  (import "wasi_unstable" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00" "\19\00\00\00") ;; at 32, 25 bytes
  (data (i32.const 32) "Hello from wasi_unstable\n")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i64.store (i32.const 1080) (i64.const -1)) ;; 1024 + 56
    (drop (call $fd_filestat_get (i32.const 1) (i32.const 1024)))
    (if (i64.ne (i64.load (i32.const 1080)) (i64.const -1))
      (then (call $proc_exit (i32.const 1))))))
