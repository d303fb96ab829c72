/** Elements and words. Text is set as text and never as markup: titles come from strangers. */

/** @typedef {keyof typeof import("./_locales/en/messages.json")} Word */
/** @typedef {string | Node | null | undefined} Child */

/**
 * A text of the interface in the reader's language.
 *
 * @param {Word} word
 * @param {...(string | number)} values
 */
export function t(word, ...values) {
  return chrome.i18n.getMessage(word, values.map(String)) || word;
}

/**
 * An element with attributes and children; strings become text.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/**
 * A text whose `commands` stand out.
 *
 * @param {string} text
 * @returns {Node[]}
 */
export function withCode(text) {
  return text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : new Text(part)));
}

/**
 * A button that does something.
 *
 * @param {string} label
 * @param {string} look
 * @param {() => unknown} act
 */
export function button(label, look, act) {
  const made = make("button", { type: "button", class: look }, label);
  made.addEventListener("click", () => void act());
  return made;
}

/**
 * The element of an id that the page is known to hold.
 *
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page holds no #${id}`);
  return found;
}

/** Put the words of the interface into a page. */
export function translate() {
  document.documentElement.lang = t("language");
  for (const element of document.querySelectorAll("[data-word]")) {
    const word = /** @type {Word} */ (element.getAttribute("data-word"));
    element.replaceChildren(...withCode(t(word)));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(/** @type {Word} */ (element.getAttribute("data-label"))));
  }
}

/**
 * Tell a screen reader what has changed.
 *
 * @param {string} text
 */
export function say(text) {
  byId("live").textContent = text.replaceAll("`", "");
}
