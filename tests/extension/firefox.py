"""A real Firefox with the extension in it, and the real button in its toolbar.

Pages are driven over WebDriver BiDi. The popup is none of its pages, so it is reached from the
browser's own window, to which the tests have access (--remote-allow-system-access): there the
button is pressed, questions of the browser are answered, and a script is put into the popup.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

from tests.extension.bidi import Bidi
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

UUID = "5a37415a-0000-4000-8000-000000000001"
"""By which pages of the extension are known in this profile; else it is drawn by lot."""
NAVIGATION = "browsingContext.navigationStarted"
STOP_S = 20.0
ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
QUIET: dict[str, str | bool | int] = {
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.dns.localDomains": "news.test,sawthis.test",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    # A mail link comes to nothing, and to no question about mail programs.
    "network.protocol-handler.external.mailto": False,
}
# Runs in the popup: does one thing, and says what is there then.
IN_POPUP = """
const { what, name, value } = %s;
const page = content.document;
const labelled = (element) => element.labels?.[0]?.textContent ?? element.textContent;
const wanted = [...page.querySelectorAll(what === "fill" ? "textarea" : "button")]
  .find((one) => labelled(one).trim() === name);
if (what === "click") wanted.click();
if (what === "fill") {
  wanted.value = value;
  wanted.dispatchEvent(new content.Event("input", { bubbles: true }));
}
sendAsyncMessage("sawthis:told", { found: Boolean(wanted), text: page.body.innerText });
"""
ASK_POPUP = """new Promise((resolve) => {
  const popup = document.querySelector(".webextension-popup-browser");
  if (!popup) return resolve(null);
  const messages = popup.messageManager;
  const told = ({ data }) => {
    messages.removeMessageListener("sawthis:told", told);
    resolve(data);
  };
  messages.addMessageListener("sawthis:told", told);
  messages.loadFrameScript("data:,(() => {" + encodeURIComponent(%s) + "})()", false);
})"""
IS_OPEN = """document.querySelector(".webextension-popup-browser")
  ?.closest("panel").state === "open" """
SHUT = """((popup) => {
  popup?.closest("panel").hidePopup();
  return !popup;
})(document.querySelector(".webextension-popup-browser"))"""
ANSWER = """[...document.querySelectorAll("#notification-popup popupnotification")]
  .map((one) => (one[%s].click(), one.textContent || one.id))"""
ANSWERED = "document.getElementById('notification-popup').state === 'closed'"


class Firefox:
    """A browser with a new profile.

    Args:
        executable: Where it is.
        profile: An empty folder.
        extension: The unpacked extension.
    """

    def __init__(self, executable: str, profile: Path, extension: Path) -> None:
        manifest = json.loads((extension / "manifest.json").read_text("utf-8"))
        self.id: str = manifest["browser_specific_settings"]["gecko"]["id"]
        uuids = {"extensions.webextensions.uuids": json.dumps({self.id: UUID})}
        lines = [
            f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in (QUIET | uuids).items()
        ]
        (profile / "user.js").write_text("\n".join(lines))
        self._log = profile.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [executable, "--headless", "--no-remote", "--profile", profile,
                 "--remote-debugging-port", "0", "--remote-allow-system-access"],
                stdout=subprocess.DEVNULL, stderr=log,
            )  # fmt: skip
        try:
            self.bidi = Bidi(until(self._address))
            self.bidi.call(
                "session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}}
            )
            self.bidi.call("session.subscribe", events=[NAVIGATION])
            path = {"type": "path", "path": str(extension)}
            self.bidi.call("webExtension.install", extensionData=path)
            self._window = self._pin()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def _address(self) -> str | None:
        assert self._process.poll() is None, self._log.read_text("utf-8", "replace")
        found = ADDRESS.search(self._log.read_text("utf-8", "replace"))
        return found[1] if found else None

    def _pin(self) -> str:
        """Put the button into the toolbar; the browser's own window."""
        tree = self.bidi.call("browsingContext.getTree", **{"moz:scope": "chrome"})
        window = str(tree["contexts"][0]["context"])
        pin = f"CustomizableUI.addWidgetToArea('{self._widget}-browser-action', 'nav-bar')"
        self.bidi.evaluate(window, f"{pin} ?? null")
        return window

    @property
    def _widget(self) -> str:
        return re.sub(r"[^a-z0-9_-]", "_", self.id.lower())

    def url(self, path: str) -> str:
        """The address of a file of the extension."""
        return f"moz-extension://{UUID}/{path}"

    def open(self, url: str) -> str:
        """A page in a new tab, in front; its context."""
        made = self.bidi.call("browsingContext.create", type="tab")["context"]
        self.bidi.call("browsingContext.navigate", context=made, url=url, wait="complete")
        return str(made)

    def remember(self, stored: dict[str, str]) -> None:
        """Put this into the extension's storage, and nothing else."""
        options = self.open(self.url("options.html"))
        put = f"browser.storage.local.set({json.dumps(stored)})"
        self.bidi.evaluate(options, f"browser.storage.local.clear().then(() => {put})")
        self.bidi.call("browsingContext.close", context=options)

    def click(self, page: str) -> None:
        """Press the button in the toolbar over a page; a popup that is open makes way."""
        self.bidi.call("browsingContext.activate", context=page)
        self.shut()
        press = f"(document.getElementById('{self._widget}-BAP').click(), null)"
        self.bidi.evaluate(self._window, press)
        until(lambda: self.bidi.evaluate(self._window, IS_OPEN))

    def shut(self) -> None:
        """Close the popup, if there is one."""
        until(lambda: self.bidi.evaluate(self._window, SHUT))

    def mail_links(self) -> list[str]:
        """The mail links that were opened."""
        self.bidi.call("session.status")  # what was told before the answer is in by then
        urls = [one["params"]["url"] for one in self.bidi.events if one["method"] == NAVIGATION]
        return [url for url in urls if url.startswith("mailto:")]

    def popup(self, what: str = "look", name: str = "", value: str = "") -> str | None:
        """Do something in the popup; its text then, or None as long as it can't be done."""
        script = IN_POPUP % json.dumps({"what": what, "name": name, "value": value})
        told = self.bidi.evaluate(self._window, ASK_POPUP % json.dumps(script))
        return str(told["text"]) if told and (what == "look" or told["found"]) else None

    def popup_width(self) -> int:
        """How wide the browser has made the popup."""
        found = "document.querySelector('.webextension-popup-browser')"
        return int(self.bidi.evaluate(self._window, f"{found}.clientWidth"))

    def press(self, name: str) -> str:
        """Press a button of the popup when it is there."""
        return until(lambda: self.popup("click", name))

    def until_told(self, words: str) -> str:
        """The popup's text when it says something."""
        return until(lambda: text if words in (text := self.popup() or "") else None)

    def answer(self, *, yes: bool) -> None:
        """Answer what the browser asks, when it does."""
        button = json.dumps("button" if yes else "secondaryButton")
        until(lambda: self.bidi.evaluate(self._window, ANSWER % button))
        until(lambda: self.bidi.evaluate(self._window, ANSWERED))

    def close(self) -> None:
        """End it, as a user does."""
        try:
            self.bidi.call("browser.close")
            self.bidi.close()
            self._process.wait(STOP_S)
        finally:
            self._process.kill()
            self._process.wait()
