/** What each trouble looks like: what it is, and what to do about it. */

import { button, make, t, withCode } from "./dom.js";
import { hostOf } from "./links.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("./dom.js").Word} Word */
/** @typedef {import("./trouble.js").Kind} Kind */
/** @typedef {"options" | "retry" | "allow"} Way */
/** @typedef {Partial<Record<Way, () => unknown>>} Ways */

/** @type {Record<Kind, [title: Word, text: Word, way: Way | null]>} */
const STATES = {
  unpaired: ["unpairedTitle", "unpairedText", "options"],
  down: ["downTitle", "downText", "retry"],
  barred: ["barredTitle", "barredText", "allow"],
  slow: ["slowTitle", "slowText", "retry"],
  offline: ["offlineTitle", "offlineText", "retry"],
  revoked: ["revokedTitle", "revokedText", "options"],
  limited: ["limitedTitle", "limitedText", "retry"],
  broken: ["brokenTitle", "brokenText", "retry"],
  refused: ["refusedTitle", "refusedText", "retry"],
  strange: ["strangeTitle", "strangeText", "options"],
  unreadable: ["unreadableTitle", "unreadableText", null],
  document: ["documentTitle", "documentText", null],
  empty: ["emptyTitle", "emptyText", null],
  stuck: ["stuckTitle", "stuckText", "retry"],
};

/** @type {Record<Way, Word>} */
const LABELS = {
  options: "openOptions",
  retry: "tryAgain",
  allow: "allowAccess",
};

/** @param {unknown} error */
export function asTrouble(error) {
  if (error instanceof Trouble) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Trouble("broken", { detail });
}

/**
 * A trouble in a title and a sentence.
 *
 * @param {Trouble} trouble
 */
export function wordsOf(trouble) {
  const [title, text] = STATES[trouble.kind];
  const value = trouble.kind === "limited" ? trouble.wait : trouble.detail;
  const host = hostOf(trouble.server);
  return { title: t(title, host, value), text: t(text, host, value).trim() };
}

/**
 * A trouble in one line, for where it stands beside what was tried.
 *
 * @param {unknown} error
 */
export function lineOf(error) {
  const { title, text } = wordsOf(asTrouble(error));
  return `${title} ${text}`;
}

/**
 * A trouble that takes the place of an answer, with the way out of it.
 *
 * @param {unknown} error
 * @param {Ways} ways
 */
export function stateOf(error, ways) {
  const trouble = asTrouble(error);
  const { title, text } = wordsOf(trouble);
  const way = STATES[trouble.kind][2];
  const act = way && ways[way];
  return make(
    "section",
    { class: "state", "data-state": trouble.kind, "data-say": `${title} ${text}` },
    make("h2", { tabindex: "-1" }, title),
    make("p", {}, ...withCode(text)),
    act ? button(t(LABELS[way]), "", act) : null,
  );
}

/** Open the options, where a server is paired. */
export function openOptions() {
  void chrome.runtime.openOptionsPage();
  window.close();
}
