;; Has a `_start` but no memory, and calls the host: a call that needs none works, one that needs
;; memory must fail and harm nobody. Exits with 0 if both do as they should.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (func (export "_start")
    (if (call $sched_yield) (then (call $proc_exit (i32.const 1))))
    ;; A host may return an errno or trap here; success would be a lie.
    (if (i32.eqz (call $random_get (i32.const 0) (i32.const 16)))
      (then (call $proc_exit (i32.const 2))))))
