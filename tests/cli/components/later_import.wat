;; A program for WASI 0.2 that wants an interface of 0.3.
(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
    (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $main
    (import "" "now" (func $now (result i64)))
    (func (export "run") (result i32) (drop (call $now)) (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance (export "now" (func $now))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exports)))
