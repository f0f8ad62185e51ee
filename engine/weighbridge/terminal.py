"""What the command line writes: text for people, UTF-8 for programs.

Neither a narrow encoding nor a closed pipe nor a control character in a feed ends in a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from io import TextIOWrapper
from typing import Any, TextIO

from weighbridge.diagnostics import Diagnostic, render_text

_COLOURS = {"error": "31;1", "warning": "33", "note": "36", "good": "32"}
_KEPT = frozenset("\n\u200c\u200d\u3000")
"""Characters that are not printable to Python, but are meant: line ends, joiners, the wide blank."""


def prepare_streams() -> None:
    """Gives every standard stream a file, also where the caller closed it, and makes them take any text."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 (open until the process ends)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def for_programs(stream: TextIO) -> TextIO:
    """The stream, switched to UTF-8 whatever the terminal is set to: what programs read has one encoding."""
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream


def printable(text: str) -> str:
    """Text without control characters (a feed or a file could move the cursor), but with its line ends."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT else f"\\u{ord(c):04x}" for c in text)


def coloured(stream: TextIO) -> bool:
    """Whether the stream shows colours: a terminal, unless NO_COLOR or TERM=dumb ask for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str, style: str = "") -> None:
    """Prints text for people, as far as it is printable, in colours where these show."""
    _write(sys.stdout, _painted(printable(text), style, sys.stdout) + "\n")


def warn(text: str, style: str = "") -> None:
    """Prints text for people beside the result, on standard error."""
    _write(sys.stderr, _painted(printable(text), style, sys.stderr) + "\n")


def give(text: str) -> None:
    """Prints text for programs."""
    _write(for_programs(sys.stdout), text if text.endswith("\n") else text + "\n")


def show(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, list[str]] | None = None, *, lang: str = "en"
) -> None:
    """Prints diagnostics on standard error; with `sources` the offending text is shown and underlined."""
    for diagnostic in diagnostics:
        head, _, rest = render_text(diagnostic, sources, lang=lang).partition("\n")
        warn(head, diagnostic.severity)
        if rest:
            warn(rest)


def closed_by_reader() -> None:
    """Lets the rest of the output go nowhere: the reader (head, less) has seen enough."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _painted(text: str, style: str, stream: TextIO) -> str:
    return f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if style in _COLOURS and coloured(stream) else text


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        if stream is sys.stdout:
            closed_by_reader()


class Progress:
    """A progress bar on a terminal; nothing elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.wanted = not quiet and sys.stderr.isatty()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Progress:
        if self.wanted:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:.0f}%"),
                TimeRemainingColumn(),
            )
            self.bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task("checking", total=1.0)
        return self

    def update(self, rows: int, share: float) -> None:
        """Shows how many rows were read, and the share (0 to 1) of the feed they are."""
        if self.bar is not None:
            self.bar.update(self.task, completed=share, description=f"{rows:,} records")

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()
