"""BPF timers: what bpf_timer_init, bpf_timer_set_callback, bpf_timer_start and bpf_timer_cancel promise, and time."""
from errors import EBUSY, EDEADLK, EINVAL, EPERM

# CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME: the machine never sleeps, so that the last two read the same.
CLOCKS = (0, 1, 7)
ABSOLUTE, PIN = 1, 2
NS_LIMIT = 2**63
START_NS = 1_000_000_000


class Timer:
    """A timer from its initialization until it is freed. It is armed while it has an expiry."""

    def __init__(self, owner, element):
        self.map, self.element = owner, element
        self.callback = None
        self.expires_ns = None
        self.cpu = 0


class Timers:
    """All timers of a case, the clock they run by, and the processor and the timer whose code is running."""

    def __init__(self):
        self.now_ns = START_NS
        self.cpu = 0
        self.running = None
        # What executes a function: (function, map, key, value).
        self.call = None
        self._armed = []

    def init(self, element, offset, owner, flags):
        if flags not in CLOCKS:
            return EINVAL
        if offset in element.timers:
            return EBUSY
        if owner.user_references == 0:
            return EPERM
        element.timers[offset] = Timer(owner, element)
        return 0

    def set_callback(self, element, offset, function):
        timer = element.timers.get(offset)
        if timer is None:
            return EINVAL
        if timer.map.user_references == 0:
            return EPERM
        self._refer(timer, function)
        return 0

    def start(self, element, offset, ns, flags):
        timer = element.timers.get(offset)
        if flags & ~(ABSOLUTE | PIN) or timer is None or timer.callback is None:
            return EINVAL
        self.disarm(timer)
        # An absolute time is one of CLOCK_MONOTONIC, whichever clock the timer has, as Linux does it
        # (FINDINGS.md, start.absolute-realtime). Times are signed: a sum that overflows never comes, the past at once.
        ns = ns - 2 * NS_LIMIT if ns >= NS_LIMIT else ns
        expires_ns = ns if flags & ABSOLUTE else self.now_ns + ns if ns >= 0 else NS_LIMIT
        self.arm(timer, expires_ns)
        return 0

    def cancel(self, element, offset):
        timer = element.timers.get(offset)
        if timer is None:
            return EINVAL
        if timer is self.running:
            return EDEADLK
        # It stays initialized, and loses its callback.
        was_armed = self.disarm(timer)
        self._refer(timer, None)
        return 1 if was_armed else 0

    def free(self, element):
        """Cancels the timers of an element that is updated or goes; they have to be initialized anew."""
        for timer in element.timers.values():
            self.disarm(timer)
            self._refer(timer, None)
        element.timers = {}

    def arm(self, timer, expires_ns):
        timer.expires_ns, timer.cpu = expires_ns, self.cpu
        self._armed.append(timer)

    def disarm(self, timer):
        """Whether it was armed."""
        if timer.expires_ns is None:
            return False
        timer.expires_ns = None
        self._armed.remove(timer)
        return True

    def pass_time(self, ns):
        """Lets time pass; what is due meanwhile is called back when it is due, of two the one that is due earlier."""
        until_ns = self.now_ns + ns
        while True:
            timer = min(self._armed, key=lambda each: each.expires_ns, default=None)
            if timer is None or timer.expires_ns > until_ns:
                break
            self.now_ns = max(self.now_ns, timer.expires_ns)
            self.disarm(timer)
            self.fire(timer)
        self.now_ns = until_ns

    def fire(self, timer):
        """Calls back on the processor that started the timer. The timer keeps its callback, and so its program."""
        self.cpu, self.running = timer.cpu, timer
        self.call(timer.callback, timer.map.handle, timer.element.key_address, timer.element.address)
        self.running = None

    @staticmethod
    def _refer(timer, function):
        """A callback keeps its program loaded."""
        for each, change in ((function, 1), (timer.callback, -1)):
            if each is not None:
                each.program.refer(change)
        timer.callback = function
