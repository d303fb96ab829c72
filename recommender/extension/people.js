/** Who would enjoy the page, and what is done about it. */

import { askForList, write } from "./api.js";
import { cardOf, nameOf } from "./cards.js";
import { make, t } from "./dom.js";
import { Letter } from "./letter.js";

/** @typedef {import("./clip.js").PageText} PageText */
/**
 * @typedef {object} Fit
 * @property {import("./cards.js").Who} contact
 * @property {string} interest
 * @property {number} relevance
 * @property {string} span
 * @property {string} reason
 * @property {string} last_contact
 * @property {boolean} had_it
 * @property {string} note
 * @property {string | null} suggestion_id
 * @property {string} status
 * @property {boolean} has_email
 */

const VERY_GOOD = 0.85;
const GOOD = 0.65;

/**
 * Who would enjoy a page, best first.
 *
 * @param {PageText} page
 * @returns {Promise<Fit[]>}
 */
export async function match(page) {
  const { url, title, text, selection } = page;
  const body = { url: url || null, title, text, selection, limit: 5 };
  return (await askForList("people", "POST", "/matches", body)).people;
}

/**
 * One person's card.
 *
 * @param {Fit} fit
 * @param {PageText} page
 * @param {{ tabId: number, isOpen: boolean }} how
 */
export function personCard(fit, page, { tabId, isOpen }) {
  const { contact, last_contact } = fit;
  const share = make("b", {}, percent(fit.relevance));
  return cardOf(
    { id: `name-${contact.id}`, contact, last_contact },
    make("p", { class: "fit" }, fitWords(fit.relevance), share),
    make("div", { class: "why" }, make("h3", {}, t("why", nameOf(contact))), reason(fit)),
    doings(fit, page, tabId, isOpen),
  );
}

/**
 * @param {Fit} fit
 * @param {PageText} page
 * @param {number} tabId
 * @param {boolean} isOpen
 */
function doings(fit, page, tabId, isOpen) {
  if (!page.url) return make("p", { class: "quiet" }, t("noAddress"));
  if (fit.had_it) return make("p", { class: "had" }, t("hadIt", nameOf(fit.contact)));
  const letter = new Letter(deedOf(fit, page, tabId, isOpen));
  if (fit.status === "opened") letter.asked();
  else letter.ready();
  return letter.element;
}

/**
 * @param {Fit} fit
 * @param {PageText} page
 * @param {number} tabId
 * @param {boolean} isOpen
 * @returns {import("./letter.js").Deed}
 */
function deedOf(fit, page, tabId, isOpen) {
  const { url, title, text } = page;
  const name = nameOf(fit.contact);
  let id = fit.suggestion_id ?? "";
  let now = fit.status;
  /** @param {Record<string, string>} what */
  const share = async (what) => {
    const path = `/contacts/${encodeURIComponent(fit.contact.id)}/shares`;
    const shared = await write(path, { url, title, text, ...what });
    id = shared.suggestion_id;
    now = shared.status;
    return shared;
  };
  /** @param {string} status */
  const note = (status) => write(`/suggestions/${encodeURIComponent(id)}/status`, { status });
  /** @param {string} note @param {import("./letter.js").Form} form */
  const open = async (note, form) => (await share({ status: "opened", note, form })).draft;
  return {
    id: fit.contact.id,
    place: `${fit.contact.id} ${url}`,
    name,
    note: fit.note,
    canMail: fit.has_email,
    isOpen,
    tabId,
    open,
    again: open,
    sent: () => note("sent"),
    unsent: () => note("undo"),
    // Sent by another face meanwhile, it stays sent.
    notYet: async () => now === "opened" && note("undo"),
    away: {
      label: t("notFor", name),
      said: t("notForSaid", name),
      act: () => share({ status: "dismissed" }),
      undo: () => note("undo"),
    },
  };
}

/**
 * The reason, with the words of the page in it standing out.
 *
 * @param {Fit} fit
 */
function reason(fit) {
  const at = fit.span ? fit.reason.indexOf(fit.span) : -1;
  if (at < 0) {
    const quote = fit.span ? make("q", { dir: "auto" }, fit.span) : null;
    return make("p", { dir: "auto" }, fit.reason, quote && " ", quote);
  }
  const end = at + fit.span.length;
  const quote = make("mark", { dir: "auto" }, fit.span);
  return make("p", { dir: "auto" }, fit.reason.slice(0, at), quote, fit.reason.slice(end));
}

/** @param {number} relevance */
function fitWords(relevance) {
  if (relevance >= VERY_GOOD) return t("fitVeryGood");
  return t(relevance >= GOOD ? "fitGood" : "fitFair");
}

/** @param {number} share */
function percent(share) {
  return new Intl.NumberFormat(t("language"), { style: "percent" }).format(share);
}
