"""A real Chromium for the tests of the page. CI never leaves them out; a laptop without one does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def missing(what: str) -> None:
    """Leave the test out, or fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"there is no {what} here")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser with a fresh profile."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright (the extra `browser`)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Opened:
    """A page in the browser: what it said on the console, and what it asked the network for."""

    def __init__(self, page: Any, file: Path) -> None:
        self.page = page
        self.file = file
        self.said: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def goto(self, hash: str = "") -> Opened:
        """Open the file with an address."""
        self.page.goto("about:blank")
        self.page.goto(self.file.as_uri() + hash)
        self.page.wait_for_selector("#rows tbody tr, #rows-panel[hidden]", state="attached")  # drawn when all rests
        return self

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def exact(self, quantity: str = "mult_adds") -> str:
        """The total that is shown, in plain digits, at the next frame."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shown = self.page.inner_text(f"#total-{quantity}")
        plain = self.page.get_attribute(f"#total-{quantity}", "data-exact")
        assert shown.replace(",", "") == plain or (shown, plain) == ("–", "")
        return str(plain)


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Open a file in a new page; afterwards, nothing was on the console and nothing but the file was asked for."""
    pages: list[Opened] = []

    def open_page(file: Path, hash: str = "", *, width: int = 1280, height: int = 900, scheme: str = "light") -> Opened:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        pages.append(Opened(context.new_page(), file))
        return pages[-1].goto(hash)

    yield open_page
    for one in pages:
        assert one.said == []
        asked = [url for url in one.requests if not url.startswith(("about:", "data:"))]
        assert all(url.split("#")[0] == one.file.as_uri() for url in asked), asked
        one.page.context.close()
