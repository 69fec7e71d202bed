;; A reactor: `_initialize` must run once before anything else is called.
;; `next` counts up from 100; before `_initialize` it traps.
(module
  (memory (export "memory") 1)
  (global $ready (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  (func (export "_initialize")
    (if (global.get $ready) (then unreachable)) ;; called twice
    (global.set $ready (i32.const 1))
    (global.set $count (i32.const 100)))
  (func (export "next") (result i32)
    (if (i32.eqz (global.get $ready)) (then unreachable))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count)))
