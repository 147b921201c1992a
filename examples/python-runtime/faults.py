"""Deliberate defects, each of a kind of its own: a suite that is worth anything names what each of them breaks."""
from errors import EBUSY, EDEADLK, ENOENT
from maps import HashMap
from timers import Timers

EARLY_NS = 1_000_000


class FiresEarly(Timers):
    def arm(self, timer, expires_ns):
        super().arm(timer, expires_ns - EARLY_NS)


class FiresTwice(Timers):
    def fire(self, timer):
        super().fire(timer)
        if timer.callback is not None:
            super().fire(timer)


class FiresElsewhere(Timers):
    """On the first processor, whichever started the timer."""

    def fire(self, timer):
        timer.cpu = 0
        super().fire(timer)


class InitsTwice(Timers):
    def init(self, element, offset, owner, flags):
        result = super().init(element, offset, owner, flags)
        return 0 if result == EBUSY else result


class KeepsFirstCallback(Timers):
    def set_callback(self, element, offset, function):
        timer = element.timers.get(offset)
        has_one = timer is not None and timer.callback is not None
        return 0 if has_one else super().set_callback(element, offset, function)


class StartsWithoutCallback(Timers):
    def start(self, element, offset, ns, flags):
        timer = element.timers.get(offset)
        has_none = timer is not None and timer.callback is None
        return 0 if has_none else super().start(element, offset, ns, flags)


class CancelSaysInactive(Timers):
    def cancel(self, element, offset):
        return min(super().cancel(element, offset), 0)


class CancelsItself(Timers):
    """From the timer's own callback, too, where it would have to wait for itself."""

    def cancel(self, element, offset):
        result = super().cancel(element, offset)
        return 0 if result == EDEADLK else result


class DeleteLeavesTimer(HashMap):
    def delete(self, key):
        return 0 if self.elements.pop(key, None) else ENOENT


class CloseLeavesTimers(HashMap):
    def refer(self, change):
        self.user_references += change


TIMERS = {
    "fires-early": FiresEarly,
    "fires-twice": FiresTwice,
    "fires-elsewhere": FiresElsewhere,
    "inits-twice": InitsTwice,
    "keeps-first-callback": KeepsFirstCallback,
    "starts-without-callback": StartsWithoutCallback,
    "cancel-says-inactive": CancelSaysInactive,
    "cancels-itself": CancelsItself,
}
HASH_MAPS = {"delete-leaves-timer": DeleteLeavesTimer, "close-leaves-timers": CloseLeavesTimers}
NAMES = sorted([*TIMERS, *HASH_MAPS])
