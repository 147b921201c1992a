"""The log map: numbers for programs to read, and the records that they write. Source: scenario/log-map.ts."""
import struct

PARAMETERS_OFFSET = 8
RECORDS_OFFSET = PARAMETERS_OFFSET + 256 * 8
RECORDS_MAX = 255
# The call site, the processor, the time, and two numbers of which the low 32 bits count.
RECORD = struct.Struct("<IIQi4xi4x")
NAMES = ("site", "cpu", "timeNs", "value", "aux")


class Log:
    def __init__(self, log_map, parameters, memory):
        (element,) = log_map.elements.values()
        self._address, self._memory, self._read = element.address, memory, 0
        memory.write(self._address + PARAMETERS_OFFSET, parameters)

    @property
    def claimed(self):
        """How many records were written, or would have been had there been room."""
        return self._memory.read_number(self._address, 8)

    @property
    def dropped(self):
        return max(0, self.claimed - RECORDS_MAX)

    def new_records(self):
        """Those that were written since it was last asked."""
        first, self._read = self._read, min(self.claimed, RECORDS_MAX)
        size_bytes = (self._read - first) * RECORD.size
        data = self._memory.read(self._address + RECORDS_OFFSET + first * RECORD.size, size_bytes)
        return [dict(zip(NAMES, record)) for record in RECORD.iter_unpack(data)]
