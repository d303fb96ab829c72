/** Who would enjoy the page, and what is done about it. */

import { askForList, write } from "./api.js";
import { make, t } from "./dom.js";
import { Letter } from "./letter.js";

/** @typedef {import("./clip.js").PageText} PageText */
/**
 * @typedef {object} Fit
 * @property {{ id: string, slug: string, name: string, first_name: string }} contact
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
const N_TONES = 6;

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
  const { contact } = fit;
  const title = `name-${contact.id}`;
  const card = make(
    "article",
    { class: "card", "aria-labelledby": title },
    make(
      "header",
      { class: "person" },
      avatar(contact.name, contact.id),
      make(
        "div",
        {},
        make("h2", { id: title }, contact.name),
        make("p", { class: "quiet" }, fit.last_contact),
      ),
      make("p", { class: "fit" }, fitWords(fit.relevance), make("b", {}, percent(fit.relevance))),
    ),
    make("div", { class: "why" }, make("h3", {}, t("why", nameOf(fit))), reason(fit)),
  );
  card.append(doings(fit, page, tabId, isOpen));
  return card;
}

/**
 * @param {Fit} fit
 * @param {PageText} page
 * @param {number} tabId
 * @param {boolean} isOpen
 */
function doings(fit, page, tabId, isOpen) {
  if (!page.url) return make("p", { class: "quiet" }, t("noAddress"));
  if (fit.had_it) return make("p", { class: "had" }, t("hadIt", nameOf(fit)));
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
  const name = nameOf(fit);
  let id = fit.suggestion_id ?? "";
  /** @param {Record<string, string>} what */
  const share = async (what) => {
    const path = `/contacts/${encodeURIComponent(fit.contact.id)}/shares`;
    const shared = await write(path, { url, title, text, ...what });
    id = shared.suggestion_id;
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
    notYet: () => note("undo"),
    away: {
      label: t("notFor", name),
      said: t("notForSaid", name),
      act: () => share({ status: "dismissed" }),
      undo: () => note("undo"),
    },
  };
}

/** @param {Fit} fit */
function nameOf(fit) {
  return fit.contact.first_name || fit.contact.name;
}

/**
 * The reason, with the words of the page in it standing out.
 *
 * @param {Fit} fit
 */
function reason(fit) {
  const at = fit.span ? fit.reason.indexOf(fit.span) : -1;
  if (at < 0) {
    const quote = fit.span ? make("q", {}, fit.span) : null;
    return make("p", {}, fit.reason, quote && " ", quote);
  }
  const end = at + fit.span.length;
  const quote = make("mark", {}, fit.span);
  return make("p", {}, fit.reason.slice(0, at), quote, fit.reason.slice(end));
}

/**
 * Two letters in a soft colour, the same for life.
 *
 * @param {string} name
 * @param {string} id
 */
export function avatar(name, id) {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : [words[0] ?? "?"];
  const letters = ends.map((word) => word?.match(/[\p{L}\p{N}]/u)?.[0] ?? "?").join("");
  const sum = [...id].reduce((total, letter) => total + (letter.codePointAt(0) ?? 0), 0);
  const look = `avatar tone-${sum % N_TONES}`;
  return make("span", { class: look, "aria-hidden": "true" }, letters.toUpperCase());
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
