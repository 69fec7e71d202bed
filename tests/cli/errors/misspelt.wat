(module
  (fucn))
