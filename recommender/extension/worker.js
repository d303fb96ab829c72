/**
 * The background: the context menu, and the badge if it is on. Every listener is set at once when
 * the worker starts, for the browser starts it because of what it should hear.
 */

import { lookAt, offIfBarred } from "./badge.js";
import { t } from "./dom.js";
import { closeStorage } from "./store.js";

const MENU = "who";
const WEB = ["http://*/*", "https://*/*"];

function addMenu() {
  chrome.contextMenus.removeAll(() => {
    chrome.contextMenus.create({
      id: MENU,
      title: t("menuWho"),
      contexts: ["page", "selection"],
      documentUrlPatterns: WEB,
    });
  });
}

/**
 * Open the popup over the page, or in a window of its own where the browser has no way to.
 *
 * @param {chrome.tabs.Tab | undefined} tab
 */
async function openPopup(tab) {
  try {
    await chrome.action.openPopup(tab ? { windowId: tab.windowId } : undefined);
  } catch {
    const url = chrome.runtime.getURL(`popup.html?tab=${tab?.id ?? ""}`);
    await chrome.windows.create({ url, type: "popup", width: 420, height: 640 });
  }
}

chrome.runtime.onInstalled.addListener(addMenu);
chrome.runtime.onStartup.addListener(addMenu);
chrome.contextMenus.onClicked.addListener((_info, tab) => void openPopup(tab));
chrome.tabs.onUpdated.addListener((tabId, change) => {
  if (change.status === "complete") void lookAt(tabId);
});
chrome.tabs.onActivated.addListener(({ tabId }) => void lookAt(tabId));
chrome.permissions.onRemoved.addListener(() => void offIfBarred());
void closeStorage();
