"""Runs the command line for tests, as its users do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ENGINE = Path(__file__).resolve().parent.parent / "engine"
AS_OF = ("--as-of", "2026-06-01")


@dataclass(frozen=True)
class Outcome:
    """What a command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Run = Callable[..., Outcome]


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what changes colours and encodings, and with `more`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING", "PYTHONUTF8", "WEIGHBRIDGE_DEBUG")
    }
    return kept | {"PYTHONPATH": str(ENGINE)} | more


def command(*args: str | Path) -> list[str]:
    return [sys.executable, "-m", "weighbridge", *map(str, args)]


def process(
    *args: str | Path, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> Outcome:
    """Runs `weighbridge <args>` as its users do. Output must be UTF-8."""
    done = subprocess.run(
        command(*args),
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(**(env or {})),
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
