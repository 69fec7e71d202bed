;; Imports a function by its own name, without an interface.
(component
  (import "launch" (func $launch))
  (core func $launch (canon lower (func $launch)))
  (core module $main
    (import "" "launch" (func $launch))
    (func (export "run") (result i32) (call $launch) (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance (export "launch" (func $launch))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exports)))
