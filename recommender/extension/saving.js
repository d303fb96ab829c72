/** Saving the page into the pool: for somebody, some day. */

import { write } from "./api.js";
import { button, make, say, t, withCode } from "./dom.js";
import { lineOf } from "./states.js";

/**
 * The row with the button; the service fetches the page itself if no text of it is at hand.
 *
 * @param {import("./clip.js").PageText} page
 * @param {string} look
 */
export function saveRow({ url, title, text }, look) {
  const row = make("div", { class: "save" });
  const save = button(t("savePool"), look, async () => {
    if (save.disabled) return;
    save.disabled = true;
    row.querySelector(".failed")?.remove();
    try {
      await write("/items", { url, title, text });
      row.replaceChildren(make("p", { class: "saved" }, t("saved")));
      say(t("saved"));
    } catch (error) {
      row.append(make("p", { class: "failed", role: "alert" }, ...withCode(lineOf(error))));
      save.disabled = false;
    }
  });
  if (url) row.append(save);
  return row;
}
