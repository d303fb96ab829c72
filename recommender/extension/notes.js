/**
 * Notes that were begun and not sent yet: the popup closes at a click beside it, and what was
 * written must not go with it. Kept until the browser ends, and never on disk.
 */

/** @param {string} place */
const keyOf = (place) => `note ${place}`;

/**
 * What was written there before, if anything was.
 *
 * @param {string} place
 * @returns {Promise<string | null>}
 */
export async function begunNote(place) {
  const key = keyOf(place);
  const found = (await chrome.storage.session.get(key))[key];
  return typeof found === "string" ? found : null;
}

/**
 * @param {string} place
 * @param {string} note
 */
export async function keepNote(place, note) {
  await chrome.storage.session.set({ [keyOf(place)]: note });
}

/** @param {string} place */
export async function dropNote(place) {
  await chrome.storage.session.remove(keyOf(place));
}
