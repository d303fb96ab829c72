/** A person's card: who it is, when they last heard from the reader, and what is beneath. */

import { make } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */
/** @typedef {{ id: string, slug: string, name: string, first_name?: string }} Who */

const N_TONES = 6;

/**
 * A card that is called by the name of its person.
 *
 * @param {{ id: string, contact: Who, last_contact: string }} head
 * @param {Child} corner
 * @param {...Child} below
 */
export function cardOf({ id, contact, last_contact }, corner, ...below) {
  const name = make("h2", { id, dir: "auto" }, contact.name);
  const last = make("p", { class: "quiet" }, last_contact);
  const person = make("header", { class: "person" }, avatar(contact), make("div", {}, name, last));
  person.append(corner ?? "");
  return make("article", { class: "card", "aria-labelledby": id }, person, ...below);
}

/**
 * What somebody is called for short.
 *
 * @param {Who} contact
 */
export function nameOf({ first_name, name }) {
  return first_name || name;
}

/**
 * Two letters in a soft colour: those that the pages show for the same person.
 *
 * @param {Who} contact
 */
function avatar({ id, name }) {
  const look = `avatar tone-${crc32(id) % N_TONES}`;
  return make("span", { class: look, "aria-hidden": "true" }, initials(name));
}

/**
 * The first letters of the first and the last word.
 *
 * @param {string} name
 */
export function initials(name) {
  const words = name.split(/\s+/).map((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? "");
  const letters = words.filter((letter) => letter !== "");
  const ends = letters.length > 1 ? [letters[0], letters.at(-1)] : [letters[0] ?? "?"];
  return ends.join("").toUpperCase();
}

/**
 * The checksum that the pages choose a colour by.
 *
 * @param {string} text
 */
export function crc32(text) {
  let sum = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
