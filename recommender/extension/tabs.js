/** Two panels of which one is seen, as ARIA's tabs: arrows move, the tab key goes on. */

import { byId } from "./dom.js";

/**
 * Let the tabs of a page work.
 *
 * @param {string[]} names
 * @param {(name: string) => unknown} shown
 */
export function setUpTabs(names, shown) {
  const tabs = names.map((name) => byId(`tab-${name}`));
  /** @param {number} at */
  const select = (at) => {
    tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === at));
      tab.tabIndex = i === at ? 0 : -1;
      byId(`panel-${names[i]}`).hidden = i !== at;
    });
    void shown(/** @type {string} */ (names[at]));
  };
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => select(i));
    tab.addEventListener("keydown", (event) => {
      const to = next(event.key, i, tabs.length);
      if (to === null) return;
      event.preventDefault();
      select(to);
      tabs[to]?.focus();
    });
  });
}

/**
 * Where a key leads from a tab, or null.
 *
 * @param {string} key
 * @param {number} at
 * @param {number} count
 */
function next(key, at, count) {
  if (key === "ArrowRight") return (at + 1) % count;
  if (key === "ArrowLeft") return (at + count - 1) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}
