"""Takes the pictures of docs/tour.md and docs/tour.zh.md: `make tour`. Needs Chromium; uses samples/ only."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from weighbridge.draft import Draft
from weighbridge.edits import Address, SetValue

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "tour"
PARTS = ("regions", "scorecards", "rulesets", "samples", "weighbridge.yaml")
WAIT = 240_000
PERSON = "chen"

WORDS = {
    "en": {"sample": "or a sample of the project", "run": "Load and decide", "impact": "What it would do"},
    "zh": {"sample": "或使用项目示例", "run": "加载并判定", "impact": "影响"},
}
TABS = {
    "en": {"score": "Score", "turn": "Where it turns", "bins": "Bins", "seasons": "Seasons"},
    "zh": {"score": "评分", "turn": "转折点", "bins": "分箱", "seasons": "季节"},
}


def settle(page: Page, more: int = 900) -> None:
    """Waits until the page stands still."""
    page.wait_for_timeout(400)
    page.wait_for_function(
        """() => { const app = document.querySelector('[data-testid="stApp"]');
             return app && app.getAttribute('data-test-script-state') !== 'running'
               && !document.querySelector('[data-testid="stSkeleton"]'); }""",
        timeout=WAIT,
    )
    page.wait_for_timeout(more)


def tab(page: Page, words: str) -> None:
    """Chooses one of a row of views."""
    page.locator('[data-testid="stButtonGroup"]').get_by_text(words, exact=True).first.click(timeout=WAIT)
    settle(page)


class Camera:
    """One language's walk through the app."""

    def __init__(self, page: Page, port: int, lang: str, project: Path) -> None:
        self.page, self.port, self.lang, self.project = page, port, lang, project

    def open(self, name: str, **query: str) -> None:
        """Opens a page by its address."""
        rest = "&".join(f"{k}={v}" for k, v in {"lang": self.lang, **query}.items())
        self.page.goto(f"http://127.0.0.1:{self.port}/{name}?{rest}")
        self.page.wait_for_selector('[data-testid="stMainBlockContainer"]', timeout=WAIT)
        settle(self.page)

    def go(self, number: int) -> None:
        """Follows the menu, so that what was loaded stays loaded."""
        self.page.locator('[data-testid="stTopNavLink"]').nth(number).click(timeout=WAIT)
        settle(self.page)

    def shoot(self, name: str) -> None:
        """Keeps what is on the screen, in few colours: pictures of pages need no more."""
        self.page.mouse.move(1270, 715)
        data = self.page.screenshot()
        picture = Image.open(io.BytesIO(data)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        picture.save(PICTURES / f"{name}.{self.lang}.png", optimize=True)


def walk(camera: Camera) -> None:
    """The steps of the tour."""
    page, words, tabs = camera.page, WORDS[camera.lang], TABS[camera.lang]
    camera.open("")
    camera.shoot("home")
    camera.open("try_it")
    camera.shoot("try-it")
    tab(page, tabs["score"])
    camera.shoot("score")
    camera.open("scorecards", card="churn_risk")
    tab(page, tabs["bins"])
    camera.shoot("bins")
    camera.open("regions")
    camera.shoot("markets")
    tab(page, tabs["seasons"])
    camera.shoot("seasons")
    camera.open("source", file="rulesets/cultural_gate.yaml", line="40")
    camera.shoot("source")
    camera.open("batch")
    page.get_by_role("combobox", name=words["sample"]).first.click()
    page.keyboard.type("listings.csv")
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    settle(page)
    page.get_by_role("button", name=words["run"]).click()
    page.locator('[data-testid="stMetricValue"]').first.wait_for(timeout=WAIT)
    settle(page)
    camera.shoot("batch")
    camera.go(1)
    page.locator('[data-testid="stTextInput"] input').first.fill("tier-adapt")
    page.keyboard.press("Enter")
    settle(page)
    page.locator('[data-testid="stDataFrame"]').first.click(position={"x": 18, "y": 50})
    settle(page)
    camera.shoot("rule")
    change_threshold(camera.project)
    camera.go(7)
    tab(page, words["impact"])
    page.locator('[data-testid="stMetricValue"]').first.wait_for(timeout=WAIT)
    settle(page, 1500)
    camera.shoot("impact")


def change_threshold(project: Path) -> None:
    """Makes the tier `fit` harder to reach, in the draft of the person whose screen is shown."""
    at = Address("scorecard", "cultural_fit")
    Draft.open(project, PERSON).edit(SetValue(at, ("tiers", "fit", "from"), 92))


def with_server(project: Path, act: Callable[[int], Any]) -> None:
    """Runs the app on a project for as long as `act` takes."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "weighbridge",
        "app",
        "-p",
        str(project),
        "--port",
        str(port),
        "--no-browser",
    ]
    server = subprocess.Popen([*command, "--as", PERSON], stdout=subprocess.DEVNULL, env=os.environ)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.2)
        act(port)
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    """Takes all pictures in both languages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    asked = sys.argv[1:] or list(WORDS)
    for lang, locale in (("en", "en-US"), ("zh", "zh-CN")):
        if lang not in asked:
            continue
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "packs"
            project.mkdir()
            for part in PARTS:
                source = ROOT / part
                copy = shutil.copytree if source.is_dir() else shutil.copy
                copy(source, project / part)
            act = partial(photograph, chromium, lang, locale, project)
            with_server(project, act)


def photograph(chromium: str, lang: str, locale: str, project: Path, port: int) -> None:
    """One language."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 720}, locale=locale)
        walk(Camera(context.new_page(), port, lang, project))
        browser.close()


if __name__ == "__main__":
    main()
