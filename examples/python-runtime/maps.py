"""Maps: arrays, hash maps, LRU hash maps, and arrays and hash maps of maps."""
from errors import E2BIG, EACCES, EEXIST, EINVAL, ENOENT, ENOTSUPP, EOPNOTSUPP
from memory import REGION_BITS

# Flags of an update.
NO_EXIST, EXIST, LOCK = 1, 2, 4
# Flags of a map: include/uapi/linux/bpf.h.
NO_PREALLOC, NO_COMMON_LRU, NUMA_NODE, READ_ONLY, WRITE_ONLY = 0x1, 0x2, 0x4, 0x8, 0x10
ZERO_SEED, READ_ONLY_PROGRAM, WRITE_ONLY_PROGRAM, MMAPABLE, INNER_MAP = 0x40, 0x80, 0x100, 0x400, 0x1000
OF_PROGRAMS = READ_ONLY_PROGRAM | WRITE_ONLY_PROGRAM
OF_ALL = NUMA_NODE | READ_ONLY | WRITE_ONLY | OF_PROGRAMS

FIELD_BYTES = {"timer": 16, "work-queue": 16, "spin-lock": 4}
MAP_POINTER_BYTES = 4


class Element:
    """A value in memory with its key, and the timers in it by their offsets."""

    def __init__(self, owner, key):
        self.map, self.key, self.timers = owner, key, {}
        self.address = owner.memory.allocate(owner.value_bytes, self)
        self.key_address = owner.memory.allocate(len(key), self)
        owner.memory.write(self.key_address, key)


class Map:
    """What all maps have in common. Timers and locks are not in the bytes of a value: where they lie, zeros stay."""

    flags_allowed = OF_ALL
    may_hold_timers = True
    may_hold_locks = True

    def __init__(self, spec, memory, timers):
        self.spec, self.memory, self.timers = spec, memory, timers
        self.value_bytes, self.max_entries = spec["valueSize"], spec["maxEntries"]
        # A value with more than one timer has none that anybody knows of.
        self.fields = {field["kind"]: field["offset"] for field in spec["specialFields"]}
        if len(self.fields) < len(spec["specialFields"]):
            self.fields = {}
        self.handle = memory.allocate(0, self)
        self.user_references = 0
        self.elements = {}
        # Of a map of maps: the map that those in it are like.
        self.template = None

    @classmethod
    def refusal(cls, spec):
        """The error that creating such a map gives; 0 where it can be created."""
        flags, kinds = spec["flags"], [field["kind"] for field in spec["specialFields"]]
        both = (OF_PROGRAMS, READ_ONLY | WRITE_ONLY)
        if flags & ~cls.flags_allowed or any(flags & pair == pair for pair in both):
            return EINVAL
        if not kinds or len(set(kinds)) < len(kinds):
            return 0
        if flags & OF_PROGRAMS:
            return EACCES
        is_wrong = "spin-lock" in kinds and not cls.may_hold_locks or not cls.may_hold_timers
        return EOPNOTSUPP if is_wrong else 0

    def find(self, key):
        return self.elements.get(key)

    def found_by_program(self, key):
        """The address that a program's lookup gives; 0 where there is nothing."""
        element = self.find(key)
        return 0 if element is None else element.address

    def read(self, key):
        """The bytes that user space reads; None where there is no such element."""
        element = self.find(key)
        return None if element is None else self.memory.read(element.address, self.value_bytes)

    def insert(self, key, value):
        element = self.elements[key] = Element(self, key)
        self.fill(element, value)

    def fill(self, element, value):
        """Writes a value, but for its timers and locks."""
        data = bytearray(value)
        for kind, offset in self.fields.items():
            data[offset:offset + FIELD_BYTES[kind]] = bytes(FIELD_BYTES[kind])
        self.memory.write(element.address, data)

    def lacks_lock(self, flags):
        """Whether an update is to take a lock that the values do not have."""
        return flags & LOCK != 0 and "spin-lock" not in self.fields

    def flags_refused(self, flags, exists):
        if flags & ~LOCK > EXIST or self.lacks_lock(flags):
            return EINVAL
        if exists and flags & NO_EXIST:
            return EEXIST
        return ENOENT if not exists and flags & EXIST else 0

    def refer(self, change):
        """User space takes or gives back a descriptor or a pin. With the last one all timers are freed."""
        self.user_references += change
        if self.user_references == 0:
            for element in self.elements.values():
                self.timers.free(element)


