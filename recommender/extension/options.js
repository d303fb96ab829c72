/** The options: the server this browser is paired with, and the badge. */

import { ask } from "./api.js";
import { EVERY_PAGE, giveBackPages, turnOff } from "./badge.js";
import { NotAConnection, hostPattern, parseConnection } from "./connection.js";
import { byId, say, t, translate, withCode } from "./dom.js";
import { hostOf } from "./links.js";
import { leave, pairWith, unpair } from "./pairing.js";
import { asTrouble, lineOf } from "./states.js";
import { isBadgeOn, pairing, setBadge } from "./store.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./store.js").Pairing} Pairing */

const field = /** @type {HTMLInputElement} */ (byId("connection"));
const nameField = /** @type {HTMLInputElement} */ (byId("device"));
const badge = /** @type {HTMLInputElement} */ (byId("badge"));

/**
 * Tell what came of something, where everybody sees and hears it.
 *
 * @param {string} text
 * @param {boolean} isWrong
 */
function tell(text, isWrong = false) {
  const said = byId("said");
  said.replaceChildren(...withCode(text));
  said.classList.toggle("wrong", isWrong);
  said.hidden = text === "";
  say(text);
}

/** Show whether this browser is paired, and with what; and the badge, which goes with that. */
async function showPairing() {
  const made = await pairing();
  byId("paired").hidden = made === null;
  byId("pair-title").textContent = t(made ? "pairAnew" : "pairTitle");
  byId("paired-with").textContent = made ? t("pairedWith", made.server, made.name) : "";
  badge.checked = await isBadgeOn();
}

/**
 * Pair. The permission is asked for first and at once: browsers grant it to a click only.
 *
 * @param {SubmitEvent} event
 */
async function pair(event) {
  event.preventDefault();
  const submit = /** @type {HTMLButtonElement} */ (event.submitter ?? byId("pair"));
  if (submit.disabled) return;
  try {
    const connection = parseConnection(field.value);
    field.removeAttribute("aria-invalid");
    const granted = chrome.permissions.request({ origins: [hostPattern(connection.origin)] });
    submit.disabled = true;
    tell(t("pairing", hostOf(connection.origin)));
    if (await granted) await exchange(connection);
    else tell(t("pairBarred", hostOf(connection.origin)), true);
  } catch (error) {
    field.setAttribute("aria-invalid", "true");
    tell(error instanceof NotAConnection ? t(error.word) : pairingFailed(error), true);
    field.focus();
  }
  submit.disabled = false;
}

/** @param {Connection} connection */
async function exchange(connection) {
  const old = await pairWith(connection, nameField.value.trim() || t("deviceName"));
  field.value = "";
  await showPairing();
  const done = t("pairDone", hostOf(connection.origin));
  tell(done);
  if (old) void tellOld(old, done);
}

/**
 * Tell the server before, and the reader if it could not be told.
 *
 * @param {Pairing} old
 * @param {string} done
 */
async function tellOld(old, done) {
  if (await leave(old)) return;
  tell(`${done} ${t("leftBehind", hostOf(old.server), old.name)}`, true);
}

/** @param {unknown} error */
function pairingFailed(error) {
  const { kind, detail } = asTrouble(error);
  return kind === "refused" && detail ? t("pairRefused", detail) : lineOf(error);
}

async function endPairing() {
  const old = await unpair();
  await showPairing();
  if (old === null) return;
  const host = hostOf(old.server);
  tell(t("unpairing", host));
  const isRevoked = await leave(old);
  tell(isRevoked ? t("unpaired") : t("leftBehind", host, old.name), !isRevoked);
}

async function test() {
  try {
    const { account, version, counts } = await ask("GET", "/account");
    tell(t("testDone", version, account, counts.contacts, counts.items));
  } catch (error) {
    tell(lineOf(error), true);
  }
}

/**
 * Let a button do something, but not twice at once.
 *
 * @param {string} id
 * @param {() => Promise<void>} work
 */
function onClick(id, work) {
  const pressed = /** @type {HTMLButtonElement} */ (byId(id));
  pressed.addEventListener("click", async () => {
    pressed.disabled = true;
    await work();
    pressed.disabled = false;
    if (document.activeElement === document.body) pressed.focus();
  });
}

/** Turn the badge on or off; the browser asks before it lets us see every page. */
async function changeBadge() {
  if (badge.checked) badge.checked = await chrome.permissions.request(EVERY_PAGE);
  if (badge.checked) await setBadge(true);
  else await turnOff();
  if (!badge.checked) await giveBackPages();
  tell(t(badge.checked ? "badgeOn" : "badgeOff"));
}

/** The keys that open the popup, as the reader has them. */
async function showKeys() {
  const commands = await chrome.commands.getAll();
  const shortcut = commands.find(({ name }) => name === "_execute_action")?.shortcut;
  byId("keys").textContent = shortcut ? t("keysAre", shortcut) : t("keysNone");
}

translate();
nameField.placeholder = t("deviceName");
byId("pairing").addEventListener("submit", (event) => void pair(/** @type {any} */ (event)));
onClick("unpair", endPairing);
onClick("test", test);
badge.addEventListener("change", () => void changeBadge());
void showPairing();
void showKeys();
