(module
  (import "wasix_32v1" "thread_spawn_v2" (func (param i32 i32) (result i32)))
  (func (export "_start")))
