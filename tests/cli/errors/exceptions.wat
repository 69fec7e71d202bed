(module
  (tag $problem)
  (func (export "_start") (throw $problem)))
