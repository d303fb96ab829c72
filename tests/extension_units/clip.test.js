import assert from "node:assert/strict";
import { test } from "node:test";

import {
  MAX_BYTES,
  bounded,
  firstOf,
  fitted,
  jsonBytes,
} from "../../recommender/extension/clip.js";

const body = (text) => ({ url: "https://a.example/", title: "A “title”", text, limit: 5 });

test("what fits is left as it is", () => {
  const small = body("Grayling take a small nymph.");
  assert.equal(fitted(small), small);
});

test("whatever the letters, the whole stays below the limit and loses little", () => {
  for (const letters of ["a", "é", "漢", "🎣", '"\n', "\u0001", "a🎣é"]) {
    const clipped = fitted(body(letters.repeat(MAX_BYTES)));
    const size = jsonBytes(clipped);
    assert.ok(size <= MAX_BYTES, `${letters}: ${size}`);
    assert.ok(size > MAX_BYTES - 16, `${letters}: ${size}`);
    assert.ok(clipped.text.isWellFormed(), letters);
    assert.deepEqual({ ...clipped, text: "" }, body(""));
  }
});

test("where the rest takes all the room, no text is left", () => {
  assert.equal(fitted({ text: "abc", note: "x".repeat(200) }, 100).text, "");
});

test("a character is not cut in two", () => {
  assert.equal(firstOf("a🎣b", 2), "a");
  assert.equal(firstOf("a🎣b", 3), "a🎣");
});

test("a page is as large as the service takes, and keeps its address whole or not at all", () => {
  const long = "x".repeat(200_000);
  const page = bounded({
    url: `https://a.example/${long}`,
    title: long,
    selection: long,
    text: long,
  });
  assert.equal(page.url, "");
  assert.equal(page.title.length, 1000);
  assert.equal(page.selection.length, 10_000);
  assert.equal(page.text.length, 100_000);
});
