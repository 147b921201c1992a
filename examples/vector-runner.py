#!/usr/bin/env python3
"""Puts test vectors to a runtime that speaks the protocol: vector-runner.py COMMAND FILE-OR-FOLDER...
docs/VECTORS.md says what stands in them. Exits with 0 if all that were asked are confirmed, 1 if not, 2 if none was.
"""
import collections, itertools, json, pathlib, re, subprocess, sys

UNMET = "skipped: a precondition is not met"
LISTS = ("mapTypes", "programTypes", "helpers", "kfuncs", "steps")
rank = lambda release: tuple(map(int, re.match(r"(\d+)\.(\d+)", release).groups()))


def ways_for(vector, hello):
    """What the runtime may show: one of these. A release that is not known, or newer than all, is the newest."""
    newest = max(rank(each["to"]) for way in vector["expected"] for each in way["linux"])
    linux = min(rank(hello["linux"]), newest) if "linux" in hello else newest
    return [way for way in vector["expected"] if any(rank(r["from"]) <= linux <= rank(r["to"]) for r in way["linux"])]


def obstacle(vector, hello):
    """Why a vector is not sent; None where it is."""
    needs = vector["needs"]
    lacks = [f"the runtime does not say {kind}" for kind in ("executes", "verifies") if needs[kind] and not hello[kind]]
    lacks += [f"{missing} is not among its {each}" for each in LISTS
              for missing in sorted(set(needs[each]) - set(hello.get(each, needs[each])))]
    lacks += ["it has too few processors"] * (needs["processors"] > hello.get("processors", 1))
    lacks += ["not for this release of Linux"] * (not ways_for(vector, hello))
    return f"skipped: {lacks[0]}" if lacks else None


def allows(allowed, value):
    if isinstance(allowed, str):
        return allowed == "any" or value < 0  # The other word is "refused".
    return value in (allowed if isinstance(allowed, list) else [allowed])


def same_record(expected, record, ends):
    bound = expected.get("notBefore")
    return (expected["site"] == record["site"] and allows(expected["value"], record["value"])
            and all(expected.get(each, record[each]) == record[each] for each in ("aux", "cpu"))
            and (bound is None or record["timeNs"] >= ends[bound["step"]] + bound["ns"]))


def records_fit(expected, records, ends, came=frozenset()):
    """Whether the records are those expected, in an order that is allowed, and none is missing that may not be."""
    if not records:
        return all(at in came or "optional" in each for at, each in enumerate(expected))
    return any(same_record(each, records[0], ends) and records_fit(expected, records[1:], ends, came | {at})
               for at, each in enumerate(expected) if at not in came
               and all(p in came or "optional" in expected[p] for p in each.get("after", [at - 1] if at else [])))


def step_difference(expected, step, ends):
    got = step.get("returnValue"), step.get("value", "")
    if not allows(expected["result"], step["result"]):
        return UNMET if "precondition" in expected else f"result {step['result']} instead of {expected['result']}"
    if expected.get("returnValue", got[0]) != got[0] or not re.fullmatch(expected.get("value", ".*"), got[1]):
        return f"gave {got} instead of {expected.get('returnValue')}, {expected.get('value')}"
    return None if records_fit(expected["records"], step["records"], ends) else f"records {step['records']}"


def difference(steps, answer, asked):
    """What in an answer is not as one of the ways has it; None where all is."""
    if "loads" in answer:  # A runtime that only verifies.
        steps = [each for each, step in zip(steps, asked) if step["kind"] == "load-program"]
        answer["steps"] = [{"result": load, "timeNs": 0, "records": []} for load in answer["loads"]]
    trace = {"complaints": [], "droppedRecords": 0, "steps": [], **answer, **answer.get("trace", {})}
    if "error" in trace or trace["complaints"] or trace["droppedRecords"] or len(trace["steps"]) != len(steps):
        return str({each: trace[each] for each in trace if each != "steps"})
    ends = [step["timeNs"] for step in trace["steps"]]
    wrong = (step_difference(expected, step, ends) for expected, step in zip(steps, trace["steps"]))
    return next((text if text == UNMET else f"step {at}: {text}" for at, text in enumerate(wrong) if text), None)


def ask(vector):
    """The difference that a vector shows each time; None where it is confirmed. A real clock may be late for once."""
    for _ in range(3 if hello.get("clock", {}).get("kind") == "real" else 1):
        say({"id": next(numbers), "scenario": vector["scenario"]})
        answer, asked = listen(), vector["scenario"]["steps"]
        found = [difference(way["steps"], answer, asked) for way in ways_for(vector, hello)]
        if None in found:
            return None
    return found[0]


command, paths = sys.argv[1], map(pathlib.Path, sys.argv[2:])
runtime = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
say = lambda value: print(json.dumps(value), file=runtime.stdin, flush=True)
listen = lambda: json.loads(runtime.stdout.readline() or sys.exit("the runtime has ended"))
say({"protocol": 1, "name": "vector-runner", "version": "1"})
hello, numbers, results = listen(), itertools.count(), collections.Counter(confirmed=0, differ=0)
for data in (json.loads(f.read_text()) for path in paths for f in sorted(path.glob("*.json")) or [path]):
    for vector in (vector for group in data["groups"] for vector in group["vectors"]):
        text = obstacle(vector, hello) or ask(vector) or "confirmed"
        is_known = text == "confirmed" or text.startswith("skipped: ")
        results[text if is_known else "differ"] += 1
        print("" if is_known else f"{data['guarantee']} {vector['id']}: {text}\n", end="")
runtime.stdin.close()
print(", ".join(f"{count} {result}" for result, count in results.items()))
sys.exit(1 if results["differ"] else 0 if results["confirmed"] else 2)
