;; Calls itself for ever: exhausts the stack.
(module
  (memory (export "memory") 1)
  (func $down (param $depth i32) (result i32)
    ;; The addition after the call keeps every frame alive.
    (i32.add (call $down (i32.add (local.get $depth) (i32.const 1))) (i32.const 1)))
  (func (export "_start") (drop (call $down (i32.const 0)))))
