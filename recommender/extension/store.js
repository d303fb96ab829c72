/**
 * What this browser profile keeps: the one server it is paired with, and whether the badge is on.
 *
 * Only the extension's own pages and its worker may read it, no script in a web page.
 */

/** @typedef {{ server: string, token: string, name: string }} Pairing */

/** Shut content scripts out of the storage, where the browser has a switch for that. */
export async function closeStorage() {
  for (const area of [chrome.storage.local, chrome.storage.session]) {
    await area.setAccessLevel?.({ accessLevel: "TRUSTED_CONTEXTS" });
  }
}

/** @returns {Promise<Pairing | null>} */
export async function pairing() {
  const { server, token, name } = await chrome.storage.local.get(["server", "token", "name"]);
  const isWhole = typeof server === "string" && typeof token === "string" && token !== "";
  return isWhole ? { server, token, name: String(name) } : null;
}

/**
 * Keep a pairing, and nothing of the one before.
 *
 * @param {Pairing} made
 */
export async function remember(made) {
  await closeStorage();
  await forget();
  await chrome.storage.local.set(made);
}

export async function forget() {
  await chrome.storage.local.remove(["server", "token", "name"]);
}

export async function isBadgeOn() {
  return (await chrome.storage.local.get("badge"))["badge"] === true;
}

/** @param {boolean} on */
export async function setBadge(on) {
  if (on) await chrome.storage.local.set({ badge: true });
  else await chrome.storage.local.remove("badge");
}
