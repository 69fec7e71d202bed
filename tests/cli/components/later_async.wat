;; A program as WASI 0.3 has them: its `run` is asynchronous.
(component
  (core module $main
    (func (export "run") (result i32) (i32.const 0))
    (func (export "callback") (param i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $main (instantiate $main))
  (type $run (func async (result (result))))
  (func $run (type $run)
    (canon lift (core func $main "run") async (callback (core func $main "callback"))))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $exports)))
