/** The comment on bpf_timer_set_callback in include/uapi/linux/bpf.h, which the helper's page repeats word for word. */
import { placesIn, type Section, type Sentence, type SourceText } from "./sentence.ts";

const RETURN: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_set_callback", "Return"],
  ["ebpf-docs/bpf_timer_set_callback", "Returns"],
];

export const UAPI_SET_CALLBACK: SourceText = {
  document: "uapi/bpf_timer_set_callback",
  sections: { Signature: 1, Description: 1, Return: 5 },
  note: "The texts of Linux 6.1, 6.12 and 7.2, which are the same.",
};

export const UAPI_SET_CALLBACK_SENTENCES: readonly Sentence[] = [
  {
    id: "uapi.set-callback.signature",
    places: placesIn([
      ["uapi/bpf_timer_set_callback", "Signature"],
      ["ebpf-docs/bpf_timer_set_callback", "Signature"],
    ]),
    paraphrase: "The helper, number 170, takes a timer and a function of the calling program.",
    guarantees: ["set-callback.succeeds"],
  },
  {
    id: "uapi.set-callback.configures",
    places: placesIn([
      ["uapi/bpf_timer_set_callback", "Description"],
      ["ebpf-docs/bpf_timer_set_callback", "Definition"],
    ]),
    paraphrase: "From then on the timer calls the given static function of the program.",
    guarantees: [
      "set-callback.arguments",
      "set-callback.latest-wins",
      "set-callback.other-program",
      "set-callback.replaced-while-armed",
      "set-callback.replaced-by-other-program",
    ],
  },
  {
    id: "uapi.set-callback.returns-zero",
    places: placesIn(RETURN, 1),
    paraphrase: "It returns 0 where it succeeded.",
    guarantees: ["set-callback.succeeds"],
  },
  {
    id: "uapi.set-callback.einval",
    places: placesIn(RETURN, 2),
    paraphrase: "It returns -EINVAL for a timer that bpf_timer_init has not initialized.",
    guarantees: ["set-callback.uninitialized"],
  },
  {
    id: "uapi.set-callback.eperm",
    places: placesIn(RETURN, 3),
    paraphrase: "It returns -EPERM where user space has no reference to the timer's map.",
    guarantees: ["set-callback.no-user-reference"],
  },
  {
    id: "uapi.set-callback.user-space-holds",
    places: placesIn(RETURN, 4),
    paraphrase: "User space keeps a map with timers by an open descriptor or a pin in bpffs.",
    guarantees: ["set-callback.succeeds", "ownership.pin-keeps", "ownership.reopened-pin"],
  },
  {
    id: "uapi.set-callback.release-cancels",
    places: placesIn(RETURN, 5),
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