class ArrayMap(Map):
    flags_allowed = OF_ALL | MMAPABLE | INNER_MAP

    def __init__(self, spec, memory, timers):
        super().__init__(spec, memory, timers)
        self.fill_up()

    def fill_up(self):
        for index in range(self.max_entries):
            self.insert(index.to_bytes(4, "little"), bytes(self.value_bytes))

    def update(self, key, value, flags):
        element = self.find(key)
        if flags & ~LOCK > EXIST:
            return EINVAL
        if element is None:
            return E2BIG
        if flags & NO_EXIST:
            return EEXIST
        if self.lacks_lock(flags):
            return EINVAL
        self.fill(element, value)
        self.timers.free(element)
        return 0

    def delete(self, key):
        return EINVAL


class HashMap(Map):
    flags_allowed = OF_ALL | NO_PREALLOC | ZERO_SEED

    def update(self, key, value, flags):
        old = self.find(key)
        refused = self.flags_refused(flags, old is not None)
        if refused:
            return refused
        if old is not None and flags & LOCK:
            # In place, as Linux does it: the timer stays as it is (FINDINGS.md, ownership.locked-update-frees).
            self.fill(old, value)
            return 0
        if old is None and len(self.elements) >= self.max_entries:
            return E2BIG
        self.insert(key, value)
        if old is not None:
            self.timers.free(old)
        return 0

    def delete(self, key):
        element = self.elements.pop(key, None)
        if element is None:
            return ENOENT
        self.timers.free(element)
        return 0


class LruHashMap(HashMap):
    """Its elements are in the order of their use, the one that was used longest ago first."""

    flags_allowed = OF_ALL | NO_COMMON_LRU | ZERO_SEED
    may_hold_locks = False

    @classmethod
    def refusal(cls, spec):
        return ENOTSUPP if spec["flags"] & NO_PREALLOC else super().refusal(spec)

    def found_by_program(self, key):
        if key in self.elements:
            self.elements[key] = self.elements.pop(key)
        return super().found_by_program(key)

    def update(self, key, value, flags):
        exists = key in self.elements
        refused = self.flags_refused(flags, exists)
        if refused:
            return refused
        if not exists and len(self.elements) >= self.max_entries:
            self.evict(next(iter(self.elements)))
        old = self.elements.pop(key, None)
        self.insert(key, value)
        if old is not None:
            self.timers.free(old)
        return 0

    def evict(self, key):
        self.timers.free(self.elements.pop(key))


class OfMaps:
    """What maps of maps have in common: an element is another map, of which the value is but a number."""

    may_hold_timers = False
    may_hold_locks = False

    @classmethod
    def refusal(cls, spec):
        return EINVAL if spec["valueSize"] != MAP_POINTER_BYTES else super().refusal(spec)

    def found_by_program(self, key):
        inner = self.inner.get(key)
        return 0 if inner is None else inner.handle

    def read(self, key):
        """The number of the map."""
        inner = self.inner.get(key)
        return None if inner is None else (inner.handle >> REGION_BITS).to_bytes(MAP_POINTER_BYTES, "little")

    def can_hold(self, inner):
        """Whether a map is like the one that this was created for."""
        alike = ("type", "keySize", "valueSize", "flags", "specialFields")
        if self.template.spec["kind"] == "array":
            alike += ("maxEntries",)
        return all(inner.spec[name] == self.template.spec[name] for name in alike)


class ArrayOfMaps(OfMaps, Map):
    flags_allowed = OF_ALL & ~OF_PROGRAMS

    def __init__(self, spec, memory, timers):
        super().__init__(spec, memory, timers)
        self.inner = {}

    def update_inner(self, key, inner, flags):
        if flags != 0 or not self.can_hold(inner):
            return EINVAL
        if int.from_bytes(key, "little") >= self.max_entries:
            return E2BIG
        self.inner[key] = inner
        return 0

    def delete(self, key):
        return 0 if self.inner.pop(key, None) else ENOENT


class HashOfMaps(OfMaps, Map):
    flags_allowed = HashMap.flags_allowed

    def __init__(self, spec, memory, timers):
        super().__init__(spec, memory, timers)
        self.inner = {}

    def update_inner(self, key, inner, flags):
        refused = self.flags_refused(flags, key in self.inner)
        if refused or not self.can_hold(inner):
            return refused or EINVAL
        if key not in self.inner and len(self.inner) >= self.max_entries:
            return E2BIG
        self.inner[key] = inner
        return 0

    def delete(self, key):
        return 0 if self.inner.pop(key, None) else ENOENT


MAP_CLASSES = {
    "array": ArrayMap,
    "log": ArrayMap,
    "hash": HashMap,
    "lru-hash": LruHashMap,
    "array-of-maps": ArrayOfMaps,
    "hash-of-maps": HashOfMaps,
}
