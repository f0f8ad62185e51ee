"""How long the web app takes to answer: docs/app-answer-times.md. Needs Chromium.

python -m benchmarks.app              # 2,000 rules, 100,000 records; prints and writes
python -m benchmarks.app --rules 200 --records 1000 --print

A person's step is timed in the browser, from the key or mouse event to the end of the last run of the page that it
caused. What works beside the page (deciding a feed, comparing two versions) is timed as a job, start to result.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.large_shop import RECORDS, RULES, write_feed, write_large_shop
from benchmarks.report import environment

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "app-answer-times.md"
WAIT = 240_000
"""Milliseconds after which a step is given up."""
QUIET = 0.4
"""Seconds without a run after which a page stands still."""
PAUSE = 4000
"""Milliseconds in which a person looks at what a change did before going on."""
PROMISED, TRY_IT = 1.0, 0.2
"""Seconds: what every step of a person may take, and deciding a record on the page `try it`."""

WATCH = """
(() => {
  const log = window.__runs = {started: null, ended: null, running: false};
  for (const kind of ['pointerdown', 'keydown', 'pointerup'])
    addEventListener(kind, () => { log.event = performance.now(); }, true);
  const look = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    const running = !app || app.getAttribute('data-test-script-state') !== 'notRunning';
    if (running && !log.running) log.started = performance.now();
    if (!running && log.running) log.ended = performance.now();
    log.running = running;
    log.changed = performance.now();
  };
  new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true, attributes: true,
                                                attributeFilter: ['data-test-script-state']});
})();
"""
STANDS = """(quiet) => { const log = window.__runs;
  // A run may begin and end between two pictures: then the last change of the page counts.
  const ended = log && (log.ended ?? (performance.now() - log.event > 3000 ? log.changed : null));
  return log && !log.running && ended && performance.now() - ended > quiet
    && !document.querySelector('[data-testid="stSkeleton"]'); }"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One step: what a person does, and how long the app took. `kind`: step, try it or job.

    `seconds` by the clock on the wall; `server` is the CPU time that the server spent on it.
    """

    what: str
    kind: str
    seconds: float
    server: float

    @property
    def promised(self) -> float | None:
        """What it may take; None for work beside the page."""
        return {"step": PROMISED, "try it": TRY_IT}.get(self.kind)


class Person:
    """Somebody at a browser tab, with a stop-watch."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page, self.server = page, server
        self.answers: list[Answer] = []
        page.add_init_script(WATCH)

    def open(self, name: str, **query: str) -> None:
        """Opens a page by its address; not timed."""
        rest = "&".join(f"{k}={v}" for k, v in {"lang": "en", **query}.items())
        self.page.goto(f"http://127.0.0.1:{self.server.port}/{name}?{rest}")
        self.settle()

    def settle(self) -> None:
        """Waits until the page stands still."""
        self.page.wait_for_function(STANDS, arg=QUIET * 1000, timeout=WAIT)

    def does(self, what: str, act: Callable[[], None], kind: str = "step") -> None:
        """Does something and notes how long the answer took."""
        self.page.evaluate("() => { window.__runs.started = window.__runs.ended = null; }")
        before = self.server.cpu()
        act()
        self.settle()
        log = self.page.evaluate("() => window.__runs")
        self._note(what, kind, ((log["ended"] or log["changed"]) - log["event"]) / 1000, before)

    def waits(self, what: str, act: Callable[[], None], until: Callable[[], None]) -> None:
        """Starts work beside the page and notes how long its result took."""
        start, before = time.monotonic(), self.server.cpu()
        act()
        until()
        self._note(what, "job", time.monotonic() - start, before)
        self.settle()

    def _note(self, what: str, kind: str, seconds: float, before: float) -> None:
        self.answers.append(Answer(what, kind, seconds, self.server.cpu() - before))
        print(f"{seconds:7.2f} s  {self.answers[-1].server:6.2f} s CPU  {what}", file=sys.stderr, flush=True)

    # -- what people do

    def menu(self, name: str) -> Callable[[], None]:
        """Follows the menu, so that what was loaded stays loaded."""
        return lambda: (
            self.page.locator('[data-testid="stTopNavLink"]').filter(has_text=name).first.click(timeout=WAIT)
        )

    def view(self, name: str) -> Callable[[], None]:
        """Chooses one of a row of views."""
        groups = self.page.locator('[data-testid="stButtonGroup"]')
        return lambda: groups.get_by_text(name, exact=True).first.click(timeout=WAIT)

    def press(self, name: str) -> Callable[[], None]:
        """Presses a button."""
        return lambda: self.page.get_by_role("button", name=name, exact=True).first.click(timeout=WAIT)

    def fill(self, field: Any, text: str) -> Callable[[], None]:
        """Types into a field and leaves it with the enter key."""

        def act() -> None:
            field.fill(text, timeout=WAIT)
            field.press("Enter")

        return act

    def row(self, number: int = 0) -> Callable[[], None]:
        """Chooses the first row of a list."""
        grid = self.page.locator('[data-testid="stDataFrame"]')
        return lambda: grid.nth(number).click(position={"x": 18, "y": 50}, timeout=WAIT)


