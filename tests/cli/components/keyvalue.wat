(component
  (import "wasi:keyvalue/store@0.2.0-draft" (instance $store
    (export "open" (func))))
  (core func $open (canon lower (func $store "open")))
  (core module $main
    (import "" "open" (func $open))
    (func (export "run") (result i32) (call $open) (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance (export "open" (func $open))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exports (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exports)))
