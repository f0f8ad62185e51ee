"""A real browser on a real server. Skipped, saying why, where there is no Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("streamlit", reason="the extra `app` is not installed")

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
CHEAP = """  - id: cheap
    title: {en: Too cheap, zh: 价格过低}
    when: price < 5 # the least that pays for the parcel
    then: {verdict: review}
    reason: {en: "{price:2} does not pay for the parcel", zh: "{price:2} 不足以支付包裹费用"}
"""
"""A rule with a number in it, for the starter project."""

WAIT = 30_000
"""Milliseconds that a busy machine may take for one step."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no Chromium: apt-get install chromium"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """`weighbridge app` on a project, as one person."""

    def __init__(self, project: Path, person: str) -> None:
        self.project, self.person, self.port = project, person, free_port()
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "weighbridge", "app", "--project", str(self.project), "--no-browser"]
        command += ["--port", str(self.port), "--as", self.person]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": str(self.project)},
        )
        end = time.monotonic() + 90
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, "the server ended"
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.1)

    def kill(self) -> None:
        """Ends the server at once, whatever it does."""
        self.process.kill()
        self.process.wait()

    def address(self, page: str, **query: str) -> str:
        rest = "&".join(f"{k}={v}" for k, v in query.items())
        return f"http://127.0.0.1:{self.port}/{'' if page == 'home' else page}?{rest}"


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers; they end with the test."""
    running: list[Server] = []

    def start(project: Path, person: str = "anna") -> Server:
        running.append(Server(project, person))
        return running[-1]

    yield start
    for server in running:
        server.kill()


@pytest.fixture(scope="session")
def chromium():  # type: ignore[no-untyped-def]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Tab:
    """One browser tab, and the steps tests speak of."""

    def __init__(self, page, server: Server) -> None:  # type: ignore[no-untyped-def]
        self.page, self.server = page, server

    def open(self, name: str, **query: str) -> "Tab":
        self.page.goto(self.server.address(name, **{"lang": "en", **query}))
        self.page.wait_for_selector('[data-testid="stMainBlockContainer"]', timeout=WAIT)
        return self.settle()

    def settle(self) -> "Tab":
        """Waits until the page has stopped running."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_function(
            """() => { const app = document.querySelector('[data-testid="stApp"]');
                 return app && app.getAttribute('data-test-script-state') !== 'running'
                   && !document.querySelector('[data-testid="stSkeleton"]'); }""",
            timeout=WAIT,
        )
        self.page.wait_for_timeout(150)
        return self

    def see(self, text: str):  # type: ignore[no-untyped-def]
        found = self.page.get_by_text(text).first
        found.wait_for(timeout=WAIT)
        return found

    def press(self, name: str) -> "Tab":
        self.page.get_by_role("button", name=name, exact=True).first.click(timeout=WAIT)
        return self.settle()

    def pick(self, name: str) -> "Tab":
        """One choice of a segmented control."""
        self.page.locator('[data-testid="stButtonGroup"]').get_by_text(name, exact=True).first.click(
            timeout=WAIT
        )
        return self.settle()

    def fill(self, label: str, text: str) -> "Tab":
        field = self.page.get_by_label(label).first
        field.fill(text, timeout=WAIT)
        field.press("Tab")
        return self.settle()

    def choose(self, label: str, option: str) -> "Tab":
        self.page.get_by_role("combobox", name=label).first.click(timeout=WAIT)
        self.page.keyboard.type(option)
        self.page.wait_for_timeout(300)
        self.page.keyboard.press("Enter")
        return self.settle()


OpenTab = Callable[..., Tab]


@pytest.fixture
def open_tab(chromium) -> Iterator[OpenTab]:  # type: ignore[no-untyped-def]
    """Opens tabs, each a session of its own."""
    contexts = []

    def open_it(server: Server, **options: object) -> Tab:
        context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-US", **options)
        contexts.append(context)
        return Tab(context.new_page(), server)

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The starter project, with a table and a term list of its own."""
    from weighbridge.starter import write_starter

    folder = tmp_path / "shop"
    write_starter(folder)
    with (folder / "rulesets/listing_gate.yaml").open("a") as rules:
        rules.write(CHEAP)
    (folder / "rulesets/shipping.yaml").write_text(
        "ruleset: shipping\nrecord: listing\noutputs:\n  route: {combine: first}\n"
        "tables:\n  - id: routes\n    inputs: [price]\n    outputs: [route]\n    rows: routes.csv\n"
    )
    (folder / "rulesets/routes.csv").write_text("price,route\n< 10,post\n")
    return folder
