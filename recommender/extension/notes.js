/**
 * What must not go when the popup closes, at a click beside it or as the mail program takes over:
 * notes that were begun and not sent yet, and the question whether a mail was sent, where the
 * service has no suggestion to note that by. Kept until the browser ends, and never on disk.
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

/** @param {string} place */
const openedKey = (place) => `opened ${place}`;

/**
 * Whether a mail was opened there, and nothing said of it since.
 *
 * @param {string} place
 */
export async function isOpened(place) {
  const key = openedKey(place);
  return (await chrome.storage.session.get(key))[key] === true;
}

/** @param {string} place */
export async function keepOpened(place) {
  await chrome.storage.session.set({ [openedKey(place)]: true });
}

/** @param {string} place */
export async function dropOpened(place) {
  await chrome.storage.session.remove(openedKey(place));
}
