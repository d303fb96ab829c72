/** The popup: who would enjoy this page, and what is on for today. */

import { paired } from "./api.js";
import { hostPattern } from "./connection.js";
import { byId, make, say, t, translate } from "./dom.js";
import { hostOf } from "./links.js";
import { readersTab, takePage } from "./page.js";
import { match, personCard } from "./people.js";
import { plan, planCards } from "./plan.js";
import { saveRow } from "./saving.js";
import { asTrouble, openOptions, stateOf } from "./states.js";
import { setUpTabs } from "./tabs.js";
import { Trouble } from "./trouble.js";
import { forServer, whileWaiting } from "./waiting.js";

/** @typedef {import("./clip.js").PageText} PageText */

/**
 * The panels that were looked at: another look shows what was done there, with its "Undo".
 *
 * @type {Set<string>}
 */
const seen = new Set();

/**
 * Show what something answers in a panel, or the trouble it had.
 *
 * @param {string} name
 * @param {(panel: HTMLElement) => Promise<Node[]>} work
 */
async function show(name, work) {
  const panel = byId(`panel-${name}`);
  say(""); // so that the same trouble, met again, is told again
  /** @type {Node[]} */
  let nodes;
  try {
    nodes = await work(panel);
  } catch (error) {
    nodes = [troubleIn(error, () => show(name, work))];
  }
  panel.replaceChildren(...nodes);
  const told = panel.querySelector("[data-say]")?.getAttribute("data-say");
  if (told && !panel.hidden) say(told);
}

/**
 * @param {unknown} error
 * @param {() => unknown} retry
 */
function troubleIn(error, retry) {
  const { server } = asTrouble(error);
  const allow = async () => {
    if (await chrome.permissions.request({ origins: [hostPattern(server)] })) retry();
  };
  return stateOf(error, { options: openOptions, retry, allow });
}

/**
 * The people who would enjoy the reader's page.
 *
 * @param {HTMLElement} panel
 */
async function thisPage(panel) {
  const { server } = await paired();
  const tab = await readersTab();
  const reading = { now: t("readingPage"), later: t("readingLong") };
  const page = await whileWaiting(panel, reading, () => takePage(tab));
  const head = headOf(page);
  if (!page.text && !page.selection) {
    return [...head, stateOf(new Trouble("empty"), {}), saveRow(page, "")];
  }
  const waiting = forServer("askingWho", hostOf(server));
  const people = await whileWaiting(panel, waiting, () => match(page));
  if (people.length === 0) return [...head, nobody(), saveRow(page, "")];
  head[0]?.setAttribute(
    "data-say",
    t(people.length === 1 ? "foundOne" : "foundMany", people.length),
  );
  const tabId = tab.id ?? chrome.tabs.TAB_ID_NONE;
  const cards = people.map((fit, at) => personCard(fit, page, { tabId, isOpen: at === 0 }));
  return [...head, ...cards, saveRow(page, "outline")];
}

/**
 * What is asked about.
 *
 * @param {PageText} page
 */
function headOf(page) {
  const host = hostOf(page.url);
  const about = page.selection ? t("bySelection", host) : host;
  return [
    make("h2", { class: "title", dir: "auto" }, page.title || host),
    make("p", { class: "quiet lead" }, about),
  ];
}

function nobody() {
  const [title, text] = [t("nobodyTitle"), t("nobodyText")];
  const told = { class: "state", "data-state": "nobody", "data-say": `${title} ${text}` };
  return make("div", told, make("h3", {}, title), make("p", {}, text));
}

/**
 * Today's plan.
 *
 * @param {HTMLElement} panel
 */
async function today(panel) {
  const { server } = await paired();
  const waiting = forServer("askingPlan", hostOf(server));
  const found = await whileWaiting(panel, waiting, plan);
  const { id } = await readersTab();
  return planCards(found, id ?? chrome.tabs.TAB_ID_NONE);
}

/** @param {string} name */
function open(name) {
  if (seen.has(name)) return;
  seen.add(name);
  void show(name, name === "today" ? today : thisPage);
}

translate();
byId("options").addEventListener("click", openOptions);
setUpTabs(["page", "today"], open);
open("page");
