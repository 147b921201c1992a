"""The memory that programs see: regions that lie apart, so that no pointer runs from one into another."""

REGION_BITS = 32
OFFSET_MASK = (1 << REGION_BITS) - 1


class BadAccess(Exception):
    """A program touched what is not its own; a verifier would have refused it."""


class Memory:
    def __init__(self):
        self._regions = {}
        self._owners = {}
        self._next = 1

    def allocate(self, size_bytes, owner=None):
        """A region of zeros; gives its address. `owner` is what pointers into it stand for."""
        number, self._next = self._next, self._next + 1
        self._regions[number] = bytearray(size_bytes)
        self._owners[number] = owner
        return number << REGION_BITS

    def free(self, address):
        number = address >> REGION_BITS
        del self._regions[number], self._owners[number]

    def owner_of(self, address):
        """What a pointer points into, and at which offset."""
        return self._owners.get(address >> REGION_BITS), address & OFFSET_MASK

    def read(self, address, size_bytes):
        region, offset = self._place(address, size_bytes)
        return bytes(region[offset:offset + size_bytes])

    def write(self, address, data):
        region, offset = self._place(address, len(data))
        region[offset:offset + len(data)] = data

    def read_number(self, address, size_bytes):
        region, offset = self._place(address, size_bytes)
        return int.from_bytes(region[offset:offset + size_bytes], "little")

    def write_number(self, address, size_bytes, number):
        region, offset = self._place(address, size_bytes)
        region[offset:offset + size_bytes] = (number & (1 << 8 * size_bytes) - 1).to_bytes(size_bytes, "little")

    def _place(self, address, size_bytes):
        region = self._regions.get(address >> REGION_BITS)
        offset = address & OFFSET_MASK
        if region is None or offset + size_bytes > len(region):
            raise BadAccess(f"{size_bytes} bytes at {address:#x}")
        return region, offset
