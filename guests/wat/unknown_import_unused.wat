;; Imports a function that no host has, never calls it, and says hello.
(module
  (import "env" "mystery" (func $mystery (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00" "\13\00\00\00") ;; one buffer: at 16, 19 bytes
  (data (i32.const 16) "no mystery, please\n")
  (func (export "_start")
    ;; fd 1, buffers at 0, one of them, count written to 8
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
