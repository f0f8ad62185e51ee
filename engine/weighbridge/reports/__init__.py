"""Report formats of the gate. One module per format, one line in `FORMATS`; imported when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, TextIO, cast

from weighbridge.gate_result import GateResult


class Reporter(Protocol):
    """What a format's module offers."""

    def write(self, result: GateResult, stream: TextIO, lang: str) -> None:
        """Write the whole report, fixed words and reasons in `lang` ("en" or "zh"), to a UTF-8 stream."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A report format: the module that writes it, the usual file suffix, and what it is for."""

    module: str
    suffix: str
    purpose: str


FORMATS: dict[str, Format] = {
    "text": Format("text", ".txt", "people at a terminal"),
    "json": Format("json", ".json", "programs: one object"),
    "jsonl": Format("jsonl", ".jsonl", "programs: one finding a line, the summary last"),
    "sarif": Format("sarif", ".sarif", "code scanning (SARIF 2.1.0)"),
    "junit": Format("junit", ".xml", "test reports (JUnit XML)"),
    "github": Format("github", ".txt", "annotations in a GitHub workflow's log"),
    "gitlab": Format("gitlab", ".json", "GitLab code quality"),
    "markdown": Format("markdown", ".md", "a comment on a pull request"),
}
"""Format name -> format; a new one is its module and a line here."""


def reporter(name: str) -> Reporter:
    """The reporter of a format in `FORMATS`. Raises KeyError for a name that is not there."""
    return cast(Reporter, import_module(f"weighbridge.reports.{FORMATS[name].module}"))
