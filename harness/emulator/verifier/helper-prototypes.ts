/** The helpers of the machine as the verifier sees them: struct bpf_func_proto in kernel/bpf/helpers.c. */
import { HELPER } from "../../../bpf/uapi.ts";

/** ARG_CONST_MAP_PTR, ARG_PTR_TO_MAP_KEY, ARG_PTR_TO_MAP_VALUE, ARG_PTR_TO_SPIN_LOCK, _TIMER, _FUNC, ARG_ANYTHING. */
export type Argument = "map" | "key" | "value" | "spin-lock" | "timer" | "function" | "anything";

export interface HelperPrototype {
  readonly arguments: readonly Argument[];
  /** RET_INTEGER, RET_VOID, RET_PTR_TO_MAP_VALUE_OR_NULL, and the processor id, whose range some kernels know. */
  readonly returns: "integer" | "void" | "value-or-null" | "processor-id";
  readonly gplOnly: boolean;
  /** One of the timer helpers. */
  readonly timer: boolean;
}

const plain = (args: readonly Argument[], returns: HelperPrototype["returns"] = "integer"): HelperPrototype => ({
  arguments: args,
  returns,
  gplOnly: false,
  timer: false,
});
const ofTimer = (args: readonly Argument[]): HelperPrototype => ({
  arguments: args,
  returns: "integer",
  gplOnly: true,
  timer: true,
});

/**
 * Every program type reaches these through bpf_base_func_proto, except infrared programs (lirc_mode2_func_proto), and
 * the tracing types are stopped elsewhere: by check_map_prog_compatibility.
 */
export const HELPER_PROTOTYPES: ReadonlyMap<number, HelperPrototype> = new Map([
  [HELPER.map_lookup_elem, plain(["map", "key"], "value-or-null")],
  [HELPER.map_update_elem, plain(["map", "key", "value", "anything"])],
  [HELPER.map_delete_elem, plain(["map", "key"])],
  [HELPER.ktime_get_ns, plain([])],
  [HELPER.ktime_get_boot_ns, plain([])],
  [HELPER.jiffies64, plain([])],
  [HELPER.get_prandom_u32, plain([])],
  [HELPER.get_numa_node_id, plain([])],
  [HELPER.get_smp_processor_id, plain([], "processor-id")],
  [HELPER.spin_lock, plain(["spin-lock"], "void")],
  [HELPER.spin_unlock, plain(["spin-lock"], "void")],
  [HELPER.timer_init, ofTimer(["timer", "map", "anything"])],
  [HELPER.timer_set_callback, ofTimer(["timer", "function"])],
  [HELPER.timer_start, ofTimer(["timer", "anything", "anything"])],
  [HELPER.timer_cancel, ofTimer(["timer"])],
]);
