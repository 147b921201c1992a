"""A loaded program: its bytecode, with what its instructions refer to filled in."""
from machine import LDDW, PSEUDO_FUNCTION, PSEUDO_MAP, PSEUDO_MAP_VALUE, U32, Function, decode


class Program:
    """It stays loaded while anyone refers to it: a descriptor, a pin, or a timer whose callback is in it."""

    def __init__(self, spec, maps, memory):
        self.code = decode(spec["instructions"])
        self.references = 0
        named = {each["instruction"]: maps[each["map"]] for each in spec["relocations"] if each["kind"] == "map"}
        self.constants = {
            at: self._constant(at, named.get(at), memory) for at, code in enumerate(self.code) if code[0] == LDDW
        }

    def refer(self, change):
        self.references += change

    def _constant(self, at, named, memory):
        """What the load of two instructions at `at` puts into its register."""
        (_, _, kind, _, low), high = self.code[at], self.code[at + 1][4]
        if kind == PSEUDO_MAP:
            return named.handle
        if kind == PSEUDO_MAP_VALUE:
            (element,) = named.elements.values()
            return element.address + high
        if kind == PSEUDO_FUNCTION:
            return memory.allocate(0, Function(self, at + 1 + low))
        return low & U32 | (high & U32) << 32
