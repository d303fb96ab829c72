import assert from "node:assert/strict";
import { test } from "node:test";

import { retryAfter, troubleOf } from "../../recommender/extension/trouble.js";

const NOW = Date.parse("2026-11-24T09:00:00Z");

test("Retry-After is seconds or a date, and a minute where it says nothing", () => {
  assert.equal(retryAfter("7", NOW), 7);
  assert.equal(retryAfter(" 120 ", NOW), 120);
  assert.equal(retryAfter("Tue, 24 Nov 2026 09:00:30 GMT", NOW), 30);
  assert.equal(retryAfter("Tue, 24 Nov 2026 08:00:00 GMT", NOW), 0);
  for (const header of [null, "", "soon", "soon GMT", "-5", "9".repeat(20)]) {
    assert.equal(retryAfter(header, NOW), 60, String(header));
  }
});

test("each status has its trouble", () => {
  for (const [status, kind] of [
    [401, "revoked"],
    [429, "limited"],
    [500, "broken"],
    [503, "broken"],
    [403, "refused"],
    [404, "refused"],
    [422, "refused"],
  ]) {
    assert.equal(troubleOf(status, "why", "http://127.0.0.1", 9).kind, kind);
  }
  assert.equal(troubleOf(429, "", "", 9).wait, 9);
  assert.equal(troubleOf(422, "no address", "", 0).detail, "no address");
});
