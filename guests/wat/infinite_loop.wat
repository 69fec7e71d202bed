;; Loops for ever and calls nothing: only an interruption by the engine ends it.
(module
  (memory (export "memory") 1)
  (func (export "_start") (loop $again (br $again))))
