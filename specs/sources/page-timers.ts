/** The eBPF Docs concept page on timers. Its sections have no headings; the names here are ours, in its order. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

const PAGE = "ebpf-docs/timers";

export const PAGE_TIMERS: SourceText = {
  document: PAGE,
  sections: {
    Tag: 1,
    Introduction: 3,
    "Timers in map values": 3,
    "Note on CAP_BPF": 1,
    "Life cycle": 2,
    "The four helpers": 6,
    "Several programs": 8,
    "User references": 1,
    "The callback": 4,
    "Note on the return value": 1,
    Rescheduling: 2,
  },
};

export const PAGE_TIMERS_SENTENCES: readonly Sentence[] = [
  {
    id: "timers.since",
    places: placesIn([[PAGE, "Tag"]]),
    paraphrase: "Timers came with Linux 5.15.",
    guarantees: ["init.succeeds", "start.fires"],
    untestable: "That earlier kernels lack them is not judged: no guarantee applies there.",
  },
  {
    id: "timers.run-later",
    places: placesIn([[PAGE, "Introduction"]], 1),
    paraphrase: "With a timer a program has one of its functions run later.",
    guarantees: ["start.fires", "start.not-before-expiry"],
  },
  {
    id: "timers.use-cases",
    places: placesIn([[PAGE, "Introduction"]], 2),
    paraphrase: "That serves to clear away map values and to check something at intervals.",
    guarantees: ["callback.deletes-own-element", "callback.reads-and-writes-value", "start.rearm-from-callback"],
  },
  {
    id: "timers.dns-example",
    places: placesIn([[PAGE, "Introduction"]], 3),
    paraphrase: "For instance, expired DNS records can be removed from an LRU map before it has to evict good ones.",
    guarantees: ["callback.deletes-own-element", "ownership.lru-eviction-frees"],
  },
  {
    id: "timers.in-map-values",
    places: placesIn([[PAGE, "Timers in map values"]], 1),
    paraphrase: "A timer is a field of type struct bpf_timer in a map's value.",
    guarantees: [
      "init.succeeds",
      "verifier.map-types-allowed",
      "verifier.map-types-refused",
      "verifier.map-needs-btf",
      "verifier.one-timer-per-value",
      "verifier.constant-offset",
      "verifier.right-offset",
    ],
  },
  {
    id: "timers.map-example",
    places: placesIn([[PAGE, "Timers in map values"]], 2),
    paraphrase: "The example is a hash of 1000 entries whose value has a counter before the timer.",
    guarantees: ["verifier.map-types-allowed", "init.succeeds", "callback.reads-and-writes-value"],
  },
  {
    id: "timers.opaque-struct",
    places: placesIn([[PAGE, "Timers in map values"]], 3),
    paraphrase: "The struct is 16 bytes of nameless fields.",
    guarantees: [
      "verifier.no-direct-load",
      "verifier.no-direct-store",
      "ownership.user-reads-zero",
      "ownership.user-write-ignored",
    ],
  },
  {
    id: "timers.cap-bpf",
    places: placesIn([[PAGE, "Note on CAP_BPF"]]),
    paraphrase: "Timers are for programs loaded with CAP_BPF only.",
    guarantees: ["verifier.privileges"],
  },
  {
    id: "timers.map-freed",
    places: placesIn([[PAGE, "Life cycle"]], 1),
    paraphrase: "Timers live as long as their map: freeing it cancels those that are pending.",
    guarantees: ["ownership.close-cancels", "ownership.unpin-cancels", "ownership.exit-cancels"],
  },
  {
    id: "timers.program-stays",
    places: placesIn([[PAGE, "Life cycle"]], 2),
    paraphrase:
      "A pending timer keeps the program of its callback loaded, without any other reference, until all such timers have fired or were cancelled.",
    guarantees: ["set-callback.keeps-program", "set-callback.releases-program", "ownership.program-close-keeps"],
  },
  {
    id: "timers.init-first",
    places: placesIn([[PAGE, "The four helpers"]], 1),
    paraphrase: "A timer has to be initialized by bpf_timer_init before anything else.",
    guarantees: ["init.succeeds", "set-callback.uninitialized", "start.uninitialized", "cancel.uninitialized"],
  },
  {
    id: "timers.then-set-callback",
    places: placesIn([[PAGE, "The four helpers"]], 2),
    paraphrase: "An initialized timer can be given a callback by bpf_timer_set_callback.",
    guarantees: ["set-callback.succeeds"],
  },
  {
    id: "timers.then-start",
    places: placesIn([[PAGE, "The four helpers"]], 3),
    paraphrase: "Then bpf_timer_start starts it.",
    guarantees: ["start.succeeds", "start.fires"],
  },
  {
    id: "timers.cancel-blocks",
    places: placesIn([[PAGE, "The four helpers"]], 4),
    paraphrase: "A pending timer can be cancelled by bpf_timer_cancel, which waits for a callback that is running.",
    guarantees: ["cancel.active", "cancel.stops-firing", "cancel.stops-firing-from-callback"],
    untestable:
      "The waiting needs a callback that runs on one CPU while another calls; the steps of a scenario follow one another.",
  },
  {
    id: "timers.cancel-async",
    places: placesIn([[PAGE, "The four helpers"]], 5),
    paraphrase: "Who cannot wait may call the kfunc bpf_timer_cancel_async instead.",
    guarantees: ["cancel-async.active", "cancel-async.stops-firing"],
  },
  {
    id: "timers.cancel-async-ecanceled",
    places: placesIn([[PAGE, "The four helpers"]], 6),
    paraphrase: "It returns -ECANCELED where it must leave the cancelling for later.",
    untestable:
      "The kernel defers only when the caller runs with interrupts off or in an NMI, which neither a test run nor a timer callback does.",
  },
  {
    id: "timers.not-one-program",
    places: placesIn([[PAGE, "Several programs"]], 1),
    paraphrase: "The three calls may come from different programs at different times.",
    guarantees: ["init.other-program", "set-callback.other-program", "start.by-other-program"],
  },
  {
    id: "timers.use-case",
    places: placesIn([[PAGE, "Several programs"]], 2),
    paraphrase: "It announces an arrangement of three programs as a valid one.",
    guarantees: ["set-callback.other-program", "start.by-other-program"],
  },
  {
    id: "timers.shared-map",
    places: placesIn([[PAGE, "Several programs"]], 3),
    paraphrase: "Three programs share one map.",
    guarantees: ["set-callback.other-program", "start.by-other-program"],
  },
  {
    id: "timers.first-inits",
    places: placesIn([[PAGE, "Several programs"]], 4),
    paraphrase: "The first initializes the timers of some elements.",
    guarantees: ["init.per-element", "set-callback.other-program"],
  },
  {
    id: "timers.second-sets",
    places: placesIn([[PAGE, "Several programs"]], 5),
    paraphrase: "The second sets the callbacks of some.",
    guarantees: ["set-callback.other-program"],
  },
  {
    id: "timers.set-uninitialized",
    places: placesIn([[PAGE, "Several programs"]], 6),
    paraphrase: "Setting a callback gives -EINVAL for those that were not initialized.",
    guarantees: ["set-callback.uninitialized"],
  },
  {
    id: "timers.third-starts",
    places: placesIn([[PAGE, "Several programs"]], 7),
    paraphrase: "The third starts some.",
    guarantees: ["start.by-other-program"],
  },
  {
    id: "timers.start-not-ready",
    places: placesIn([[PAGE, "Several programs"]], 8),
    paraphrase: "Starting gives -EINVAL for those that lack the initialization or the callback.",
    guarantees: ["start.uninitialized", "start.without-callback", "start.after-cancel"],
  },
  {
    id: "timers.user-references",
    places: placesIn([[PAGE, "User references"]]),
    paraphrase:
      "bpf_timer_init and bpf_timer_set_callback return -EPERM for a map that no process holds open and no pin keeps.",
    guarantees: [
      "init.no-user-reference",
      "set-callback.no-user-reference",
      "ownership.pin-keeps",
      "ownership.reopened-pin",
    ],
  },
  {
    id: "timers.callback-signature",
    places: placesIn([[PAGE, "The callback"]], 1),
    paraphrase: "The callback is a static function that takes the map, the key and the value and returns an int.",
    guarantees: ["set-callback.arguments", "set-callback.returns-zero"],
  },
  {
    id: "timers.callback-arguments",
    places: placesIn([[PAGE, "The callback"]], 2),
    paraphrase: "It is handed pointers to the map, the key and the value that the timer belongs to.",
    guarantees: ["set-callback.arguments", "set-callback.several-maps"],
  },
  {
    id: "timers.callback-no-context",
    places: placesIn([[PAGE, "The callback"]], 3),
    paraphrase: "It has no context, so that whatever works on a context or acts through a helper on one is not for it.",
    untestable:
      "It names no helper that must be refused. A callback has no pointer to a context, so that a program that would use one cannot be written in the first place.",
  },
  {
    id: "timers.callback-maps-only",
    places: placesIn([[PAGE, "The callback"]], 4),
    paraphrase: "Maps are all that it can read from and write to.",
    guarantees: ["callback.reads-and-writes-value"],
    untestable:
      "That it can do so through maps is seen. That it can do nothing else cannot be tried one helper after the other, and does not hold: a callback may read the clock, or start a timer.",
  },
  {
    id: "timers.callback-returns-zero",
    places: placesIn([[PAGE, "Note on the return value"]]),
    paraphrase: "A callback returns 0, or the verifier refuses the program.",
    guarantees: ["set-callback.returns-zero"],
  },
  {
    id: "timers.reschedule",
    places: placesIn([[PAGE, "Rescheduling"]], 1),
    paraphrase: "A callback may start its own timer again.",
    guarantees: ["start.rearm-from-callback"],
  },
  {
    id: "timers.periodic",
    places: placesIn([[PAGE, "Rescheduling"]], 2),
    paraphrase: "So one start makes a function run periodically, without end.",
    guarantees: ["start.rearm-from-callback", "ownership.periodic-while-pinned"],
    untestable: "A run ends, so that “without end” is seen for as many periods as the case lasts.",
  },
];
