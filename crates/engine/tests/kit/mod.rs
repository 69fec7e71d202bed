//! The tests themselves, generic over the engine, and what they share.

pub(crate) mod components;
pub(crate) mod ends;
pub(crate) mod host_calls;
pub(crate) mod limits;
pub(crate) mod linking;
pub(crate) mod memories;
pub(crate) mod modules;
pub(crate) mod suspending;
pub(crate) mod totals;
pub(crate) mod traps;
pub(crate) mod values;

use wayleave_engine::{
    Config, Context, Engine, Error, Extern, FuncType, Limits, Stop, Trap, Value,
};

/// Makes a `#[test]` of each test of the kit, for one engine.
macro_rules! for_each_test {
    ($engine:ty) => {
        $crate::kit::for_each_test! { $engine:
            components: [
                kept_memories, host_functions_come_in_their_order, raw_calls_carry_bits, kept_reallocs,
                the_hosts_globals,
            ]
            ends: [
                a_deadline_needs_its_setting, a_deadline_ends_whatever_runs,
                long_calls_are_handed_over, a_long_call_without_room_ends,
                a_call_that_was_kicked_owes_a_turn,
            ]
            host_calls: [
                slots_carry_all_types, results_overwrite_arguments, slots_read_at_other_widths,
                any_index_is_harmless, many_parameters, state_is_the_hosts, exit_comes_back,
                host_traps_come_back, an_exit_passes_through_nested_calls,
                a_trap_passes_through_nested_calls, nested_calls_return, nesting_is_bounded,
                a_definition_can_be_replaced,
            ]
            limits: [
                memory_stops_growing, a_memory_too_large_to_start_with, tables_stop_growing,
                a_table_too_large_to_start_with, fuel_runs_out, fuel_is_counted,
                fuel_needs_its_setting, interruption_needs_its_setting, a_loop_is_interrupted,
                a_guest_that_is_interrupted_beforehand_ends,
                a_start_function_is_interrupted, bulk_operations_are_interrupted,
                fuel_and_interruption_together, interruption_without_a_flag_changes_nothing,
                deep_recursion_overflows_and_the_store_survives, absurd_stacks_are_refused,
            ]
            linking: [
                missing_imports_are_named, mistyped_imports_are_named, other_kinds_are_named,
                instances_share_functions_and_memories, tags_are_handed_on,
                wrong_imports_are_refused,
                too_few_imports_are_refused, templates_serve_many_stores,
            ]
            memories: [
                default_memory_after_it_has_grown, default_memory_and_state, default_memory_in_the_start_function, no_memory,
                no_memory_in_the_start_function, the_first_instance_decides, memory_of_any,
                the_host_grows_a_memory, a_memory_that_grew_is_seen, shared_memories_are_refused,
                dense_memories,
            ]
            modules: [
                every_prefix_is_an_error, every_flipped_byte_is_survived, errors_are_one_line,
                imports_and_exports, text_is_refused, start_functions_do_not_show,
                code_comes_back_from_a_file, proposals_are_as_told,
            ]
            suspending: [
                a_guest_is_suspended_while_it_waits,
                suspended_guests_take_turns_and_move_between_threads,
                a_suspended_guest_can_be_dropped, only_the_outermost_call_is_suspended,
                without_suspension_the_thread_waits, a_computing_guest_makes_way,
                a_host_function_makes_way,
            ]
            totals: [
                memories_are_limited_together, tables_are_limited_together,
                growth_that_fails_takes_nothing, growth_is_counted_once_whatever_the_fuel,
                instances_are_limited, a_program_that_gives_up_says_what_it_was_refused,
            ]
            traps: [
                every_kind, data_outside_of_the_memory, elements_outside_of_the_table,
                a_store_survives_a_trap, frames_name_functions,
            ]
            values: [
                globals, immutable_globals, table_functions, call_types_are_checked,
                results_of_all_types, unknown_exports, state_comes_back,
            ]
        }
    };
    ($engine:ty: $($group:ident: [$($test:ident),* $(,)?])*) => {
        $($(
            #[test]
            fn $test() {
                $crate::kit::$group::$test::<$engine>();
            }
        )*)*
    };
}
pub(crate) use for_each_test;

