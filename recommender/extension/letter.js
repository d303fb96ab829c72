/**
 * What is done about one person: write, send, "did you send it?", not for them, undo.
 *
 * The popup closes when the mail program takes over, so every step is noted in the service at
 * once, and a card that was "opened" comes back asking.
 */

import { button, make, say, t, withCode } from "./dom.js";
import { isMailto } from "./links.js";
import { begunNote, dropNote, keepNote } from "./notes.js";
import { lineOf } from "./states.js";
import { Trouble } from "./trouble.js";

/** @typedef {"mailto" | "text"} Form */
/**
 * @typedef {{ label: string, said: string, act: () => Promise<unknown>,
 *   undo: () => Promise<unknown> }} Away  Leaving somebody out, and how that is said.
 *
 * @typedef {object} Deed
 * @property {string} id  What elements are called by.
 * @property {string} place  What the note is kept by while it is not sent.
 * @property {string} name  First name.
 * @property {string} note  The draft.
 * @property {boolean} canMail  Whether there is an address; else the note is copied.
 * @property {boolean} [isCall]  Whether there is nothing to write.
 * @property {boolean} isOpen  Whether the note lies open.
 * @property {number} tabId  Where mail links are opened.
 * @property {(note: string, form: Form) => Promise<string>} open  Note it; gives the draft.
 * @property {(note: string, form: Form) => Promise<string>} again  The draft once more.
 * @property {() => Promise<unknown>} sent
 * @property {() => Promise<unknown>} unsent  Take "sent" back.
 * @property {() => Promise<unknown>} notYet  Take "opened" back.
 * @property {Away | null} away
 */

/** One person's actions; `element` shows whichever step is due. */
export class Letter {
  /** @param {Deed} deed */
  constructor(deed) {
    this.deed = deed;
    this.note = deed.note;
    this.canMail = deed.canMail;
    this.element = make("div", { class: "act" });
    this.restored = this.restore();
  }

  /** Go on with the note that was begun before the popup closed. */
  async restore() {
    const begun = await begunNote(this.deed.place);
    if (begun === null) return;
    this.note = begun;
    const area = this.element.querySelector("textarea");
    if (area) area.value = begun;
  }

  /** The note, to be changed, and the ways to go from there. */
  ready() {
    const { name, isCall, away } = this.deed;
    const label = t(isCall ? "iCalled" : this.canMail ? "sendTo" : "copyFor", name);
    const first = button(label, "", () => (isCall ? this.sent() : this.open()));
    const leave = away && button(away.label, "quiet-button", () => this.putAway(away));
    this.show(isCall ? "" : this.noteField(), make("div", { class: "actions" }, first, leave));
  }

  noteField() {
    const { id, name, isOpen } = this.deed;
    const area = make("textarea", { id: `note-${id}`, rows: "5", maxlength: "10000", dir: "auto" });
    area.value = this.note;
    area.addEventListener("input", () => {
      this.note = area.value;
      void keepNote(this.deed.place, area.value);
    });
    const label = make("label", { for: area.id, class: "unseen" }, t("noteFor", name));
    const summary = make("summary", {}, t("yourNote"));
    const details = make("details", { class: "note" }, summary, label, area);
    details.open = isOpen;
    return details;
  }

  /** The question that only the reader can answer. */
  asked() {
    const label = t(this.canMail ? "openAgain" : "copyAgain");
    const again = button(label, "quiet-button", () => this.again());
    this.show(
      make(
        "fieldset",
        { class: "asked" },
        make("legend", {}, t("didYouSend")),
        make(
          "div",
          { class: "actions" },
          button(t("yesSent"), "", () => this.sent()),
          button(t("notYet"), "outline", () => this.notYet()),
          again,
        ),
      ),
    );
  }

  /**
   * What was done, with the way back.
   *
   * @param {string} said
   * @param {() => Promise<unknown>} undo
   * @param {() => void} back
   */
  settled(said, undo, back) {
    const take = () =>
      this.doing(async () => {
        await undo();
        back();
        say(t("takenBack"));
      });
    const row = make("div", { class: "settled" }, make("p", {}, said));
    row.append(button(t("undo"), "outline small", take));
    this.show(row);
    say(said);
  }

  async open() {
    await this.doing(async () => {
      const draft = await this.drafted(this.deed.open);
      this.asked();
      await this.hand(draft);
    });
  }

  async again() {
    await this.doing(async () => this.hand(await this.drafted(this.deed.again)), true);
  }

  /**
   * A draft as a link, or as a text where there is no address to link to.
   *
   * @param {Deed["open"]} draft
   */
  async drafted(draft) {
    await this.restored;
    try {
      return await draft(this.note, this.canMail ? "mailto" : "text");
    } catch (error) {
      const isRefused = error instanceof Trouble && error.kind === "refused";
      if (!this.canMail || !isRefused) throw error;
      const text = await draft(this.note, "text");
      this.canMail = false;
      return text;
    }
  }

  async sent() {
    await this.doing(async () => {
      const { name, isCall, place } = this.deed;
      await this.deed.sent();
      await dropNote(place);
      const back = () => (isCall ? this.ready() : this.asked());
      this.settled(t(isCall ? "called" : "sentTo", name), () => this.deed.unsent(), back);
    });
  }

  async notYet() {
    await this.doing(async () => {
      await this.deed.notYet();
      this.ready();
      say(t("notSentYet"));
    });
  }

  /** @param {Away} away */
  async putAway(away) {
    await this.doing(async () => {
      await away.act();
      await dropNote(this.deed.place);
      this.settled(away.said, away.undo, () => this.ready());
    });
  }

  /**
   * Give the draft to the mail program, or to the clipboard.
   *
   * @param {string} draft
   */
  async hand(draft) {
    if (!this.canMail) {
      await this.copy(draft);
    } else if (isMailto(draft)) {
      say(t("mailOpens"));
      await chrome.tabs.update(this.deed.tabId, { url: draft });
    } else {
      throw new Error(t("notAMail"));
    }
  }

  /** @param {string} draft */
  async copy(draft) {
    try {
      await navigator.clipboard.writeText(draft);
      say(t("copied"));
    } catch {
      const area = make("textarea", {
        readonly: "",
        rows: "5",
        dir: "auto",
        "aria-label": t("yourNote"),
      });
      area.value = draft;
      this.element.prepend(area);
      area.select();
      say(t("selectedToCopy"));
    }
  }

  /**
   * Do something with the buttons at rest, and say beside them if it fails.
   *
   * @param {() => Promise<unknown>} work
   * @param {boolean} stays
   */
  async doing(work, stays = false) {
    const held = [...this.element.querySelectorAll("button")];
    if (held.some((one) => one.disabled)) return;
    for (const one of held) one.disabled = true;
    this.element.querySelector(".failed")?.remove();
    try {
      await work();
    } catch (error) {
      this.element.append(
        make("p", { class: "failed", role: "alert" }, ...withCode(lineOf(error))),
      );
      stays = true;
    }
    for (const one of held) one.disabled = false;
    if (!stays) this.focus();
  }

  /** The buttons were replaced, and with them where the keyboard was. */
  focus() {
    if (document.activeElement === document.body || document.activeElement === null) {
      this.element.querySelector("button")?.focus();
    }
  }

  /** @param {...(Node | string)} nodes */
  show(...nodes) {
    this.element.replaceChildren(...nodes);
  }
}
