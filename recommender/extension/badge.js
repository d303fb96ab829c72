/**
 * The number of good fits on the toolbar, if the reader turned that on: then, and only then, each
 * page that is looked at is sent to the reader's own service.
 *
 * The browser may stop the worker at any time, so nothing here is remembered outside the storage.
 */

import { hostPattern, isLoopback } from "./connection.js";
import { match } from "./people.js";
import { isWeb } from "./links.js";
import { takePage } from "./page.js";
import { isBadgeOn, pairing, setBadge } from "./store.js";

// Not http: to give that back would take this machine's own addresses with it.
export const EVERY_PAGE = { origins: ["https://*/*"] };
const TEAL = "#0f766e";
const SETTLE_MS = 700;

/**
 * The newest look at each tab; an older one that waits still is dropped.
 *
 * @type {Map<number, number>}
 */
const looks = new Map();

/**
 * Count the good fits of the page in a tab once it has settled.
 *
 * @param {number} tabId
 */
export async function lookAt(tabId) {
  if (!(await isBadgeOn())) return;
  const mine = (looks.get(tabId) ?? 0) + 1;
  looks.set(tabId, mine);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  if (looks.get(tabId) !== mine) return;
  looks.delete(tabId);
  try {
    const count = await goodFits(await chrome.tabs.get(tabId));
    await show(tabId, count);
  } catch {
    // Nobody asked: a badge that can't be counted is no badge.
  }
}

/** @param {chrome.tabs.Tab} tab */
async function goodFits(tab) {
  const paired = await pairing();
  const isOwn = paired !== null && tab.url?.startsWith(`${paired.server}/`);
  if (paired === null || isOwn || tab.incognito || !tab.active || !isWeb(tab.url)) return 0;
  const page = await takePage(tab);
  if (!page.text) return 0;
  const people = await match({ ...page, selection: "" });
  return people.filter((fit) => !fit.had_it).length;
}

/**
 * @param {number} tabId
 * @param {number} count
 */
async function show(tabId, count) {
  await chrome.action.setBadgeBackgroundColor({ color: TEAL });
  await chrome.action.setBadgeTextColor({ color: "#ffffff" });
  await chrome.action.setBadgeText({ tabId, text: count ? String(count) : "" });
}

/** Turn the badge off where the browser took the permission back. */
export async function offIfBarred() {
  if ((await isBadgeOn()) && !(await chrome.permissions.contains(EVERY_PAGE))) await turnOff();
}

/** Turn it off, and take the numbers away. */
export async function turnOff() {
  await setBadge(false);
  for (const { id } of await chrome.tabs.query({})) {
    if (id !== undefined) await chrome.action.setBadgeText({ tabId: id, text: "" });
  }
}

/**
 * Give back the permission to see every page. Chromium takes the one for a server elsewhere with
 * it, so that one is asked for again.
 */
export async function giveBackPages() {
  if (!(await chrome.permissions.contains(EVERY_PAGE))) return;
  await chrome.permissions.remove(EVERY_PAGE);
  const made = await pairing();
  if (made && !isLoopback(made.server)) {
    const origins = [hostPattern(made.server)];
    await chrome.permissions.request({ origins }).catch(() => false);
  }
}
