/** The page in the reader's tab: its address, title, text and what is selected of it. */

import { bounded } from "./clip.js";
import { isWeb, plainAddress } from "./links.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("./clip.js").PageText} PageText */
/** @typedef {{ type: string, text: string, selection: string }} Taken */

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
 * The page in a tab.
 *
 * @param {chrome.tabs.Tab} tab
 * @returns {Promise<PageText>}
 */
export async function takePage(tab) {
  if (tab.id === undefined || !isWeb(tab.url)) throw new Trouble("unreadable");
  const taken = await inject(tab.id);
  if (!READABLE.test(taken.type)) throw new Trouble("document");
  const url = plainAddress(/** @type {string} */ (tab.url));
  const { text, selection } = taken;
  return bounded({ url, title: tab.title ?? "", text, selection });
}

/**
 * @param {number} tabId
 * @returns {Promise<Taken>}
 */
async function inject(tabId) {
  try {
    const answers = await chrome.scripting.executeScript({ target: { tabId }, files: READERS });
    const taken = /** @type {Taken | null | undefined} */ (answers[0]?.result);
    if (taken) return taken;
  } catch {
    // Said below: the browser lets no extension into its own pages and its shop.
  }
  throw new Trouble("unreadable");
}
