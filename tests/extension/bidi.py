"""Talking WebDriver BiDi with a browser, as far as the tests need it (w3.org/TR/webdriver-bidi)."""

from __future__ import annotations

import json
from typing import Any

import websocket

PATIENCE_S = 20.0


class BidiError(AssertionError):
    """The browser would not do something."""


class Bidi:
    """A session with a browser.

    Attributes:
        events: What the browser told unasked, in order.
    """

    def __init__(self, address: str) -> None:
        # The browser takes no foreign Origin, and this library would send one.
        self._socket = websocket.create_connection(
            f"{address}/session", timeout=PATIENCE_S, suppress_origin=True
        )
        self._n_asked = 0
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._n_asked += 1
        asked = self._n_asked
        self._socket.send(json.dumps({"id": asked, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("id") == asked:
                break
            self.events.append(told)
        if told["type"] == "error":
            raise BidiError(f"{method}: {told['error']}: {told['message']}")
        found = told["result"]
        assert isinstance(found, dict)
        return found

    def evaluate(self, context: str, expression: str, **how: object) -> Any:
        """What an expression comes to in a page, if JSON can tell."""
        answer = self.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": context},
            awaitPromise=True,
            **how,
        )
        if answer["type"] == "exception":
            raise BidiError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def locate(self, context: str, role: str, name: str) -> dict[str, Any]:
        """The one element of a role and a name, as assistive programs know it."""
        found = self.call(
            "browsingContext.locateNodes",
            context=context,
            locator={"type": "accessibility", "value": {"role": role, "name": name}},
        )["nodes"]
        assert len(found) == 1, f"{len(found)} elements are a {role} called {name}"
        return {"sharedId": found[0]["sharedId"]}

    def click(self, context: str, element: dict[str, Any]) -> None:
        """Click on an element with the mouse, as a person does."""
        self.call(
            "script.callFunction",
            functionDeclaration="(element) => element.scrollIntoView({ block: 'center' })",
            arguments=[element],
            target={"context": context},
            awaitPromise=False,
        )
        at = {"type": "element", "element": element}
        move = {"type": "pointerMove", "x": 0, "y": 0, "origin": at}
        steps = [move, *({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self.call("input.performActions", context=context, actions=[mouse])

    def type(self, context: str, text: str) -> None:
        """Type into what has the focus."""
        steps = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        keys = {"type": "key", "id": "keys", "actions": steps}
        self.call("input.performActions", context=context, actions=[keys])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
