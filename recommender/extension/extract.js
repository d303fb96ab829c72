/**
 * Put into a page on a click only, after vendor/Readability.js: takes its text, block by block, and
 * where it is and what it is called at that moment.
 *
 * Not a module: its last expression is what scripting.executeScript answers. A page may shadow what
 * its document has by the names of its forms and pictures, so that is called by its prototype.
 */
(() => {
  const MAX_CHARACTERS = 100_000;
  const ENOUGH = 200;
  const LEFT_OUT = new Set(
    (
      "nav footer aside script style noscript template iframe object embed svg math canvas video " +
      "audio form button input select textarea dialog menu head"
    ).split(" "),
  );
  const DIVIDERS = new Set("img picture svg button input select iframe video".split(" "));
  const LEFT_OUT_ROLES = new Set("navigation banner contentinfo search dialog menu".split(" "));
  const INLINE = new Set(
    (
      "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark nobr " +
      "picture q rp rt ruby s samp small source span strike strong sub sup time tt u var wbr"
    ).split(" "),
  );

  /** @param {string} selector @returns {Element[]} */
  const all = (selector) => [...Document.prototype.querySelectorAll.call(document, selector)];
  /** @param {Element} element */
  const nameOf = (element) => String(element.localName).toLowerCase();

  /** @param {Element} element */
  const isLeftOut = (element) => {
    const role = Element.prototype.getAttribute.call(element, "role") ?? "";
    const isHidden = Element.prototype.getAttribute.call(element, "aria-hidden") === "true";
    // A whole page inside a form is still a page: only forms without paragraphs are left out.
    if (nameOf(element) === "form" && Element.prototype.querySelector.call(element, "p, article")) {
      return false;
    }
    return LEFT_OUT.has(nameOf(element)) || LEFT_OUT_ROLES.has(role) || isHidden;
  };

  /** @param {Element} element */
  const inHead = (element) => Element.prototype.closest.call(element, "head") !== null;

  /** @param {Element} element */
  const isShown = (element) =>
    Element.prototype.checkVisibility.call(element, { visibilityProperty: true }) ||
    getComputedStyle(element).display === "contents"; // it has no box, its children have

  /** @param {object} prototype @param {string} name @returns {(of: object) => any} */
  const getter = (prototype, name) => {
    const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
    return (of) => get?.call(of) ?? null;
  };
  const first = getter(Node.prototype, "firstChild");
  const next = getter(Node.prototype, "nextSibling");
  const shadowOf = getter(Element.prototype, "shadowRoot");
  const typeOf = getter(Document.prototype, "contentType");
  const titleOf = getter(Document.prototype, "title");
  const activeOf = getter(Document.prototype, "activeElement");
  const activeInside = getter(ShadowRoot.prototype, "activeElement");

  /**
   * What is drawn inside an element: of a component its shadow tree, and in a slot what was put
   * into it.
   *
   * @param {Element} element
   * @returns {Node[]}
   */
  const childrenOf = (element) => {
    const isSlot = element instanceof HTMLSlotElement;
    const put = isSlot ? HTMLSlotElement.prototype.assignedNodes.call(element) : [];
    if (put.length) return put;
    const children = [];
    for (let one = first(shadowOf(element) ?? element); one; one = next(one)) children.push(one);
    return children;
  };

  /**
   * The texts of the blocks below a root, until there are enough characters.
   *
   * @param {Node} root
   * @param {(element: Element) => boolean} isWanted
   */
  const blocksOf = (root, isWanted) => {
    /** @type {string[]} */
    const blocks = [];
    let [block, length] = ["", 0];
    const flush = () => {
      const text = block.replace(/\s+/g, " ").trim();
      if (text) blocks.push(text);
      [block, length] = ["", length + text.length];
    };
    /** @param {Node} node */
    const visit = (node) => {
      if (length > MAX_CHARACTERS) return;
      if (node instanceof Text) block += node.data;
      else if (node instanceof Element) enter(node);
    };
    /** @param {Element} element */
    const enter = (element) => {
      if (DIVIDERS.has(nameOf(element))) block += " ";
      if (isLeftOut(element) || !isWanted(element)) {
        block += " "; // what stood on both sides of it are two words
        return;
      }
      const isBlock = !INLINE.has(nameOf(element));
      if (isBlock) flush();
      for (const child of childrenOf(element)) visit(child);
      if (isBlock) flush();
    };
    visit(root);
    flush();
    return blocks;
  };

  /** A copy of the document without what the reader does not see; a space stays for it. */
  const visibleCopy = () => {
    const copy = /** @type {Document} */ (Node.prototype.cloneNode.call(document, true));
    const twins = Document.prototype.querySelectorAll.call(copy, "*");
    const outside = ["html", "head", "body"];
    const hidden = all("*").map(
      (one) => !outside.includes(nameOf(one)) && !inHead(one) && !isShown(one),
    );
    twins.forEach((twin, at) => {
      if (hidden[at]) Element.prototype.replaceWith.call(twin, " ");
      else if (DIVIDERS.has(nameOf(twin))) Element.prototype.before.call(twin, " ");
    });
    return copy;
  };

  /** What Readability takes for the article; empty if it finds none. */
  const article = () => {
    try {
      const { Readability } = /** @type {any} */ (globalThis);
      const options = { serializer: (/** @type {Element} */ element) => element };
      const found = new Readability(visibleCopy(), options).parse();
      return found ? blocksOf(found.content, () => true) : [];
    } catch {
      return []; // it was not made for what this page does
    }
  };

  /** The blocks the reader sees in the main part, or in all of the page. */
  const visible = () => {
    const main = all("main, [role=main]").find(isShown);
    const inMain = main ? blocksOf(main, isShown) : [];
    if (inMain.join("").length >= ENOUGH) return inMain;
    const body = all("body")[0];
    return body ? blocksOf(body, isShown) : inMain;
  };

  /** Whether the reader is in a field: what is selected there is no page's, and may be secret. */
  const isTyping = () => {
    let active = activeOf(document);
    for (let inside = active; inside; inside = shadowOf(active) && activeInside(shadowOf(active))) {
      active = inside;
    }
    return active !== null && ["input", "textarea"].includes(nameOf(active));
  };

  const read = article();
  const blocks = read.join("").length >= ENOUGH ? read : visible();
  const selection = isTyping() ? "" : String(globalThis.getSelection() ?? "").trim();
  return {
    url: globalThis.location.href,
    title: String(titleOf(document)).trim(),
    type: typeOf(document),
    text: (blocks.length ? blocks : read).join("\n\n").slice(0, MAX_CHARACTERS),
    selection: selection.slice(0, MAX_CHARACTERS),
  };
})();
