#!/usr/bin/env python3
"""A runtime in less than 100 lines: enough for init.succeeds, init.already-initialized and init.invalid-clock."""
import ctypes, json, operator, struct, sys

HELPERS = {1: "bpf_map_lookup_elem", 5: "bpf_ktime_get_ns", 8: "bpf_get_smp_processor_id", 169: "bpf_timer_init",
           170: "bpf_timer_set_callback", 171: "bpf_timer_start"}
# What it has. A case that takes another map type, helper, kfunc or step is not sent, nor one that should not load.
HELLO = {"protocol": 1, "name": "minimal", "version": "1", "linux": "6.12", "executes": True, "verifies": False,
         "mapTypes": ["BPF_MAP_TYPE_ARRAY"], "helpers": list(HELPERS.values()), "kfuncs": [],
         "steps": ["create-map", "load-program", "run", "advance"]}
EBUSY, EINVAL, CLOCKS = -16, -22, (0, 1, 7)  # CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME
U32, U64, STACK_BYTES, RECORDS_AT, RECORDS_MAX = 2**32 - 1, 2**64 - 1, 512, 2056, 255
BINARY = {0x07: operator.add, 0x27: operator.mul, 0x47: operator.or_, 0x57: operator.and_, 0xb7: lambda _, new: new,
          0x15: operator.eq, 0x35: operator.ge, 0x55: operator.ne}


class Case:
    """One scenario. Memory is a dict: whoever uses an address here uses the whole number that is there."""
    def __init__(self, scenario):
        self.maps = {at << 32: each for at, each in enumerate(scenario["maps"], 1)}  # By where the values begin.
        address = {each["name"]: at for at, each in self.maps.items()}
        self.log, numbers = address[scenario["logMap"]], struct.iter_unpack("<Q", bytes.fromhex(scenario["parameters"]))
        self.memory = {self.log: 0, **{self.log + 8 + 8 * at: number for at, (number,) in enumerate(numbers)}}
        self.callbacks, self.expiries, self.now_ns, self.stack, self.code, self.entries = {}, {}, 1_000_000, 0, [], {}
        for each in scenario["programs"]:  # The code of all programs lies in one list.
            self.entries[each["name"]] = start = len(self.code)
            self.code += map(list, struct.iter_unpack("<BBhi", bytes.fromhex(each["instructions"])))
            for relocation in each["relocations"]:
                self.code[start + relocation["instruction"]][3] = address[relocation["map"]]

    def call(self, at, *arguments):
        """Runs the function that begins at an instruction; gives what it leaves in register 0."""
        self.stack += STACK_BYTES
        r, memory = [0, *arguments, *[0] * (9 - len(arguments)), self.stack], self.memory
        while self.code[at][0] != 0x95:
            opcode, registers, offset, number = self.code[at]
            dst, src, at, place = registers & 15, registers >> 4, at + 1, r[registers & 15] + offset
            if opcode == 0x18:  # Two instructions wide: a map (1), a place in its value (2), a function (4).
                r[dst], at = number + (at if src == 4 else self.code[at][3]), at + 1
            elif opcode == 0x85:
                r[0] = (self.call(at + number, *r[1:6]) if src == 1 else self.helper(HELPERS[number], *r[1:4])) & U64
            elif opcode in (0x61, 0x79):
                r[dst] = memory.get(r[src] + offset, 0)
            elif opcode in (0x63, 0x7b):
                memory[place] = r[src] & (U32 if opcode == 0x63 else U64)
            elif opcode == 0xdb:  # Of the atomic operations there is one, fetch and add.
                memory[place], r[src] = memory.get(place, 0) + r[src], memory.get(place, 0)
            else:  # Class 7 is arithmetic, the other one jumps.
                result = BINARY[opcode & ~8](r[dst], r[src] if opcode & 8 else number & U64)
                r[dst], at = (result & U64, at) if opcode & 7 == 7 else (r[dst], at + offset * result)
        return r[0]

    def helper(self, name, first, second, third):
        if name in ("bpf_ktime_get_ns", "bpf_get_smp_processor_id"):
            return self.now_ns if name == "bpf_ktime_get_ns" else 0
        if name == "bpf_map_lookup_elem":
            key, spec = self.memory[second], self.maps[first]
            return first + key * spec["valueSize"] if key < spec["maxEntries"] else 0
        has_callback = self.callbacks.get(first) is not None
        is_right = {"bpf_timer_init": third in CLOCKS, "bpf_timer_start": third == 0 and has_callback}
        if not is_right.get(name, first in self.callbacks):
            return EINVAL
        if name == "bpf_timer_init" and first in self.callbacks:
            return EBUSY
        if name == "bpf_timer_start":
            self.expiries[first] = self.now_ns + second
        else:
            self.callbacks[first] = second if name == "bpf_timer_set_callback" else None
        return 0

    def advance(self, until_ns):
        """Lets time pass, and calls back what is due meanwhile, the earliest first."""
        while self.expiries and min(self.expiries.values()) <= until_ns:
            timer = min(self.expiries, key=self.expiries.get)
            self.now_ns, start = self.expiries.pop(timer), timer & ~U32
            self.memory[0], inside = divmod(timer - start, self.maps[start]["valueSize"])
            self.call(self.callbacks[timer], start, 0, timer - inside)  # The map, the key, the value.
        self.now_ns = until_ns

    def do(self, step):
        first, log, signed = self.memory[self.log], self.memory, lambda number: ctypes.c_int32(number).value
        returned = {"returnValue": self.call(self.entries[step["program"]])} if step["kind"] == "run" else {}
        self.advance(self.now_ns + step.get("ns", 0))
        places = [self.log + RECORDS_AT + 32 * at for at in range(first, min(log[self.log], RECORDS_MAX))]
        records = [{"site": log[at], "cpu": log[at + 4], "timeNs": log[at + 8], "value": signed(log[at + 16]),
                    "aux": signed(log[at + 24])} for at in places]
        return {"result": 0, **returned, "timeNs": self.now_ns, "records": records}


print(json.dumps(HELLO), flush=True)
who_asks = json.loads(sys.stdin.readline())
for request in map(json.loads, sys.stdin):
    answer, scenario = {"error": "not version 3 of the format"}, request["scenario"]
    if scenario["version"] == 3:
        case = Case(scenario)
        trace = {"format": "bpf-timer-conformance/trace", "version": 1, "steps": list(map(case.do, scenario["steps"]))}
        answer = {"trace": {**trace, "droppedRecords": max(0, case.memory[case.log] - RECORDS_MAX), "complaints": []}}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
