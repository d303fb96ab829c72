/** What can stand between the reader and an answer, each with its own name. */

/**
 * @typedef {"unpaired" | "down" | "barred" | "slow" | "offline" | "revoked" | "limited" | "broken"
 *   | "refused" | "strange" | "unreadable" | "document" | "empty" | "stuck"} Kind
 */

const DEFAULT_WAIT_S = 60;

/** Something that went wrong, with what is known of it. */
export class Trouble extends Error {
  /**
   * @param {Kind} kind
   * @param {{ detail?: string, server?: string, wait?: number }} [more]
   */
  constructor(kind, { detail = "", server = "", wait = 0 } = {}) {
    super(`${kind} ${detail}`.trim());
    this.kind = kind;
    this.detail = detail;
    this.server = server;
    this.wait = wait;
  }
}

/**
 * How many seconds a Retry-After asks for; a minute if it can't be read (RFC 9110, 10.2.3).
 *
 * @param {string | null} header
 * @param {number} now milliseconds
 */
export function retryAfter(header, now) {
  const text = (header ?? "").trim();
  if (/^\d{1,6}$/.test(text)) return Number(text);
  const then = text.endsWith("GMT") ? Date.parse(text) : NaN;
  return Number.isNaN(then) ? DEFAULT_WAIT_S : Math.max(0, Math.ceil((then - now) / 1000));
}

/**
 * What an answer that is not a success means.
 *
 * @param {number} status
 * @param {string} detail
 * @param {string} server
 * @param {number} wait seconds
 */
export function troubleOf(status, detail, server, wait) {
  if (status === 401) return new Trouble("revoked", { server });
  if (status === 429) return new Trouble("limited", { wait, server });
  if (status >= 500) return new Trouble("broken", { detail, server });
  return new Trouble("refused", { detail, server });
}
