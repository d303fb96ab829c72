/**
 * The connection string that Settings shows, such as http://127.0.0.1:8765#ABCD-EFGH.
 *
 * Read strictly: what comes of it is where every page and note goes from then on.
 */

/** @typedef {import("./dom.js").Word} Word */
/** @typedef {{ origin: string, code: string }} Connection */

const WHOLE = /^https?:\/\/[^\s/?#@\\]+\/?#\S+$/i;
// Without I, L, O, 0 and 1, which are read for each other.
const CODE = /^[A-HJKMNP-Z2-9]{4}-?[A-HJKMNP-Z2-9]{4}$/;
const LOOPBACK = ["127.0.0.1", "localhost"];

/** Says by its word what is wrong with a connection string. */
export class NotAConnection extends Error {
  /** @param {Word} word */
  constructor(word) {
    super(word);
    this.word = word;
  }
}

/**
 * Whether an address is this machine's own.
 *
 * @param {string} address
 */
export function isLoopback(address) {
  return LOOPBACK.includes(new URL(address).hostname);
}

/**
 * The server and the code of a connection string.
 *
 * @param {string} text
 * @returns {Connection}
 */
export function parseConnection(text) {
  const given = text.trim();
  if (!WHOLE.test(given) || !URL.canParse(given)) throw new NotAConnection("connectionShape");
  const url = new URL(given);
  if (url.protocol === "http:" && !isLoopback(url.href)) throw new NotAConnection("connectionHttp");
  const code = url.hash.slice(1).toUpperCase();
  if (!CODE.test(code)) throw new NotAConnection("connectionCode");
  return { origin: url.origin, code };
}

/**
 * The host permission a server needs. Firefox knows no ports there.
 *
 * @param {string} origin
 */
export function hostPattern(origin) {
  const url = new URL(origin);
  return `${url.protocol}//${url.hostname}/*`;
}
