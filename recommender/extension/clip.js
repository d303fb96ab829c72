/** How much of a page is sent: at most 100 kB, counted as it goes over the wire. */

export const MAX_BYTES = 100_000;
const MOST = { url: 2000, title: 1000, selection: 10_000, text: MAX_BYTES };
const encoder = new TextEncoder();

/** @typedef {{ url: string, title: string, text: string, selection: string }} PageText */

/**
 * How long a value is as JSON in UTF-8.
 *
 * @param {unknown} value
 */
export function jsonBytes(value) {
  return encoder.encode(JSON.stringify(value)).length;
}

/**
 * The first characters of a text, with none cut in two.
 *
 * @param {string} text
 * @param {number} length
 */
export function firstOf(text, length) {
  return text
    .slice(0, length)
    .toWellFormed()
    .replace(/\uFFFD$/, "");
}

/**
 * A page no larger than the service takes; its address is left whole, or the page has none.
 *
 * @param {PageText} page
 * @returns {PageText}
 */
export function bounded(page) {
  return {
    url: page.url.length > MOST.url ? "" : page.url,
    title: firstOf(page.title, MOST.title),
    selection: firstOf(page.selection, MOST.selection),
    text: firstOf(page.text, MOST.text),
  };
}

/**
 * A body whose text is cut so that all of it fits.
 *
 * @template {{ text: string }} T
 * @param {T} body
 * @param {number} most
 * @returns {T}
 */
export function fitted(body, most = MAX_BYTES) {
  if (jsonBytes(body) <= most) return body;
  const room = most - jsonBytes({ ...body, text: "" });
  let [low, high] = [0, Math.min(body.text.length, Math.max(room, 0))];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (jsonBytes(firstOf(body.text, middle)) - 2 <= room) low = middle;
    else high = middle - 1;
  }
  return { ...body, text: firstOf(body.text, low) };
}
