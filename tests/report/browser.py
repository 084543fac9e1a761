"""A page in a real browser: Chromium without a window, driven by the DevTools protocol over two pipes."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
    "--remote-debugging-pipe",
)
DESKTOP, PHONE = (1280, 900), (390, 844)


class Tab:
    """One tab: open a page at a size and in a colour scheme, ask it questions, look at it."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb", buffering=0), os.fdopen(answers, "rb")
        self._number = 0
        self._session: dict[str, str] = {}
        self._events: list[dict[str, Any]] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}
        self._ask("Page.enable")

    def open(self, page: Path, size: tuple[int, int] = DESKTOP, *, dark: bool = False, media: str = "") -> None:
        """Load a file; return when it has loaded, pictures included."""
        width, height = size
        phone = width < 600
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self._await("Page.loadEventFired")

    def value(self, script: str) -> Any:
        """Return what a JavaScript expression gives, a promise's result included."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def watch(self) -> None:
        """Note from now on what goes wrong and what is asked for (``errors``, ``requests``)."""
        for domain in ("Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")
        self._events.clear()

    def errors(self) -> list[str]:
        """Return what the pages complained about since ``watch``."""
        self.value("0")
        named = {"Runtime.exceptionThrown": "exceptionDetails", "Log.entryAdded": "entry"}
        found = [one["params"][named[one["method"]]] for one in self._events if one["method"] in named]
        return [str(one) for one in found]

    def requests(self) -> list[str]:
        """Return every address that was asked for since ``watch``."""
        self.value("0")
        asked = [one["params"] for one in self._events if one["method"] == "Network.requestWillBeSent"]
        return [str(one["request"]["url"]) for one in asked]

    def follow(self, script: str) -> None:
        """Evaluate what leads to another page; return when that has loaded."""
        self._ask("Runtime.evaluate", expression=script)
        self._await("Page.loadEventFired")

    def names(self) -> list[tuple[str, str]]:
        """Return (role, name) of everything that assistive technology is told of, in the order of reading."""
        nodes = self._ask("Accessibility.getFullAXTree")["nodes"]
        told = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]

    def picture(self, *, whole: bool = True) -> bytes:
        """Return the page, or what of it is on the screen, as a PNG."""
        found = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **self._clip(whole))
        return base64.b64decode(found["data"])

    def press(self, key: str) -> None:
        """Press and release Tab or Enter."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r")}[key]
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, text=text)

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self._ask("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, **self._session}
        self._commands.write(json.dumps(message).encode() + b"\0")
        answer = next(found for found in self._messages() if found.get("id") == self._number)
        assert "error" not in answer, (method, answer)
        return dict(answer["result"])

    def _await(self, event: str) -> None:
        next(found for found in self._messages() if found.get("method") == event)

    def _messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the browser says until it ends."""
        said = bytearray()
        while letter := self._answers.read(1):
            if letter == b"\0":
                found = json.loads(said)
                said.clear()
                if "method" in found:
                    self._events.append(found)
                yield found
            else:
                said += letter
        raise AssertionError("the browser ended")


@contextmanager
def browser() -> Iterator[Tab]:
    """Yield a tab of a new browser with a profile of its own; both are gone afterwards."""
    theirs, ours = zip(*(_high_pipe(), _reversed(_high_pipe())), strict=True)
    with tempfile.TemporaryDirectory(prefix="browser", ignore_cleanup_errors=True) as profile:
        started = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}',
                "bash",
                str(CHROMIUM),
                *FLAGS,
                f"--user-data-dir={profile}",
            ],
            pass_fds=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in theirs:
            os.close(end)
        try:
            yield Tab(*ours)
        finally:
            started.kill()
            started.wait()


def _high_pipe() -> tuple[int, int]:
    """Return a pipe (read, write) whose numbers are above those that the browser reads from and writes to."""
    low = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return high[0], high[1]


def _reversed(pipe: tuple[int, int]) -> tuple[int, int]:
    return pipe[1], pipe[0]
