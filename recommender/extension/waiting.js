/** What is waited for, said at once in short and after two seconds in full. */

import { make, say, t } from "./dom.js";

/** @typedef {import("./dom.js").Word} Word */

const SOON_MS = 2000;

/**
 * Show what is waited for while something runs.
 *
 * @template T
 * @param {HTMLElement} place
 * @param {{ now: string, later: string }} words
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileWaiting(place, words, work) {
  const line = make("p", { class: "waiting" }, words.now);
  place.replaceChildren(line);
  place.setAttribute("aria-busy", "true");
  const timer = setTimeout(() => {
    line.textContent = words.later;
    if (!place.hidden) say(words.later);
  }, SOON_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
    place.removeAttribute("aria-busy");
  }
}

/**
 * The words for waiting for the server.
 *
 * @param {Word} now
 * @param {string} host
 */
export function forServer(now, host) {
  return { now: t(now), later: t("waitingLong", host) };
}
