/** Which addresses are opened or read. Everything else a server or a page names is left alone. */

/**
 * Whether a link opens a mail program and nothing else.
 *
 * @param {string} link
 */
export function isMailto(link) {
  return /^mailto:[^\s\u0000-\u001f]+$/i.test(link);
}

/**
 * Whether an address is a page of the web.
 *
 * @param {string | undefined} address
 */
export function isWeb(address) {
  return address !== undefined && /^https?:\/\//i.test(address) && URL.canParse(address);
}

/**
 * An address as it may be told: without the place on the page, without user and password. Sites
 * that route behind "#/" or "#!" have each page there.
 *
 * @param {string} address
 */
export function plainAddress(address) {
  const url = new URL(address);
  if (!/^#[/!]/.test(url.hash)) url.hash = "";
  url.username = url.password = "";
  return url.href;
}

/**
 * The host of an address, for people to read.
 *
 * @param {string} address
 */
export function hostOf(address) {
  return URL.canParse(address) ? new URL(address).host.replace(/^www\./, "") : "";
}