def walk(person: Person, feed: str) -> list[Answer]:
    """A working session: every page, and on each the steps that touch many rules or records."""
    page = person.page
    person.open("")
    person.open("batch")
    page.get_by_role("combobox", name="or a sample of the project").first.click()
    page.keyboard.type(feed)
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    person.settle()
    figure = page.locator('[data-testid="stMetricValue"]').first
    person.waits(
        "load the feed and decide it in three markets",
        person.press("Load and decide"),
        lambda: figure.wait_for(timeout=WAIT),
    )
    person.does("batch: by rule", person.view("By rule"))
    person.does("batch: choose a rule", person.row())
    person.does("batch: choose a record", person.row(1))
    person.does("batch: by field", person.view("By category"))
    person.does("open rules", person.menu("Rules"))
    words = page.get_by_placeholder("words …").first
    person.does("rules: search", person.fill(words, "r0123"))
    person.does("rules: choose a rule", person.row())
    number = page.locator('[data-testid="stNumberInput"] input').first
    usual = float(number.input_value())
    person.does("rules: change a threshold", person.fill(number, f"{usual * 1.5:g}"))
    person.does("rules: change it again", person.fill(number, f"{usual * 1.6:g}"))
    page.wait_for_timeout(PAUSE)
    person.does("undo", person.press("Undo"))
    person.does("open try it at once after a change", person.menu("Try it"))
    for price in ("81", "82", "83"):
        field = page.get_by_role("spinbutton", name="price").first
        person.does("try it: change a value", person.fill(field, price), "try it")
    person.does("open rules again", person.menu("Rules"))
    person.does("rules: change a threshold a third time", person.fill(number, f"{usual * 1.7:g}"))
    page.wait_for_timeout(PAUSE)
    person.does("open try it some seconds after a change", person.menu("Try it"))
    person.does("try it: every rule", person.view("All rules"))
    person.does("try it: change a value, every rule shown", person.fill(field, "84"), "try it")
    person.does("try it: where it turns", person.view("Where it turns"))
    person.does("try it: score", person.view("Score"))
    person.does("open scorecards", person.menu("Scorecards"))
    weight = page.locator('[data-testid="stNumberInput"] input').first
    person.does("scorecards: change a weight", person.fill(weight, "11"))
    page.wait_for_timeout(PAUSE)
    person.does("scorecards: bins", person.view("Bins"))
    person.does("scorecards: tiers over the scores of the feed", person.view("Tiers"))
    person.does("undo in scorecards", person.press("Undo"))
    page.wait_for_timeout(PAUSE)
    person.does("open markets", person.menu("Markets"))
    person.does("open batch", person.menu("Batch"))
    person.does("open scenarios", person.menu("Scenarios"))
    person.does("open changes", person.menu("Changes"))
    person.waits(
        "compare draft and saved over the feed",
        person.view("What it would do"),
        lambda: figure.wait_for(timeout=WAIT),
    )
    person.does("changes: as text", person.view("As text"))
    person.does("changes: impact seen again", person.view("What it would do"))
    person.does("open source", person.menu("Source"))
    person.does("open home", person.menu("Home"))
    person.does("switch to Chinese", person.view("中文"))
    return person.answers


