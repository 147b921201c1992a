"""
Executes BPF bytecode. Source: Documentation/bpf/standardization/instruction-set.rst of Linux. What only newer compilers
write is not there: byte swaps, signed loads and divisions.
"""
import struct
from functools import lru_cache

U32 = 2**32 - 1
U64 = 2**64 - 1
STACK_BYTES = 512
CALL_DEPTH_MAX = 8

LDDW, CALL, EXIT, JA = 0x18, 0x85, 0x95, 0x05
CLASS_LDX, CLASS_ST, CLASS_STX, CLASS_ALU32, CLASS_JMP32, CLASS_ALU64 = 1, 2, 3, 4, 6, 7
MODE_ATOMIC = 6
ACCESS_BYTES = {0x00: 4, 0x08: 2, 0x10: 1, 0x18: 8}

# What the source register of a two-word load says that its number is.
PSEUDO_MAP, PSEUDO_MAP_VALUE, PSEUDO_FUNCTION = 1, 2, 4
CALL_HELPER, CALL_LOCAL = 0, 1


def signed(number, bits):
    number &= (1 << bits) - 1
    return number - (1 << bits) if number >> (bits - 1) else number


# By the high four bits of the opcode: (left, right, bits) of unsigned numbers.
ARITHMETIC = {
    0x0: lambda left, right, bits: left + right,
    0x1: lambda left, right, bits: left - right,
    0x2: lambda left, right, bits: left * right,
    0x3: lambda left, right, bits: left // right if right else 0,
    0x4: lambda left, right, bits: left | right,
    0x5: lambda left, right, bits: left & right,
    0x6: lambda left, right, bits: left << (right & bits - 1),
    0x7: lambda left, right, bits: left >> (right & bits - 1),
    0x8: lambda left, right, bits: -left,
    0x9: lambda left, right, bits: left % right if right else left,
    0xa: lambda left, right, bits: left ^ right,
    0xb: lambda left, right, bits: right,
    0xc: lambda left, right, bits: signed(left, bits) >> (right & bits - 1),
}
COMPARISONS = {
    0x1: lambda left, right, bits: left == right,
    0x2: lambda left, right, bits: left > right,
    0x3: lambda left, right, bits: left >= right,
    0x4: lambda left, right, bits: left & right != 0,
    0x5: lambda left, right, bits: left != right,
    0x6: lambda left, right, bits: signed(left, bits) > signed(right, bits),
    0x7: lambda left, right, bits: signed(left, bits) >= signed(right, bits),
    0xa: lambda left, right, bits: left < right,
    0xb: lambda left, right, bits: left <= right,
    0xc: lambda left, right, bits: signed(left, bits) < signed(right, bits),
    0xd: lambda left, right, bits: signed(left, bits) <= signed(right, bits),
}
ATOMIC_FETCH, ATOMIC_COMPARE = 0x01, 0xf0
# The operation of the same meaning in ARITHMETIC; an exchange is a move.
ATOMICS = {0x00: 0x0, 0x40: 0x4, 0x50: 0x5, 0xa0: 0xa, 0xe0: 0xb}


class BadProgram(Exception):
    """Bytecode that means nothing here."""


class Function:
    """A place in a program where a function begins: what a callback pointer points at."""

    def __init__(self, program, instruction):
        self.program, self.instruction = program, instruction


@lru_cache(maxsize=4096)
def decode(text):
    """Instructions in hexadecimal text, each as (opcode, destination, source, offset, number)."""
    words = struct.iter_unpack("<BBhi", bytes.fromhex(text))
    return tuple((opcode, both & 15, both >> 4, offset, number) for opcode, both, offset, number in words)


class Machine:
    """Registers and a stack for each call; `helpers` maps a helper's number to what it does with five arguments."""

    def __init__(self, memory, helpers):
        self.memory = memory
        self._helpers = helpers
        self._depth = 0

    def execute(self, program, at, *arguments):
        """Runs the function that begins at instruction `at` of a program; gives its register 0."""
        if self._depth == CALL_DEPTH_MAX:
            raise BadProgram("too many calls in each other")
        stack = self.memory.allocate(STACK_BYTES)
        self._depth += 1
        try:
            return self._run(program, at, [0, *arguments] + [0] * (9 - len(arguments)) + [stack + STACK_BYTES])
        finally:
            self._depth -= 1
            self.memory.free(stack)

    def _run(self, program, at, r):
        memory, code = self.memory, program.code
        while True:
            opcode, dst, src, offset, number = code[at]
            at += 1
            kind = opcode & 7
            if opcode == EXIT:
                return r[0]
            if opcode == CALL:
                r[0] = self._call(program, at, src, number, r) & U64
            elif opcode == LDDW:
                r[dst] = program.constants[at - 1]
                at += 1
            elif kind == CLASS_LDX:
                r[dst] = memory.read_number(r[src] + offset & U64, ACCESS_BYTES[opcode & 0x18])
            elif kind == CLASS_STX and opcode >> 5 == MODE_ATOMIC:
                self._atomic(r, dst, src, r[dst] + offset & U64, number, ACCESS_BYTES[opcode & 0x18])
            elif kind in (CLASS_ST, CLASS_STX):
                stored = r[src] if kind == CLASS_STX else number
                memory.write_number(r[dst] + offset & U64, ACCESS_BYTES[opcode & 0x18], stored)
            elif opcode == JA:
                at += offset
            else:
                mask, bits = (U32, 32) if kind in (CLASS_ALU32, CLASS_JMP32) else (U64, 64)
                left, right = r[dst] & mask, (r[src] if opcode & 8 else number) & mask
                if kind in (CLASS_ALU32, CLASS_ALU64):
                    r[dst] = self._meaning(ARITHMETIC, opcode)(left, right, bits) & mask
                elif self._meaning(COMPARISONS, opcode)(left, right, bits):
                    at += offset

    def _call(self, program, at, kind, number, r):
        if kind == CALL_LOCAL:
            return self.execute(program, at + number, *r[1:6])
        if kind != CALL_HELPER or number not in self._helpers:
            raise BadProgram(f"a call of kind {kind} to {number}")
        return self._helpers[number](*r[1:6])

    def _atomic(self, r, dst, src, address, operation, size_bytes):
        old = self.memory.read_number(address, size_bytes)
        if operation == ATOMIC_COMPARE | ATOMIC_FETCH:
            new, r[0] = r[src] if old == r[0] else old, old
        else:
            meaning = ATOMICS.get(operation & ~ATOMIC_FETCH)
            if meaning is None:
                raise BadProgram(f"atomic operation {operation:#x}")
            new = ARITHMETIC[meaning](old, r[src], 64)
            if operation & ATOMIC_FETCH:
                r[src] = old
        self.memory.write_number(address, size_bytes, new)

    @staticmethod
    def _meaning(table, opcode):
        meaning = table.get(opcode >> 4)
        if meaning is None:
            raise BadProgram(f"opcode {opcode:#x}")
        return meaning
