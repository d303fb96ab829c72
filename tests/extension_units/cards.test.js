import assert from "node:assert/strict";
import { test } from "node:test";

import { crc32, initials, nameOf } from "../../recommender/extension/cards.js";

test("the checksum is zlib's", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
  assert.equal(crc32(""), 0);
  assert.equal(crc32("Zoë"), 0x67ac422a);
});

test("an avatar has the first letters of the first and the last word", () => {
  for (const [name, letters] of [
    ["Joe Ferraro", "JF"],
    ["aïcha ben ali", "AA"],
    ["Cher", "C"],
    ["(Uncle) Tom", "UT"],
    ["李 小龙", "李小"],
    ["— —", "?"],
  ]) {
    assert.equal(initials(name), letters, name);
  }
});

test("somebody is called by the first name where it is known", () => {
  assert.equal(nameOf({ id: "1", slug: "j", name: "Joe Ferraro", first_name: "Joe" }), "Joe");
  assert.equal(nameOf({ id: "1", slug: "j", name: "Joe Ferraro", first_name: "" }), "Joe Ferraro");
  assert.equal(nameOf({ id: "1", slug: "j", name: "Joe Ferraro" }), "Joe Ferraro");
});
