import assert from "node:assert/strict";
import { test } from "node:test";

import { hostOf, isMailto, isWeb, plainAddress } from "../../recommender/extension/links.js";

test("only a mail link opens the mail program", () => {
  assert.ok(isMailto("mailto:joe@example.org?subject=Gr%C3%BC%C3%9Fe%20%26%20more&body=a%0D%0Ab"));
  for (const link of [
    "javascript:alert(1)",
    " mailto:joe@x.example",
    "https://x.example",
    "mailto:",
    "mailto:joe@x.example\njavascript:alert(1)",
    "data:text/html,mailto:joe@x.example",
  ]) {
    assert.equal(isMailto(link), false, link);
  }
});

test("only pages of the web are read and linked", () => {
  assert.ok(isWeb("https://example.org/a"));
  assert.ok(isWeb("http://127.0.0.1:8765/"));
  for (const address of [
    undefined,
    "",
    "chrome://version",
    "about:blank",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "chrome-extension://abc/popup.html",
    "https://",
    "view-source:https://x",
  ]) {
    assert.equal(isWeb(address), false, String(address));
  }
});

test("an address is told without fragment, user and password", () => {
  assert.equal(plainAddress("https://me:secret@a.example/x?q=1#part"), "https://a.example/x?q=1");
  assert.equal(plainAddress("https://a.example/#"), "https://a.example/");
  assert.equal(plainAddress("https://a.example/x#:~:text=y"), "https://a.example/x");
  assert.equal(hostOf("https://www.a.example:444/x"), "a.example:444");
  assert.equal(hostOf("nonsense"), "");
});

test("a fragment that is where a page is stays with its address", () => {
  for (const address of ["https://a.example/app#/post/1", "https://a.example/#!post/1?x=y"]) {
    assert.equal(plainAddress(address), address);
  }
});
