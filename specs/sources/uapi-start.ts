/**
 * The comment on bpf_timer_start in include/uapi/linux/bpf.h, which the helper's page repeats word for word. The text
 * of 6.1 has no list of flags; those of 6.12 and 7.2 have it.
 */
import { placesIn, type Section, type Sentence, type SourceText } from "./sentence.ts";

const DESCRIPTION: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_start", "Description"],
  ["ebpf-docs/bpf_timer_start", "Definition"],
];
const FLAGS: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_start", "Description, flags"],
  ["ebpf-docs/bpf_timer_start", "Definition, flags"],
];
const RETURN: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_start", "Return"],
  ["ebpf-docs/bpf_timer_start", "Returns"],
];

export const UAPI_START: SourceText = {
  document: "uapi/bpf_timer_start",
  sections: { Signature: 1, Description: 12, "Description, flags": 3, Return: 2 },
  note: "The texts of Linux 6.1, 6.12 and 7.2, which are the same but for the list of flags, which 6.1 does not have.",
};

export const UAPI_START_SENTENCES: readonly Sentence[] = [
  {
    id: "uapi.start.signature",
    places: placesIn([
      ["uapi/bpf_timer_start", "Signature"],
      ["ebpf-docs/bpf_timer_start", "Signature"],
    ]),
    paraphrase: "The helper, number 171, takes a timer, 64 bits of nanoseconds and 64 bits of flags.",
    guarantees: ["start.succeeds", "start.far-future", "start.past-signed"],
  },
  {
    id: "uapi.start.expiry",
    places: placesIn(DESCRIPTION, 1),
    paraphrase: "The timer expires the given number of nanoseconds after the call.",
    guarantees: [
      "start.not-before-expiry",
      "start.fires",
      "start.restart-moves",
      "start.zero",
      "start.far-future",
      "start.earlier-first",
      "ownership.user-lookup-keeps",
    ],
    untestable:
      "How late a callback may run is not said, so that only the harness's own bound can be held against a runtime.",
  },
  {
    id: "uapi.start.invoked-once",
    places: placesIn(DESCRIPTION, 2),
    paraphrase: "The callback runs in soft interrupt context on some CPU, once for each start.",
    guarantees: ["start.fires", "start.once", "start.after-firing", "start.rearm-from-callback"],
    untestable:
      "A BPF program cannot tell which context it runs in: no helper that a callback may call says so. Only that the callback runs, and how often, is seen.",
  },
  {
    id: "uapi.start.migration",
    places: placesIn(DESCRIPTION, 3),
    paraphrase: "After another start the callback may run on another CPU than before.",
    untestable:
      "It allows and requires nothing: the same CPU each time keeps it as well as a different one. What BPF_F_TIMER_CPU_PIN forbids is tested with that flag.",
  },
  {
    id: "uapi.start.map-owns",
    places: placesIn(DESCRIPTION, 4),
    paraphrase: "A timer lies in a map element and so belongs to the map.",
    guarantees: ["ownership.close-cancels", "ownership.program-close-keeps", "init.per-element"],
  },
  {
    id: "uapi.start.refcount",
    places: placesIn(DESCRIPTION, 5),
    paraphrase: "Setting a callback takes a reference on its program, whose code therefore stays.",
    guarantees: ["set-callback.keeps-program", "ownership.program-close-keeps"],
  },
  {
    id: "uapi.start.last-user-reference",
    places: placesIn(DESCRIPTION, 6),
    paraphrase:
      "When user space gives up its last reference to a map, all timers in it are cancelled and the references on their programs dropped.",
    guarantees: [
      "ownership.close-cancels",
      "ownership.unpin-cancels",
      "ownership.exit-cancels",
      "set-callback.releases-program",
      "ownership.reopened-pin",
    ],
  },
  {
    id: "uapi.start.interrupted-process",
    places: placesIn(DESCRIPTION, 7),
    paraphrase: "So a process that is interrupted from the keyboard leaves no timer running.",
    guarantees: ["ownership.exit-cancels"],
    untestable:
      "That the process ends by SIGINT makes no difference that a scenario could express: its descriptors are closed in the same way whatever ends it.",
  },
  {
    id: "uapi.start.pinned-forever",
    places: placesIn(DESCRIPTION, 8),
    paraphrase: "In a map that is pinned in bpffs a callback may start its own timer again and again, without end.",
    guarantees: ["ownership.periodic-while-pinned", "ownership.pin-keeps", "ownership.exit-pinned-keeps"],
    untestable: "A run ends, so that “without end” is seen for as many periods as the case lasts.",
  },
  {
    id: "uapi.start.element-freed",
    places: placesIn(DESCRIPTION, 9),
    paraphrase:
      "Updating or deleting an element, from a program or from user space, cancels and frees the timer that lies in it.",
    guarantees: [
      "ownership.user-update-frees",
      "ownership.locked-update-frees",
      "ownership.program-locked-update-frees",
      "ownership.user-delete-frees",
      "ownership.program-update-frees",
      "ownership.program-delete-frees",
      "callback.deletes-own-element",
      "callback.updates-own-element",
      "init.after-delete",
      "init.after-update",
      "ownership.user-lookup-keeps",
    ],
  },
  {
    id: "uapi.start.several-programs",
    places: placesIn(DESCRIPTION, 10),
    paraphrase: "The timers of one map may have callbacks of different programs.",
    guarantees: ["set-callback.other-program", "set-callback.per-timer", "start.by-other-program"],
  },
  {
    id: "uapi.start.several-maps",
    places: placesIn(DESCRIPTION, 11),
    paraphrase: "One callback may serve timers of several maps whose keys and values are laid out alike.",
    guarantees: ["set-callback.several-maps"],
  },
  {
    id: "uapi.start.per-timer-callback",
    places: placesIn(DESCRIPTION, 12),
    paraphrase: "Each call of bpf_timer_set_callback may name another function.",
    guarantees: [
      "set-callback.per-timer",
      "set-callback.latest-wins",
      "set-callback.replaced-while-armed",
      "set-callback.replaced-by-other-program",
    ],
  },
  {
    id: "uapi.start.flags",
    places: placesIn(FLAGS, 1),
    paraphrase: "The flags are among those listed.",
    guarantees: ["start.unknown-flags"],
  },
  {
    id: "uapi.start.absolute",
    places: placesIn(FLAGS, 2),
    paraphrase: "With BPF_F_TIMER_ABS the nanoseconds are a moment on the timer's clock and not a delay.",
    guarantees: ["start.absolute", "start.absolute-past", "start.absolute-pinned", "start.absolute-realtime"],
  },
  {
    id: "uapi.start.cpu-pin",
    places: placesIn(FLAGS, 3),
    paraphrase: "With BPF_F_TIMER_CPU_PIN the callback runs on the CPU that made the call.",
    guarantees: ["start.cpu-pin", "start.absolute-pinned"],
  },
  {
    id: "uapi.start.returns-zero",
    places: placesIn(RETURN, 1),
    paraphrase: "It returns 0 where it succeeded.",
    guarantees: ["start.succeeds"],
  },
  {
    id: "uapi.start.einval",
    places: placesIn(RETURN, 2),
    paraphrase: "It returns -EINVAL for a timer that was not initialized, and for flags that are not allowed.",
    guarantees: ["start.uninitialized", "start.unknown-flags"],
  },
];
