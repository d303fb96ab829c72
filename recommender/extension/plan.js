/** Today's plan: the few things that fit the minutes, each to be done from here. */

import { ask, askForList, write } from "./api.js";
import { cardOf, nameOf } from "./cards.js";
import { make, t } from "./dom.js";
import { Letter } from "./letter.js";
import { isWeb } from "./links.js";
import { dropOpened, isOpened, keepOpened } from "./notes.js";

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
 * @returns {Promise<Node[]>}
 */
export async function planCards(found, tabId) {
  const open = found.entries.filter((entry) => entry.state === "open");
  const done = found.entries.filter((entry) => entry.state === "done").length;
  const title = open.length ? t("todayTitle", found.minutes) : t("todayEmpty");
  const doneWords = done ? t(done === 1 ? "doneOne" : "doneMany", done) : "";
  return [
    make("h2", { class: "title", "data-say": title }, title),
    make("p", { class: "quiet lead" }, doneWords || t(open.length ? "todayLead" : "todayNothing")),
    ...(await Promise.all(open.map((entry, at) => entryCard(entry, found.day, tabId, at === 0)))),
  ];
}

/**
 * @param {Entry} entry
 * @param {string} day
 * @param {number} tabId
 * @param {boolean} isOpen
 */
async function entryCard(entry, day, tabId, isOpen) {
  const { contact, suggestion } = entry;
  const title = `today-${contact.id}`;
  const letter = new Letter({ ...deedOf(entry, day), id: title, tabId, isOpen });
  const wasOpened = suggestion
    ? suggestion.status === "opened"
    : await isOpened(placeOf(entry, day));
  if (wasOpened) letter.asked();
  else letter.ready();
  return cardOf(
    { id: title, contact, last_contact: entry.last_contact },
    make("p", { class: "fit" }, t("minutes", entry.minutes)),
    suggestion && itemOf(suggestion.item),
    make(
      "div",
      { class: "why" },
      make("h3", {}, t("why", nameOf(contact))),
      make("p", { dir: "auto" }, entry.why),
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
  return make(
    "div",
    { class: "item" },
    make("p", { class: `what ${kind}`, dir: "auto" }, told),
    source,
  );
}

/** @param {string[]} topics */
function topicsOf(topics) {
  const list = make(
    "ul",
    { class: "plain" },
    ...topics.map((topic) => make("li", { dir: "auto" }, topic)),
  );
  return make("div", { class: "why" }, make("h3", {}, t("toTalkAbout")), list);
}

/**
 * What is done about an entry: of a suggestion its status is noted, of the others a touch.
 *
 * @param {Entry} entry
 * @param {string} day
 */
function deedOf(entry, day) {
  const { contact, suggestion, note, action } = entry;
  const place = placeOf(entry, day);
  const steps = suggestion
    ? ofSuggestion(suggestion)
    : ofContact(contact, action === "call", place);
  /** @param {boolean} undo */
  const skip = (undo) => write("/plan/skip", { contact: contact.id, undo });
  const away = {
    label: t("notToday"),
    said: t("notTodaySaid", nameOf(contact)),
    act: () => skip(false),
    undo: () => skip(true),
  };
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

/**
 * What a begun note and an opened mail are kept by.
 *
 * @param {Entry} entry
 * @param {string} day
 */
function placeOf({ contact, suggestion }, day) {
  return suggestion?.id ?? `${day} ${contact.id}`;
}

/** @param {Suggestion} suggestion */
function ofSuggestion({ id, status: before }) {
  const path = `/suggestions/${encodeURIComponent(id)}`;
  let now = before;
  /** @param {string} status */
  const note = (status) => write(`${path}/status`, { status });
  /** @param {string} text @param {"mailto" | "text"} form */
  const draft = (text, form) => draftOf(path, text, form);
  return {
    /** @type {import("./letter.js").Deed["open"]} */
    open: async (text, form) => {
      const made = await draft(text, form);
      now = (await note("opened")).status;
      return made;
    },
    again: draft,
    sent: () => note("sent"),
    unsent: () => note("undo"),
    // Sent by another face meanwhile, it stays sent.
    notYet: async () => now === "opened" && note("undo"),
  };
}

/**
 * @param {Who} contact
 * @param {boolean} isCall
 * @param {string} place
 */
function ofContact(contact, isCall, place) {
  const path = `/contacts/${encodeURIComponent(contact.id)}`;
  /** @param {string} text @param {"mailto" | "text"} form */
  const draft = (text, form) => draftOf(path, text, form);
  let touch = "";
  return {
    /** @type {import("./letter.js").Deed["open"]} */
    open: async (text, form) => {
      const made = await draft(text, form);
      await keepOpened(place);
      return made;
    },
    again: draft,
    sent: async () => {
      touch = (await write(`${path}/touches`, { kind: isCall ? "call" : "sent" })).id;
      await dropOpened(place);
    },
    unsent: async () => {
      await ask("DELETE", `/touches/${encodeURIComponent(touch)}`);
      if (!isCall) await keepOpened(place);
    },
    notYet: () => dropOpened(place),
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
