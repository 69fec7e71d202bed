(component
  (core module $main (func (export "f") (result i64) (i64.const 0)))
  (core instance $main (instantiate $main))
  (func (export "f") (result u32) (canon lift (core func $main "f"))))
