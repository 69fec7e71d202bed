;; Calls the host from its start function: while it is being instantiated, before `_start`.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00" "\06\00\00\00") ;; at 32, 6 bytes
  (data (i32.const 8) "\30\00\00\00" "\07\00\00\00") ;; at 48, 7 bytes
  (data (i32.const 32) "start\n")
  (data (i32.const 48) "_start\n")
  (func $start
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (start $start)
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))
