"""Chromium without a window, spoken to over its debugging pipe: no driver, no port, no dependency."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_OPTIONS = (
    "--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars",
    "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-features=BackForwardCache", "--disable-dev-shm-usage", "--mute-audio", "--force-device-scale-factor=1",
    "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader",
)  # fmt: skip

_LAUNCHER = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(reads, 3)  # where the browser expects them
os.dup2(writes, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program() -> str | None:
    """Return where a Chromium is, None if there is none."""
    given = os.environ.get("SHAPELAB_CHROMIUM")
    return given or next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one tab.

    Parameters
    ----------
    profile
        An empty folder for its files.
    size
        Width and height of the window [pixels].
    """

    def __init__(self, profile: Path, size: tuple[int, int] = (460, 420)) -> None:
        found = program()
        assert found is not None
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        window = f"--window-size={size[0]},{size[1]}"
        arguments = [found, *_OPTIONS, window, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCHER, str(to_browser), str(from_browser), *arguments],
            pass_fds=(to_browser, from_browser), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self._waiting, self._number, self.events = b"", 0, list[dict[str, Any]]()
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)  # to workers

    @property
    def pid(self) -> int:
        """Number of the browser's first process."""
        return self._process.pid

    def call(self, method: str, timeout: float = 120.0, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command of the DevTools protocol and return its result; events that come meanwhile are kept.

        `session` is that of a worker, None for the page's.
        """
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if (to := session or self._session) is not None:
            message["sessionId"] = to
        os.write(self._write, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + timeout
        while True:
            answer = self._next(until)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            if "method" in answer:
                self.events.append(answer)

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            received = os.read(self._read, 1 << 20)
            assert received, "the browser has ended"
            self._waiting += received
        text, _, self._waiting = self._waiting.partition(b"\0")
        return dict(json.loads(text))

    def open(self, path: Path) -> None:
        """Open a file and return when the page says that it is ready, or that it failed."""
        self.events.clear()
        self.call("Page.navigate", url=path.resolve().as_uri())
        loaded = "new Promise(done => { const look = () => window.shapelab ? done(true) : setTimeout(look, 10); look(); })"
        self.run(loaded)

    def run(self, expression: str, worker: bool = False) -> Any:
        """Return what a JavaScript expression gives (as JSON), in the page or in its last worker; promises are waited for."""
        workers = [event["params"]["sessionId"] for event in self.events if event["method"] == "Target.attachedToTarget"]
        session = workers[-1] if worker else None
        result = self.call("Runtime.evaluate", session=session, expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"].get("exception", result["exceptionDetails"])
        return result["result"].get("value")

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Run expressions within the frame of another origin that the page has, for the block."""
        targets = self.call("Target.getTargets")["targetInfos"]
        [frame] = [target["targetId"] for target in targets if target["type"] == "iframe"]
        own, self._session = self._session, self.call("Target.attachToTarget", targetId=frame, flatten=True)["sessionId"]
        try:
            yield
        finally:
            self._session = own

    def picture(self) -> bytes:
        """Return the window as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def resize(self, width: int, height: int, dark: bool = False, mobile: bool = False) -> None:
        """Give the window another size, and the reader's system another look."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            os.close(self._write)  # which ends the browser
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._read)


def opened(browser: Chromium, path: Path) -> Chromium:
    """Open a page, which must not report an error."""
    browser.open(path)
    assert browser.run("window.shapelab.error") is None
    return browser
