"""What keeps maps and programs: the descriptors that the process holds, and pins in the BPF file system."""
from errors import EBADF, EEXIST, ENOENT


class Descriptors:
    """Those of maps, or those of programs, by the names that the scenario gives them."""

    def __init__(self):
        self.held, self.pinned = {}, {}

    def open(self, name, thing):
        """A descriptor for a name that has one already takes its place."""
        thing.refer(1)
        self.close(name)
        self.held[name] = thing

    def close(self, name):
        thing = self.held.pop(name, None)
        if thing is None:
            return EBADF
        thing.refer(-1)
        return 0

    def close_all(self):
        for name in list(self.held):
            self.close(name)

    def pin(self, name):
        thing = self.held.get(name)
        if thing is None or name in self.pinned:
            return EBADF if thing is None else EEXIST
        thing.refer(1)
        self.pinned[name] = thing
        return 0

    def unpin(self, name):
        thing = self.pinned.pop(name, None)
        if thing is None:
            return ENOENT
        thing.refer(-1)
        return 0

    def open_pin(self, name):
        thing = self.pinned.get(name)
        if thing is None:
            return ENOENT
        self.open(name, thing)
        return 0