@dataclass(frozen=True, slots=True)
class Server:
    """The app's server."""

    port: int
    process: int

    def cpu(self) -> float:
        """CPU time it has used, in seconds; NaN where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return math.nan
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serve(project: Path, person: str = "bench") -> Iterator[Server]:
    """The app on a project."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [sys.executable, "-m", "weighbridge", "app", "--project", str(project), "--no-browser"]
    command += ["--port", str(port), "--as", person]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"HOME": str(project)}
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.kill()
        process.wait()


def chromium() -> str | None:
    """Where the browser is."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def measure(folder: Path, rules: int, records: int, rounds: int) -> list[Answer]:
    """The median of every step over several sessions of one server."""
    from playwright.sync_api import sync_playwright

    write_large_shop(folder, rules)
    write_feed(folder / "samples" / "listings.parquet", records)
    runs: list[list[Answer]] = []
    with serve(folder) as server, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        for _ in range(rounds):
            context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
            runs.append(walk(Person(context.new_page(), server), "listings.parquet"))
            context.close()
        browser.close()
    return [
        Answer(
            steps[0].what,
            steps[0].kind,
            statistics.median(s.seconds for s in steps),
            statistics.median(s.server for s in steps),
        )
        for steps in zip(*runs, strict=True)
    ]


def to_markdown(answers: list[Answer], rules: int, records: int, load: float) -> str:
    """The document."""
    late = [a for a in answers if a.promised is not None and a.seconds > a.promised]
    steps = [a for a in answers if a.kind != "job"]
    lines = [
        "# Answer times of the web app",
        "",
        "Written by `python -m benchmarks.app`; do not edit.",
        "",
        f"{rules:,} rules over eight markets, a feed of {records:,} records loaded, three markets side by side.",
        "Wall time in Chromium from the key or mouse event to the end of the last run of the page that it caused;",
        "beside it the CPU time of the server; medians of the sessions. Promised: a second for every step, 200 ms",
        "for trying a record.",
        f"Held by {len(steps) - len(late)} of {len(steps)} steps.",
        "",
        "| step | seconds | server CPU | promised |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {a.what} | {a.seconds:.2f} | {a.server:.2f} |"
        f" {'beside the page' if a.promised is None else f'{a.promised:g}'} |"
        for a in answers
    ]
    where = ", ".join(
        f"{name} {value}" for name, value in environment(("streamlit", "numpy", "pyarrow")).items()
    )
    lines += ["", f"Measured with {where}; load of the machine while measuring {load:.1f}."]
    return "\n".join(lines) + "\n"


def main() -> int:
    """0 when every promise holds, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.app", description=__doc__)
    parser.add_argument("--rules", type=int, default=RULES)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=3, help="sessions; the median is shown")
    parser.add_argument("--print", action="store_true", help="writes nothing")
    options = parser.parse_args()
    if chromium() is None:
        sys.exit("no Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        answers = measure(Path(folder) / "shop", options.rules, options.records, options.rounds)
    text = to_markdown(answers, options.rules, options.records, os.getloadavg()[0])
    print(text)
    if not options.print:
        DOCUMENT.write_text(text, encoding="utf-8")
    return int(any(a.promised is not None and a.seconds > a.promised for a in answers))


if __name__ == "__main__":
    raise SystemExit(main())
