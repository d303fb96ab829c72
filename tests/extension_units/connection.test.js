import assert from "node:assert/strict";
import { test } from "node:test";

import {
  hostPattern,
  isLoopback,
  parseConnection,
} from "../../recommender/extension/connection.js";

test("what Settings shows is read", () => {
  for (const [text, origin] of [
    ["http://127.0.0.1:8765#ABCD-EFGH", "http://127.0.0.1:8765"],
    ["  http://localhost:8765/#abcdefgh \n", "http://localhost:8765"],
    ["https://sawthis.example#ABCD-EFGH", "https://sawthis.example"],
    ["HTTPS://Sawthis.Example:444/#ABCD-EFGH", "https://sawthis.example:444"],
  ]) {
    assert.deepEqual(parseConnection(text), { origin, code: parseConnection(text).code });
    assert.match(parseConnection(text).code, /^ABCD-?EFGH$/);
  }
});

test("what is wrong is said by its word", () => {
  const wrong = {
    connectionShape: [
      "",
      "ABCD-EFGH",
      "127.0.0.1:8765#ABCD-EFGH",
      "http://127.0.0.1:8765",
      "http://127.0.0.1:8765#",
      "http://me:secret@127.0.0.1:8765#ABCD-EFGH",
      "http://127.0.0.1:8765@evil.example#ABCD-EFGH",
      "http://127.0.0.1:8765/api#ABCD-EFGH",
      "http://127.0.0.1:8765?x=1#ABCD-EFGH",
      "http:\\\\evil.example#ABCD-EFGH",
      "http:/127.0.0.1#ABCD-EFGH",
      "https://sawthis example#ABCD-EFGH",
      "https://sawthis.example:99999#ABCD-EFGH",
      "javascript:alert(1)#ABCD-EFGH",
      "file:///etc/passwd#ABCD-EFGH",
    ],
    connectionHttp: [
      "http://sawthis.example#ABCD-EFGH",
      "http://127.0.0.1.evil.example#ABCD-EFGH",
      "http://192.168.1.5:8765#ABCD-EFGH",
      "http://[::1]:8765#ABCD-EFGH",
    ],
    connectionCode: [
      "http://127.0.0.1:8765#ABCD",
      "http://127.0.0.1:8765#ABCD-EFGH-JKMN",
      "http://127.0.0.1:8765#ABCD-EFG0",
      "http://127.0.0.1:8765#ABCD-EFG%20",
      "http://127.0.0.1:8765#ABCD#EFGH",
    ],
  };
  for (const [word, texts] of Object.entries(wrong)) {
    for (const text of texts) assert.throws(() => parseConnection(text), { word }, text);
  }
});

test("a short form of this machine's address is its address", () => {
  assert.equal(parseConnection("http://127.1:8765#ABCD-EFGH").origin, "http://127.0.0.1:8765");
  assert.equal(isLoopback("http://localhost:1"), true);
  assert.equal(isLoopback("https://localhost.example"), false);
});

test("a permission names the host without its port", () => {
  assert.equal(hostPattern("http://127.0.0.1:8765"), "http://127.0.0.1/*");
  assert.equal(hostPattern("https://sawthis.example"), "https://sawthis.example/*");
});
