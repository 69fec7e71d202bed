;; Neither a command (`_start`) nor a reactor (`_initialize`), and without a memory: only a function
;; to call by name.
(module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
