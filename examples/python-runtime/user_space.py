"""One scenario from its first step to its last: what user space does, and what it sees of it."""
from descriptors import Descriptors
from errors import EBADF, EINVAL, ENOENT, ENOTSUPP, EPERM
from helpers import Helpers
from log_map import Log
from machine import Machine
from maps import READ_ONLY, WRITE_ONLY
from memory import Memory
from program import Program

BPF_PROG_TYPE_SYSCALL = 31
U32 = 2**32 - 1


class UserSpace:
    """The processes, one after the other, that do the steps of a scenario."""

    def __init__(self, scenario, timers, map_classes):
        self.timers, self.map_classes, self.memory = timers, map_classes, Memory()
        self.machine = Machine(self.memory, Helpers(self.memory, timers).table())
        timers.call = self.call_back
        self.map_specs = {spec["name"]: spec for spec in scenario["maps"]}
        self.program_specs = {spec["name"]: spec for spec in scenario["programs"]}
        self.maps, self.programs, self.loaded = Descriptors(), Descriptors(), {}
        self.may_load = True
        self.log_name = scenario["logMap"]
        self.log_map = self.make_map(self.log_name)
        self.log = Log(self.log_map, bytes.fromhex(scenario["parameters"]), self.memory)

    def call_back(self, function, *arguments):
        return self.machine.execute(function.program, function.instruction, *arguments)

    def do(self, step):
        """Does one step; gives its part of the trace."""
        given = getattr(self, step["kind"].replace("-", "_"))(step)
        given = given if isinstance(given, dict) else {"result": given}
        return {**given, "timeNs": self.timers.now_ns, "records": self.log.new_records()}

    def make_map(self, name):
        spec = self.map_specs[name]
        return self.map_classes[spec["kind"]](spec, self.memory, self.timers)

    def create_map(self, step):
        spec = self.map_specs[step["map"]]
        inner = self.maps.held.get(spec.get("innerMap"))
        if not self.may_load:
            return EPERM
        if "innerMap" in spec and inner is None:
            return EBADF
        refused = self.map_classes[spec["kind"]].refusal(spec)
        if refused:
            return refused
        created = self.make_map(spec["name"])
        created.template = inner
        self.maps.open(spec["name"], created)
        return 0

    def load_program(self, step):
        spec = self.program_specs[step["program"]]
        named = {each["map"] for each in spec["relocations"] if each["kind"] == "map"} - {self.log_name}
        if not named <= self.maps.held.keys():
            return EBADF
        if not self.may_load:
            return EPERM
        program = Program(spec, {**self.maps.held, self.log_name: self.log_map}, self.memory)
        self.loaded[spec["name"]] = program
        self.programs.open(spec["name"], program)
        return 0

    def run(self, step):
        spec, program = self.program_specs[step["program"]], self.programs.held.get(step["program"])
        if program is None:
            return EBADF
        if spec["testRunBytes"] == 0 and spec["type"] != BPF_PROG_TYPE_SYSCALL:
            return ENOTSUPP
        self.timers.cpu = step.get("cpu", 0)
        context = self.memory.allocate(spec["testRunBytes"])
        returned = self.machine.execute(program, 0, context)
        self.timers.pass_time(0)
        return {"result": 0, "returnValue": returned & U32}

    def advance(self, step):
        self.timers.pass_time(step["ns"])
        return 0

    def update(self, step):
        written, inner = self.maps.held.get(step["map"]), self.maps.held.get(step.get("valueMap"))
        if written is None or "valueMap" in step and inner is None:
            return EBADF
        if written.spec["flags"] & READ_ONLY:
            return EPERM
        if written.lacks_lock(step["flags"]):
            return EINVAL
        key = bytes.fromhex(step["key"])
        if "valueMap" in step:
            return written.update_inner(key, inner, step["flags"])
        return written.update(key, bytes.fromhex(step["value"]), step["flags"])

    def delete(self, step):
        changed = self.maps.held.get(step["map"])
        if changed is None or changed.spec["flags"] & READ_ONLY:
            return EBADF if changed is None else EPERM
        return changed.delete(bytes.fromhex(step["key"]))

    def lookup(self, step):
        read = self.maps.held.get(step["map"])
        if read is None or read.spec["flags"] & WRITE_ONLY:
            return EBADF if read is None else EPERM
        value = read.read(bytes.fromhex(step["key"]))
        return ENOENT if value is None else {"result": 0, "value": value.hex()}

    def close_map(self, step):
        return self.maps.close(step["map"])

    def close_program(self, step):
        return self.programs.close(step["program"])

    def pin_map(self, step):
        return self.maps.pin(step["map"])

    def unpin_map(self, step):
        return self.maps.unpin(step["map"])

    def open_pin(self, step):
        return self.maps.open_pin(step["map"])

    def pin_program(self, step):
        return self.programs.pin(step["program"])

    def unpin_program(self, step):
        return self.programs.unpin(step["program"])

    def open_program_pin(self, step):
        return self.programs.open_pin(step["program"])

    def find_program(self, step):
        """Opens the program by its id, which takes the capability that the process may have given up."""
        program = self.loaded.get(step["program"])
        if program is None or program.references == 0:
            return ENOENT
        return 0 if self.may_load else EPERM

    def exit_process(self, _):
        self.maps.close_all()
        self.programs.close_all()
        self.may_load = True
        return 0

    def drop_capability(self, _):
        self.may_load = False
        return 0


STEPS = (
    "create-map", "load-program", "run", "advance", "update", "delete", "lookup", "close-map", "close-program",
    "pin-map", "unpin-map", "open-pin", "pin-program", "unpin-program", "open-program-pin", "find-program",
    "exit-process", "drop-capability",
)
