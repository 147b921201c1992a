/** The eBPF Docs page of the kfunc bpf_timer_cancel_async. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

const PAGE = "ebpf-docs/bpf_timer_cancel_async";

export const PAGE_CANCEL_ASYNC: SourceText = {
  document: PAGE,
  sections: {
    Tag: 1,
    Introduction: 1,
    Parameters: 1,
    Returns: 7,
    Signature: 1,
    Usage: 1,
    "Program types": 2,
  },
};

export const PAGE_CANCEL_ASYNC_SENTENCES: readonly Sentence[] = [
  {
    id: "page.cancel-async.since",
    places: placesIn([[PAGE, "Tag"]]),
    paraphrase: "The kfunc came with Linux 7.0.",
    guarantees: ["cancel-async.active"],
    untestable:
      "A kernel without the kfunc gives the harness no name to call, so that its absence is no result: on such kernels the guarantees do not apply.",
  },
  {
    id: "page.cancel-async.introduction",
    places: placesIn([[PAGE, "Introduction"]]),
    paraphrase: "The kfunc tries to disarm a timer, in any context, and never waits for a callback.",
    guarantees: ["cancel-async.stops-firing", "cancel-async.own-callback", "cancel-async.deferred"],
    untestable: "Interrupts on and off, and timer callbacks, are the only contexts here: no program runs in an NMI.",
  },
  {
    id: "page.cancel-async.parameter",
    places: placesIn([[PAGE, "Parameters"]]),
    paraphrase: "Its argument is the timer to stop.",
    guarantees: ["cancel-async.stops-firing"],
  },
  {
    id: "page.cancel-async.returns-zero",
    places: placesIn([[PAGE, "Returns"]], 1),
    paraphrase: "It returns 0 for a timer that was not armed.",
    guarantees: ["cancel-async.inactive"],
  },
  {
    id: "page.cancel-async.returns-one",
    places: placesIn([[PAGE, "Returns"]], 2),
    paraphrase: "It returns 1 for a timer that was armed.",
    guarantees: ["cancel-async.active"],
  },
  {
    id: "page.cancel-async.returns-minus-one",
    places: placesIn([[PAGE, "Returns"]], 3),
    paraphrase: "It returns -1 where the timer's callback is running, which nothing can stop.",
    guarantees: ["cancel-async.own-callback"],
    untestable:
      "Seen from the timer's own callback. From another program it needs a callback that runs on another CPU at that moment.",
  },
  {
    id: "page.cancel-async.ecanceled",
    places: placesIn([[PAGE, "Returns"]], 4),
    paraphrase: "It returns -ECANCELED where the cancelling is left to be done later.",
    guarantees: ["cancel-async.deferred"],
  },
  {
    id: "page.cancel-async.enomem",
    places: placesIn([[PAGE, "Returns"]], 5),
    paraphrase: "It returns -ENOMEM where memory for the deferred cancelling runs out.",
    untestable: "It needs an allocation that fails at that very moment, which user space cannot bring about.",
  },
  {
    id: "page.cancel-async.einval",
    places: placesIn([[PAGE, "Returns"]], 6),
    paraphrase: "It returns -EINVAL for a timer that bpf_timer_init has not initialized.",
    guarantees: ["cancel-async.uninitialized"],
  },
  {
    id: "page.cancel-async.enoent",
    places: placesIn([[PAGE, "Returns"]], 7),
    paraphrase: "It returns -ENOENT where the timer is being freed at that moment.",
    untestable:
      "It needs a second CPU that frees the element during the call; the steps of a scenario follow one another.",
  },
  {
    id: "page.cancel-async.signature",
    places: placesIn([[PAGE, "Signature"]]),
    paraphrase: "The kfunc takes a timer and returns an int.",
    guarantees: ["cancel-async.active", "cancel-async.inactive"],
  },
  {
    id: "page.cancel-async.usage",
    places: placesIn([[PAGE, "Usage"]]),
    paraphrase: "Where bpf_timer_cancel would wait, it returns -ECANCELED, and so suits callers that must not wait.",
    guarantees: ["cancel-async.deferred", "cancel-async.own-callback"],
    untestable: "With interrupts off it is seen; no callback runs beside a caller.",
  },
  {
    id: "page.cancel-async.program-types",
    places: placesIn([[PAGE, "Program types"]], 1),
    paraphrase: "Programs of the listed types may call the kfunc.",
    guarantees: ["program-types.cancel-async"],
  },
  {
    id: "page.cancel-async.program-types-since",
    places: placesIn([[PAGE, "Program types"]], 2),
    paraphrase: "Some types are marked with the release since which they may call such kfuncs, 6.7 to 6.15.",
    untestable:
      "The kfunc itself is younger than each of those releases, so that no kernel has it and lacks it for one of these types for that reason.",
  },
];
