/** The options: the server this browser is paired with, and the badge. */

import { ask, call } from "./api.js";
import { EVERY_PAGE, turnOff } from "./badge.js";
import { NotAConnection, hostPattern, isLoopback, parseConnection } from "./connection.js";
import { byId, say, t, translate, withCode } from "./dom.js";
import { hostOf } from "./links.js";
import { asTrouble, lineOf } from "./states.js";
import { forget, isBadgeOn, pairing, remember, setBadge } from "./store.js";

/** @typedef {import("./connection.js").Connection} Connection */

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

/** Show whether this browser is paired, and with what. */
async function showPairing() {
  const made = await pairing();
  byId("paired").hidden = made === null;
  byId("pair-title").textContent = t(made ? "pairAnew" : "pairTitle");
  byId("paired-with").textContent = made ? t("pairedWith", made.server, made.name) : "";
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
async function exchange({ origin, code }) {
  const name = nameField.value.trim() || t("deviceName");
  const made = await call(origin, "POST", "/pair", { body: { code, name } });
  if (await pairing()) await revoke();
  await remember({ server: origin, token: made.secret, name: made.name });
  field.value = "";
  await showPairing();
  tell(t("pairDone", hostOf(origin)));
}

/** @param {unknown} error */
function pairingFailed(error) {
  const { kind, detail } = asTrouble(error);
  return kind === "refused" && detail ? t("pairRefused", detail) : lineOf(error);
}

/** Whether the server knows by now that the token is no longer good. */
async function revoke() {
  try {
    await ask("DELETE", "/pair");
    return true;
  } catch (error) {
    return asTrouble(error).kind === "revoked";
  }
}

async function unpair() {
  const made = await pairing();
  const isRevoked = await revoke();
  await forget();
  await showPairing();
  tell(isRevoked ? t("unpaired") : t("unpairedHere", made?.name ?? ""), !isRevoked);
}

async function test() {
  try {
    const { account, version, counts } = await ask("GET", "/account");
    tell(t("testDone", version, account, counts.contacts, counts.items));
  } catch (error) {
    tell(lineOf(error), true);
  }
}

/** Turn the badge on or off; the browser asks before it lets us see every page. */
async function changeBadge() {
  if (badge.checked) badge.checked = await chrome.permissions.request(EVERY_PAGE);
  if (badge.checked) await setBadge(true);
  else await turnOffHere();
  tell(t(badge.checked ? "badgeOn" : "badgeOff"));
}

/** Turn the badge off; a server that is not on this machine needs its own permission again. */
async function turnOffHere() {
  const made = await pairing();
  await turnOff();
  if (made && !isLoopback(made.server)) {
    const origins = [hostPattern(made.server)];
    await chrome.permissions.request({ origins }).catch(() => false);
  }
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
byId("unpair").addEventListener("click", () => void unpair());
byId("test").addEventListener("click", () => void test());
badge.addEventListener("change", () => void changeBadge());
void showPairing();
void showKeys();
void isBadgeOn().then((on) => (badge.checked = on));
