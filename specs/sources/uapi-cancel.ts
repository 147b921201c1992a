/** The comment on bpf_timer_cancel in include/uapi/linux/bpf.h, which the helper's page repeats word for word. */
import { placesIn, type Section, type Sentence, type SourceText } from "./sentence.ts";

const RETURN: readonly [Section, ...Section[]] = [
  ["uapi/bpf_timer_cancel", "Return"],
  ["ebpf-docs/bpf_timer_cancel", "Returns"],
];

export const UAPI_CANCEL: SourceText = {
  document: "uapi/bpf_timer_cancel",
  sections: { Signature: 1, Description: 1, Return: 4 },
  note: "The texts of Linux 6.1, 6.12 and 7.2, which are the same.",
};

export const UAPI_CANCEL_SENTENCES: readonly Sentence[] = [
  {
    id: "uapi.cancel.signature",
    places: placesIn([
      ["uapi/bpf_timer_cancel", "Signature"],
      ["ebpf-docs/bpf_timer_cancel", "Signature"],
    ]),
    paraphrase: "The helper, number 172, takes a timer.",
    guarantees: ["cancel.inactive", "cancel.active"],
  },
  {
    id: "uapi.cancel.cancels-and-waits",
    places: placesIn([
      ["uapi/bpf_timer_cancel", "Description"],
      ["ebpf-docs/bpf_timer_cancel", "Definition"],
    ]),
    paraphrase: "The call disarms the timer, and returns only when a callback that is just running has ended.",
    guarantees: ["cancel.stops-firing", "cancel.from-other-callback", "cancel.stops-firing-from-callback"],
    untestable:
      "The waiting needs a callback that runs on one CPU while another calls; the steps of a scenario follow one another, so that no callback is running when a program cancels.",
  },
  {
    id: "uapi.cancel.returns-zero",
    places: placesIn(RETURN, 1),
    paraphrase: "It returns 0 for a timer that was not armed.",
    guarantees: ["cancel.inactive", "cancel.twice", "cancel.after-firing"],
  },
  {
    id: "uapi.cancel.returns-one",
    places: placesIn(RETURN, 2),
    paraphrase: "It returns 1 for a timer that was armed.",
    guarantees: ["cancel.active", "cancel.from-other-callback", "cancel.interrupts-off"],
  },
  {
    id: "uapi.cancel.einval",
    places: placesIn(RETURN, 3),
    paraphrase: "It returns -EINVAL for a timer that bpf_timer_init has not initialized.",
    guarantees: ["cancel.uninitialized"],
  },
  {
    id: "uapi.cancel.edeadlk",
    places: placesIn(RETURN, 4),
    paraphrase: "It returns -EDEADLK to a callback that cancels its own timer, which would have to wait for itself.",
    guarantees: ["cancel.own-callback"],
  },
];
