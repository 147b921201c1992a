/** The comment on bpf_timer_init in include/uapi/linux/bpf.h, which the helper's page repeats word for word. */
import { placesIn, type Section, type Sentence, type SourceText } from "./sentence.ts";

const DESCRIPTION: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_init", "Description"],
  ["ebpf-docs/bpf_timer_init", "Definition"],
  ["ebpf-docs/bpf_timer_init@earlier", "Definition"],
];
const RETURN: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_init", "Return"],
  ["ebpf-docs/bpf_timer_init", "Returns"],
  ["ebpf-docs/bpf_timer_init@earlier", "Returns"],
];
const SIGNATURE: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_init", "Signature"],
  ["ebpf-docs/bpf_timer_init", "Signature"],
  ["ebpf-docs/bpf_timer_init@earlier", "Signature"],
];

export const UAPI_INIT: SourceText = {
  document: "uapi/bpf_timer_init",
  sections: { Signature: 1, Description: 5, Return: 6 },
  note: "The texts of Linux 6.1, 6.12 and 7.2, which are the same.",
};

export const UAPI_INIT_SENTENCES: readonly Sentence[] = [
  {
    id: "uapi.init.signature",
    places: placesIn(SIGNATURE),
    paraphrase: "The helper, number 169, takes a timer, the map that holds it, and 64 bits of flags.",
    guarantees: ["init.succeeds"],
  },
  {
    id: "uapi.init.initializes",
    places: placesIn(DESCRIPTION, 1),
    paraphrase: "The call makes the timer ready for use.",
    guarantees: [
      "init.succeeds",
      "init.per-element",
      "init.from-callback",
      "init.after-delete",
      "init.after-update",
      "set-callback.succeeds",
    ],
  },
  {
    id: "uapi.init.clockid",
    places: placesIn(DESCRIPTION, 2),
    paraphrase: "The lowest four bits of the flags name the clock.",
    guarantees: ["init.succeeds", "init.invalid-clock", "init.reserved-flags"],
  },
  {
    id: "uapi.init.three-clocks",
    places: placesIn(DESCRIPTION, 3),
    paraphrase: "The clock is CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME; no other will do.",
    guarantees: ["init.succeeds", "init.invalid-clock", "start.absolute-realtime"],
  },
  {
    id: "uapi.init.reserved-bits",
    places: placesIn(DESCRIPTION, 4),
    paraphrase: "The bits above the clock have no meaning yet, and are not for callers to set.",
    guarantees: ["init.reserved-flags"],
  },
  {
    id: "uapi.init.same-map",
    places: placesIn(DESCRIPTION, 5),
    paraphrase: "A program that hands over a timer together with a map that does not hold it is refused at load.",
    guarantees: ["init.other-map", "verifier.inner-map"],
  },
  {
    id: "uapi.init.returns-zero",
    places: placesIn(RETURN, 1),
    paraphrase: "It returns 0 where it succeeded.",
    guarantees: ["init.succeeds"],
  },
  {
    id: "uapi.init.ebusy",
    places: placesIn(RETURN, 2),
    paraphrase: "It returns -EBUSY for a timer that is initialized already.",
    guarantees: ["init.already-initialized", "init.other-program", "init.after-cancel", "init.after-firing"],
  },
  {
    id: "uapi.init.einval",
    places: placesIn(RETURN, 3),
    paraphrase: "It returns -EINVAL for flags that are not allowed.",
    guarantees: ["init.invalid-clock", "init.reserved-flags", "init.flags-before-busy"],
  },
  {
    id: "uapi.init.eperm",
    places: placesIn(RETURN, 4),
    paraphrase: "It returns -EPERM where user space has no reference to the timer's map.",
    guarantees: ["init.no-user-reference"],
  },
  {
    id: "uapi.init.user-space-holds",
    places: placesIn(RETURN, 5),
    paraphrase: "User space keeps a map with timers by an open descriptor or a pin in bpffs.",
    guarantees: ["init.succeeds", "ownership.pin-keeps", "ownership.reopened-pin"],
  },
  {
    id: "uapi.init.release-cancels",
    places: placesIn(RETURN, 6),
    paraphrase: "Once the descriptor is closed or the pin is removed, every timer in the map is cancelled and freed.",
    guarantees: [
      "ownership.close-cancels",
      "ownership.unpin-cancels",
      "ownership.exit-cancels",
      "ownership.pin-keeps",
      "ownership.exit-pinned-keeps",
    ],
  },
];
