;; Loads from one byte past the end of its memory.
(module
  (memory (export "memory") 1 1)
  (func $load (param $address i32) (result i32) (i32.load8_u (local.get $address)))
  (func (export "_start") (drop (call $load (i32.const 65536)))))
