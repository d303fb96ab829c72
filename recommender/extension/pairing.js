/**
 * Being paired with one server, and with that no longer: the other server knows nothing of the
 * first one's token, and whatever was allowed or kept because of the first one ends with it.
 */

import { call } from "./api.js";
import { giveBackPages, turnOff } from "./badge.js";
import { hostPattern, isLoopback } from "./connection.js";
import { asTrouble } from "./states.js";
import { forget, isBadgeOn, pairing, remember } from "./store.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("./connection.js").Connection} Connection */
/** @typedef {import("./store.js").Pairing} Pairing */

/**
 * Exchange a code for a token; gives the pairing that this one takes the place of.
 *
 * The new one is kept before the old server is told, for that may take long, or for ever.
 *
 * @param {Connection} connection
 * @param {string} device
 * @returns {Promise<Pairing | null>}
 */
export async function pairWith({ origin, code }, device) {
  const made = await call(origin, "POST", "/pair", { body: { code, name: device } });
  const [token, name] = [made?.secret, made?.name];
  const isOurs = typeof token === "string" && token !== "" && typeof name === "string";
  if (!isOurs) throw new Trouble("strange", { server: origin });
  const old = await pairing();
  if (old && old.server !== origin) await endBadgeAndNotes();
  await remember({ server: origin, token, name });
  return old;
}

/** Forget the pairing; gives it, so that its server can be told. */
export async function unpair() {
  const old = await pairing();
  await endBadgeAndNotes();
  await forget();
  return old;
}

async function endBadgeAndNotes() {
  await turnOff();
  await chrome.storage.session.clear();
}

/**
 * Take leave of a server, and whether it knows that its token is no longer good. What was allowed
 * is given back after that: a server elsewhere can't be told without.
 *
 * @param {Pairing} old
 */
export async function leave(old) {
  const isRevoked = await revoke(old);
  const isLeft = (await pairing())?.server !== old.server;
  if (isLeft && !isLoopback(old.server)) {
    await chrome.permissions.remove({ origins: [hostPattern(old.server)] });
  }
  if (!(await isBadgeOn())) await giveBackPages();
  return isRevoked;
}

/** @param {Pairing} old */
async function revoke({ server, token }) {
  try {
    await call(server, "DELETE", "/pair", { token });
    return true;
  } catch (error) {
    return asTrouble(error).kind === "revoked";
  }
}
