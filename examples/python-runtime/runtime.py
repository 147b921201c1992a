#!/usr/bin/env python3
"""
BPF timers in plain Python, as a runtime of the conformance suite: cases come in a line each, traces go out.

    timerconf run --runtime 'process:python3 examples/python-runtime/runtime.py'
"""
import argparse
import json
import sys
import traceback

import faults
import helpers
from maps import MAP_CLASSES
from timers import Timers
from user_space import STEPS, UserSpace

PROTOCOL_VERSION = 1
SCENARIO_VERSION = 3
MAP_TYPES = ("ARRAY", "HASH", "LRU_HASH", "ARRAY_OF_MAPS", "HASH_OF_MAPS")

# No list of program types: to what only executes, a program of one type is as good as one of another.
HELLO = {
    "protocol": PROTOCOL_VERSION,
    "name": "python-runtime",
    "version": "1",
    "linux": "6.12",
    "executes": True,
    "verifies": False,
    "mapTypes": [f"BPF_MAP_TYPE_{name}" for name in MAP_TYPES],
    "helpers": [f"bpf_{name}" for name in helpers.NAMES.values()],
    "kfuncs": [],
    "steps": list(STEPS),
    "processors": 2,
    "clock": {"kind": "virtual", "latenessNs": 0},
}


def trace_of(scenario, fault):
    """Does a scenario on a machine of its own."""
    if scenario["version"] != SCENARIO_VERSION:
        raise ValueError(f"the scenario has version {scenario['version']}, this reads {SCENARIO_VERSION}")
    hash_map = faults.HASH_MAPS.get(fault, MAP_CLASSES["hash"])
    user = UserSpace(scenario, faults.TIMERS.get(fault, Timers)(), {**MAP_CLASSES, "hash": hash_map})
    steps = [user.do(step) for step in scenario["steps"]]
    header = {"format": "bpf-timer-conformance/trace", "version": 1}
    return {**header, "steps": steps, "droppedRecords": user.log.dropped, "complaints": []}


def answer(request, fault):
    """Whatever goes wrong in a case is said of that case; the next one finds all as new."""
    try:
        return {"id": request["id"], "trace": trace_of(request["scenario"], fault)}
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        return {"id": request["id"], "error": f"{type(error).__name__}: {error}"}


def main():
    arguments = argparse.ArgumentParser(description="BPF timers in Python, spoken to by timerconf.")
    arguments.add_argument("--fault", choices=faults.NAMES, help="a deliberate defect")
    fault = arguments.parse_args().fault
    print(json.dumps(HELLO), flush=True)
    greeting = json.loads(sys.stdin.readline() or "{}")
    if greeting.get("protocol") != PROTOCOL_VERSION:
        sys.exit(f"the other side speaks protocol {greeting.get('protocol')}, this is {PROTOCOL_VERSION}")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), fault)), flush=True)


if __name__ == "__main__":
    main()
