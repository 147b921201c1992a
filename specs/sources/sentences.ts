/** Every sentence of every document, and how they are covered. */
import { DOCUMENTS, type SourceId } from "./documents.ts";
import { PAGE_CANCEL, PAGE_CANCEL_SENTENCES } from "./page-cancel.ts";
import { PAGE_CANCEL_ASYNC, PAGE_CANCEL_ASYNC_SENTENCES } from "./page-cancel-async.ts";
import { PAGE_INIT, PAGE_INIT_EARLIER, PAGE_INIT_SENTENCES } from "./page-init.ts";
import { PAGE_SET_CALLBACK, PAGE_SET_CALLBACK_SENTENCES } from "./page-set-callback.ts";
import { PAGE_START, PAGE_START_SENTENCES } from "./page-start.ts";
import { PAGE_TIMERS, PAGE_TIMERS_SENTENCES } from "./page-timers.ts";
import { PAGES_2026_09, PAGES_2026_09_SENTENCES } from "./pages-2026-09.ts";
import type { Sentence, SourceText } from "./sentence.ts";
import { UAPI_CANCEL, UAPI_CANCEL_SENTENCES } from "./uapi-cancel.ts";
import { UAPI_INIT, UAPI_INIT_SENTENCES } from "./uapi-init.ts";
import { UAPI_SET_CALLBACK, UAPI_SET_CALLBACK_SENTENCES } from "./uapi-set-callback.ts";
import { UAPI_START, UAPI_START_SENTENCES } from "./uapi-start.ts";

/** The documents, in the order in which a reader would take them. */
export const TEXTS: readonly SourceText[] = [
  PAGE_TIMERS,
  UAPI_INIT,
  UAPI_SET_CALLBACK,
  UAPI_START,
  UAPI_CANCEL,
  PAGE_INIT,
  PAGE_INIT_EARLIER,
  PAGE_SET_CALLBACK,
  PAGE_START,
  PAGE_CANCEL,
  PAGE_CANCEL_ASYNC,
  ...PAGES_2026_09,
];

export const SENTENCES: readonly Sentence[] = [
  ...PAGE_TIMERS_SENTENCES,
  ...UAPI_INIT_SENTENCES,
  ...UAPI_SET_CALLBACK_SENTENCES,
  ...UAPI_START_SENTENCES,
  ...UAPI_CANCEL_SENTENCES,
  ...PAGE_INIT_SENTENCES,
  ...PAGE_SET_CALLBACK_SENTENCES,
  ...PAGE_START_SENTENCES,
  ...PAGE_CANCEL_SENTENCES,
  ...PAGE_CANCEL_ASYNC_SENTENCES,
  ...PAGES_2026_09_SENTENCES,
];

/** `partly`: some of what it says is encoded, and a reason is given for the rest. */
export type Coverage = "encoded" | "partly" | "untestable";

/** How a sentence is covered. */
export function coverageOf({ guarantees, untestable }: Sentence): Coverage {
  if (guarantees === undefined) return "untestable";
  return untestable === undefined ? "encoded" : "partly";
}

export interface DocumentCoverage extends Record<Coverage, number> {
  document: SourceId;
  title: string;
  note?: string;
  sentences: number;
}

/** How many sentences of each document are covered in which way. A sentence that several documents repeat counts in each. */
export function coverageByDocument(): DocumentCoverage[] {
  return TEXTS.map(({ document, note }) => {
    const own = SENTENCES.flatMap((sentence) =>
      sentence.places.filter((place) => place.document === document).map(() => coverageOf(sentence)),
    );
    const count = (kind: Coverage): number => own.filter((coverage) => coverage === kind).length;
    return {
      document,
      title: DOCUMENTS[document],
      ...(note === undefined ? {} : { note }),
      sentences: own.length,
      encoded: count("encoded"),
      partly: count("partly"),
      untestable: count("untestable"),
    };
  });
}
