;; What has the name of the interface is the function.
(component
  (core module $main (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (export "wasi:cli/run@0.2.3" (func $run)))
