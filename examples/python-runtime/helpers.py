"""The helpers that programs call, by their numbers in include/uapi/linux/bpf.h: arguments are registers 1 to 5."""
import random

from machine import U32


class Helpers:
    """Finds what pointers point at, and asks maps and timers."""

    def __init__(self, memory, timers):
        self._memory, self._timers = memory, timers

    def table(self):
        return {number: getattr(self, name) for number, name in NAMES.items()}

    def _map_and_key(self, map_pointer, key_pointer):
        owner, _ = self._memory.owner_of(map_pointer)
        return owner, self._memory.read(key_pointer, owner.spec["keySize"])

    def map_lookup_elem(self, map_pointer, key_pointer, *_):
        owner, key = self._map_and_key(map_pointer, key_pointer)
        return owner.found_by_program(key)

    def map_update_elem(self, map_pointer, key_pointer, value_pointer, flags, _):
        owner, key = self._map_and_key(map_pointer, key_pointer)
        return owner.update(key, self._memory.read(value_pointer, owner.value_bytes), flags)

    def map_delete_elem(self, map_pointer, key_pointer, *_):
        owner, key = self._map_and_key(map_pointer, key_pointer)
        return owner.delete(key)

    def ktime_get_ns(self, *_):
        return self._timers.now_ns

    ktime_get_boot_ns = ktime_get_ns

    def get_prandom_u32(self, *_):
        return random.getrandbits(32) & U32

    def get_smp_processor_id(self, *_):
        return self._timers.cpu

    def spin_lock(self, *_):
        """Nobody else runs meanwhile."""
        return 0

    spin_unlock = spin_lock

    def timer_init(self, timer_pointer, map_pointer, flags, *_):
        owner, _ = self._memory.owner_of(map_pointer)
        return self._timers.init(*self._memory.owner_of(timer_pointer), owner, flags)

    def timer_set_callback(self, timer_pointer, function_pointer, *_):
        function, _ = self._memory.owner_of(function_pointer)
        return self._timers.set_callback(*self._memory.owner_of(timer_pointer), function)

    def timer_start(self, timer_pointer, ns, flags, *_):
        return self._timers.start(*self._memory.owner_of(timer_pointer), ns, flags)

    def timer_cancel(self, timer_pointer, *_):
        return self._timers.cancel(*self._memory.owner_of(timer_pointer))


NAMES = {
    1: "map_lookup_elem",
    2: "map_update_elem",
    3: "map_delete_elem",
    5: "ktime_get_ns",
    7: "get_prandom_u32",
    8: "get_smp_processor_id",
    93: "spin_lock",
    94: "spin_unlock",
    125: "ktime_get_boot_ns",
    169: "timer_init",
    170: "timer_set_callback",
    171: "timer_start",
    172: "timer_cancel",
}
