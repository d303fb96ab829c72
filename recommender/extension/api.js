/**
 * The service's API. Called from the extension's own pages and its worker only, with the token in
 * a header and never in an address.
 */

import { fitted } from "./clip.js";
import { hostPattern, isLoopback } from "./connection.js";
import { pairing } from "./store.js";
import { Trouble, retryAfter, troubleOf } from "./trouble.js";

/** @typedef {import("./store.js").Pairing} Pairing */
/** @typedef {Record<string, unknown>} Body */

export const PATIENCE_MS = 30_000;

/**
 * A write keeps its key until it is known what became of it.
 *
 * @type {Map<string, string>}
 */
const keys = new Map();
/** @type {Map<string, Promise<any>>} */
const underWay = new Map();

/** The pairing, or the trouble that there is none. */
export async function paired() {
  const found = await pairing();
  if (found === null) throw new Trouble("unpaired");
  return found;
}

/**
 * What the service answers to a question.
 *
 * @param {string} method
 * @param {string} path
 * @param {Body} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  const { server, token } = await paired();
  return call(server, method, path, { token, body });
}

/**
 * An answer that holds a list of people, as nothing else has that may answer there.
 *
 * @param {string} list
 * @param {string} method
 * @param {string} path
 * @param {Body} [body]
 * @returns {Promise<any>}
 */
export async function askForList(list, method, path, body) {
  const { server, token } = await paired();
  const answer = await call(server, method, path, { token, body });
  const found = answer?.[list];
  const isOurs =
    Array.isArray(found) && found.every((one) => typeof one?.contact?.name === "string");
  if (!isOurs) throw new Trouble("strange", { server });
  return answer;
}

/**
 * Do a write once: a second click while it is under way gets the first one's answer, and a retry
 * after no answer came says by its key that it is the same.
 *
 * @param {string} path
 * @param {Body} body
 * @returns {Promise<any>}
 */
export function write(path, body) {
  const what = `${path}\n${JSON.stringify(body)}`;
  const running = underWay.get(what) ?? settle(what, path, body);
  underWay.set(what, running);
  return running;
}

/**
 * @param {string} what
 * @param {string} path
 * @param {Body} body
 */
async function settle(what, path, body) {
  try {
    const { server, token } = await paired();
    const key = keys.get(what) ?? crypto.randomUUID();
    keys.set(what, key);
    const answer = await call(server, "POST", path, { token, body, key });
    keys.delete(what);
    return answer;
  } catch (error) {
    const isSettled = error instanceof Trouble && ["refused", "revoked"].includes(error.kind);
    if (isSettled) keys.delete(what);
    throw error;
  } finally {
    underWay.delete(what);
  }
}

/**
 * One request, and its answer or its trouble.
 *
 * @param {string} server
 * @param {string} method
 * @param {string} path
 * @param {{ token?: string, body?: Body | undefined, key?: string }} [more]
 * @returns {Promise<any>}
 */
export async function call(server, method, path, { token, body, key } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (token) headers["Authorization"] = `Bearer ${token}`;
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  const response = await reach(server, path, {
    method,
    headers,
    body: body ? JSON.stringify(hasText(body) ? fitted(body) : body) : null,
  });
  return read(response, server);
}

/**
 * @param {string} server
 * @param {string} path
 * @param {RequestInit} request
 */
async function reach(server, path, request) {
  try {
    return await fetch(`${server}/api/v1${path}`, {
      ...request,
      credentials: "omit",
      redirect: "error",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    throw await whyUnreached(error, server);
  }
}

/**
 * @param {unknown} error
 * @param {string} server
 */
async function whyUnreached(error, server) {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new Trouble("slow", { server });
  }
  if (!navigator.onLine && !isLoopback(server)) return new Trouble("offline", { server });
  const isAllowed = await chrome.permissions.contains({ origins: [hostPattern(server)] });
  return new Trouble(isAllowed ? "down" : "barred", { server });
}

/**
 * @param {Response} response
 * @param {string} server
 */
async function read(response, server) {
  if (response.status === 204) return null;
  /** @type {any} */
  let answer = null;
  try {
    answer = await response.json();
  } catch (error) {
    if (error instanceof DOMException) throw await whyUnreached(error, server);
    if (response.ok) throw new Trouble("strange", { server });
  }
  if (response.ok) return answer;
  const detail = typeof answer?.detail === "string" ? answer.detail : "";
  const wait = retryAfter(response.headers.get("Retry-After"), Date.now());
  throw troubleOf(response.status, detail, server, wait);
}

/**
 * @param {Body} body
 * @returns {body is Body & { text: string }}
 */
function hasText(body) {
  return typeof body["text"] === "string";
}