pub(crate) fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

pub(crate) fn config(fuel: bool, interrupt: bool) -> Config {
    let mut config = Config::default();
    config.fuel = fuel;
    config.interrupt = interrupt;
    config
}

/// A guest with the host functions of `define`.
pub(crate) struct Guest<E: Engine, T: Send + 'static> {
    pub(crate) engine: E,
    pub(crate) store: E::Store<T>,
    pub(crate) instance: E::Instance,
}

impl<E: Engine> Guest<E, ()> {
    /// A guest that imports nothing.
    pub(crate) fn plain(text: &str) -> Self {
        Self::new(text, (), |_| {})
    }

    pub(crate) fn limited(config: &Config, limits: Limits, text: &str) -> Result<Self, Stop> {
        Self::with(&E::new(config).unwrap(), limits, text, (), |_| {})
    }
}

impl<E: Engine, T: Send + 'static> Guest<E, T> {
    pub(crate) fn new(text: &str, state: T, define: impl FnOnce(&mut E::Linker<T>)) -> Self {
        let engine = E::new(&Config::default()).unwrap();
        Self::with(&engine, Limits::default(), text, state, define).unwrap()
    }

    pub(crate) fn with(
        engine: &E,
        limits: Limits,
        text: &str,
        state: T,
        define: impl FnOnce(&mut E::Linker<T>),
    ) -> Result<Self, Stop> {
        let module = engine.compile(&wasm(text)).unwrap();
        let mut linker = engine.linker();
        define(&mut linker);
        let template = engine.template(&linker, &module).unwrap();
        let mut store = engine.store(state, limits).unwrap();
        let instance = E::context(&mut store).instantiate(&template)?;
        Ok(Self { engine: engine.clone(), store, instance })
    }

    pub(crate) fn call(&mut self, name: &str, args: &[Value]) -> Result<(), Stop> {
        call::<E, T>(&mut E::context(&mut self.store), &self.instance, name, args, &mut [])
    }

    pub(crate) fn get(&mut self, name: &str, args: &[Value]) -> Result<Value, Stop> {
        let mut results = [Value::I32(0)];
        let mut context = E::context(&mut self.store);
        call::<E, T>(&mut context, &self.instance, name, args, &mut results)?;
        Ok(results[0])
    }

    pub(crate) fn compile(&self, text: &str) -> E::Module {
        self.engine.compile(&wasm(text)).unwrap()
    }

    pub(crate) fn export(&mut self, name: &str) -> Extern<E> {
        E::context(&mut self.store).export(&self.instance, name).unwrap()
    }
}

pub(crate) fn call<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, T>,
    instance: &E::Instance,
    name: &str,
    args: &[Value],
    results: &mut [Value],
) -> Result<(), Stop> {
    let Some(Extern::Func(func)) = context.export(instance, name) else {
        panic!("no function `{name}`");
    };
    context.call(&func, args, results)
}

/// Defines `host`.`name`.
pub(crate) fn define<E: Engine, T: Send + 'static>(
    linker: &mut E::Linker<T>,
    name: &str,
    ty: FuncType,
    func: impl Fn(&mut E::Context<'_, T>, &mut E::Slots<'_>) -> Result<(), Stop> + Send + Sync + 'static,
) {
    E::define(linker, "host", name, &ty, func).unwrap();
}

pub(crate) fn trap<R>(result: Result<R, Stop>) -> Trap {
    match result {
        Err(Stop::Trap(trap)) => *trap,
        Err(stop) => panic!("{stop}"),
        Ok(_) => panic!("no trap"),
    }
}

/// The error's one line.
pub(crate) fn line<R>(result: Result<R, Error>) -> String {
    let Err(error) = result else { panic!("no error") };
    let line = error.to_string();
    assert!(!line.contains('\n') && !line.contains("backtrace"), "{line}");
    line
}
