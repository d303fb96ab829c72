/** Today's plan: the few things that fit the minutes, each to be done from here. */

import { ask, askForList, write } from "./api.js";
import { cardOf, nameOf } from "./cards.js";
import { make, t } from "./dom.js";
import { Letter } from "./letter.js";
import { isWeb } from "./links.js";

/** @typedef {import("./cards.js").Who} Who */
/**
 * @typedef {{ kind: string, url: string | null, title: string, text: string, feed: string }} Item
 * @typedef {{ id: string, item: Item, status: string, span: string, reason: string }} Suggestion
 * @typedef {object} Entry
 * @property {Who} contact
 * @property {"send" | "greet" | "call" | "hello"} action
 * @property {number} minutes
 * @property {"open" | "done" | "skipped"} state
 * @property {string} why
 * @property {string} note
 * @property {string[]} topics
 * @property {string} last_contact
 * @property {Suggestion | null} suggestion
 *
 * @typedef {{ day: string, minutes: number, entries: Entry[] }} Plan
 */

/** @returns {Promise<Plan>} */
export function plan() {
  return askForList("entries", "GET", "/plan");
}

/**
 * The plan as cards; what is done already is told in one line.
 *
 * @param {Plan} found
 * @param {number} tabId
 * @returns {Node[]}
 */
export function planCards(found, tabId) {
  const open = found.entries.filter((entry) => entry.state === "open");
  const done = found.entries.filter((entry) => entry.state === "done").length;
  const title = open.length ? t("todayTitle", found.minutes) : t("todayEmpty");
  const doneWords = done ? t(done === 1 ? "doneOne" : "doneMany", done) : "";
  return [
    make("h2", { class: "title", "data-say": title }, title),
    make("p", { class: "quiet lead" }, doneWords || t(open.length ? "todayLead" : "todayNothing")),
    ...open.map((entry, at) => entryCard(entry, tabId, at === 0)),
  ];
}

/**
 * @param {Entry} entry
 * @param {number} tabId
 * @param {boolean} isOpen
 */
function entryCard(entry, tabId, isOpen) {
  const { contact, suggestion } = entry;
  const title = `today-${contact.id}`;
  const letter = new Letter({ ...deedOf(entry), id: title, tabId, isOpen });
  if (suggestion?.status === "opened") letter.asked();
  else letter.ready();
  return cardOf(
    { id: title, contact, last_contact: entry.last_contact },
    make("p", { class: "fit" }, t("minutes", entry.minutes)),
    suggestion && itemOf(suggestion.item),
    make(
      "div",
      { class: "why" },
      make("h3", {}, t("why", nameOf(contact))),
      make("p", {}, entry.why),
    ),
    entry.topics.length ? topicsOf(entry.topics) : null,
    letter.element,
  );
}

/** @param {Item} item */
function itemOf({ kind, url, title, text, feed }) {
  const words = kind === "joke" ? text : title;
  const link = { href: url ?? "", target: "_blank", rel: "noreferrer noopener" };
  const told = isWeb(url ?? undefined) ? make("a", link, words) : words;
  const source = feed ? make("p", { class: "quiet" }, feed) : null;
  return make("div", { class: "item" }, make("p", { class: `what ${kind}` }, told), source);
}

/** @param {string[]} topics */
function topicsOf(topics) {
  const list = make("ul", { class: "plain" }, ...topics.map((topic) => make("li", {}, topic)));
  return make("div", { class: "why" }, make("h3", {}, t("toTalkAbout")), list);
}

/**
 * What is done about an entry: of a suggestion its status is noted, of the others a touch.
 *
 * @param {Entry} entry
 */
function deedOf(entry) {
  const { contact, suggestion, note, action } = entry;
  const steps = suggestion ? ofSuggestion(suggestion) : ofContact(contact, action === "call");
  /** @param {boolean} undo */
  const skip = (undo) => write("/plan/skip", { contact: contact.id, undo });
  const away = {
    label: t("notToday"),
    said: t("notTodaySaid", nameOf(contact)),
    act: () => skip(false),
    undo: () => skip(true),
  };
  const place = suggestion?.id ?? `today ${contact.id}`;
  return {
    name: nameOf(contact),
    place,
    note,
    canMail: true,
    isCall: action === "call",
    away,
    ...steps,
  };
}

/** @param {Suggestion} suggestion */
function ofSuggestion({ id }) {
  const path = `/suggestions/${encodeURIComponent(id)}`;
  /** @param {string} status */
  const note = (status) => write(`${path}/status`, { status });
  /** @param {string} text @param {"mailto" | "text"} form */
  const draft = (text, form) => draftOf(path, text, form);
  return {
    /** @type {import("./letter.js").Deed["open"]} */
    open: async (text, form) => {
      const made = await draft(text, form);
      await note("opened");
      return made;
    },
    again: draft,
    sent: () => note("sent"),
    unsent: () => note("undo"),
    notYet: () => note("undo"),
  };
}

/**
 * @param {Who} contact
 * @param {boolean} isCall
 */
function ofContact(contact, isCall) {
  const path = `/contacts/${encodeURIComponent(contact.id)}`;
  /** @param {string} text @param {"mailto" | "text"} form */
  const draft = (text, form) => draftOf(path, text, form);
  let touch = "";
  return {
    open: draft,
    again: draft,
    sent: async () => {
      touch = (await write(`${path}/touches`, { kind: isCall ? "call" : "sent" })).id;
    },
    unsent: () => ask("DELETE", `/touches/${encodeURIComponent(touch)}`),
    notYet: () => Promise.resolve(),
  };
}

/**
 * @param {string} path
 * @param {string} note
 * @param {"mailto" | "text"} form
 * @returns {Promise<string>}
 */
async function draftOf(path, note, form) {
  return (await ask("POST", `${path}/draft`, { form, note })).draft;
}
