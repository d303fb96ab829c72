// What the page does beyond forms and links: keys, the mail program after Send, copying a note,
// and telling a screen reader what has changed. Without it everything still works.
(() => {
  "use strict";
  const SWITCH = "sawthis.keys";
  const live = document.getElementById("live");

  const say = (text) => {
    if (!live || !text) return;
    live.textContent = "";
    // A region is read out when its text changes, not when it is set again.
    setTimeout(() => { live.textContent = text; }, 60);
  };

  const remembered = (name) => {
    try { return localStorage.getItem(name); } catch { return null; }
  };

  const remember = (name, value) => {
    try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ }
  };

  const ready = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
    for (const one of root.querySelectorAll(".without-script")) one.hidden = true;
  };

  const cards = () => [...document.querySelectorAll("[data-card]")];
  const cardHere = () => document.activeElement?.closest("[data-card]");

  const go = (step) => {
    const all = cards();
    if (!all.length) return;
    const at = all.indexOf(cardHere());
    const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
    const card = all[Math.min(all.length - 1, Math.max(0, next))];
    card.focus();
    card.scrollIntoView({ block: "nearest" });
  };

  const press = (key) => {
    const said = document.getElementById("said");
    const root = cardHere() || (key === "u" ? said : null);
    const button = root?.querySelector(`[data-key="${key}"]`);
    if (!button) return false;
    button.click();
    return true;
  };

  const isTyping = (target) =>
    target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const help = document.getElementById("keys");
    if (!(event.target instanceof Element) || isTyping(event.target) || help?.open) return;
    if (!help || remembered(SWITCH) === "off") return;
    const onCard = Boolean(cardHere());
    if (event.key === "?") help.showModal();
    else if (event.key === "j" || (event.key === "ArrowDown" && onCard)) go(1);
    else if (event.key === "k" || (event.key === "ArrowUp" && onCard)) go(-1);
    else if (event.shiftKey || !"slxu".includes(event.key) || !press(event.key)) return;
    event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(from.textContent);
      say("Copied.");
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(from);
      say("Selected; copy it with your keyboard.");
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "keys-on") remember(SWITCH, event.target.checked ? "on" : "off");
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail?.elt ?? event.target;
    if (!(swapped instanceof Element)) return;
    ready(swapped.parentElement ?? swapped);
    if (swapped.closest("#alerts")) document.getElementById("said")?.remove();
    if (swapped.matches(".job")) {
      say(swapped.dataset.say);
      swapped.querySelector("[data-focus]")?.focus();
    }
    if (!swapped.matches("[data-card]")) return;
    document.getElementById("said")?.remove();
    say(swapped.dataset.say || "");
    const mail = swapped.querySelector("[data-open-now]");
    const next = swapped.querySelector("[data-focus]");
    if (swapped.matches(".settled")) (swapped.querySelector("[data-key=u]") ?? swapped).focus();
    else (next ?? swapped).focus();
    // The click that sent the form still counts as the user's own: no program opens by itself.
    if (mail) location.href = mail.href;
  });

  document.addEventListener("htmx:sendError", () => {
    const wrong = document.createElement("div");
    wrong.className = "said wrong";
    wrong.textContent = "Sawthis can\u2019t be reached. Is it still running?";
    document.getElementById("alerts").replaceChildren(wrong);
  });

  const onSwitch = document.getElementById("keys-on");
  if (onSwitch) onSwitch.checked = remembered(SWITCH) !== "off";
  document.documentElement.classList.add("has-script");
  ready(document);
  say(document.querySelector("#said p")?.textContent);
})();
