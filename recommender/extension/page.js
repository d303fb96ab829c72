/** The page in the reader's tab: its address, title, text and what is selected of it. */

import { bounded } from "./clip.js";
import { isWeb, plainAddress } from "./links.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("./clip.js").PageText} PageText */
/**
 * @typedef {{ url: string, title: string, type: string, text: string, selection: string }} Taken
 */

const SOON_MS = 2000;
const LONGEST_MS = 15_000;
const READERS = ["vendor/Readability.js", "extract.js"];
const READABLE = /^(text\/(html|plain|xml)|application\/(xhtml\+xml|xml))$/;

/** The tab the popup is for: the one it is opened over, or the one its address names. */
export async function readersTab() {
  const named = Number(new URLSearchParams(location.search).get("tab"));
  if (named) return chrome.tabs.get(named);
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  if (tab === undefined) throw new Trouble("unreadable");
  return tab;
}

/**
 * The page in a tab, as it calls itself when it is read: the tab may have moved on by then.
 *
 * @param {chrome.tabs.Tab} tab
 * @returns {Promise<PageText>}
 */
export async function takePage(tab) {
  if (tab.id === undefined || !isWeb(tab.url)) throw new Trouble("unreadable");
  const { type, url, title, text, selection } = await read(tab.id);
  if (!isWeb(url)) throw new Trouble("unreadable");
  if (!READABLE.test(type)) throw new Trouble("document");
  return bounded({ url: plainAddress(url), title, text, selection });
}

/**
 * Read a page when it is loaded; or what there is of it, if it does not come to an end soon.
 *
 * @param {number} tabId
 * @returns {Promise<Taken>}
 */
async function read(tabId) {
  const whole = inject(tabId, false);
  const soon = await Promise.race([whole, after(SOON_MS)]);
  if (soon) return soon;
  const limit = after(LONGEST_MS).then(() => Promise.reject(new Trouble("stuck")));
  const isLoading = (await chrome.tabs.get(tabId)).status === "loading";
  const early = isLoading ? inject(tabId, true) : whole;
  const some = await Promise.race([whole, early, limit]);
  return some.text || some.selection ? some : Promise.race([whole, limit]);
}

/**
 * @param {number} ms
 * @returns {Promise<null>}
 */
function after(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}

/**
 * @param {number} tabId
 * @param {boolean} injectImmediately
 * @returns {Promise<Taken>}
 */
async function inject(tabId, injectImmediately) {
  try {
    const target = { tabId };
    const how = { target, files: READERS, injectImmediately };
    const answers = await chrome.scripting.executeScript(how);
    const taken = /** @type {Taken | null | undefined} */ (answers[0]?.result);
    if (taken) return taken;
  } catch {
    // Said below: the browser lets no extension into its own pages and its shop.
  }
  throw new Trouble("unreadable");
}
