"""A whole file of the draft in the source editor, checked and completed by the project."""

from __future__ import annotations

from typing import Any

from weighbridge.app import editing
from weighbridge.app.here import here
from weighbridge.app.shown import md
from weighbridge.app.source_editor import Place, source_editor
from weighbridge.app.words import language
from weighbridge.completion import complete_document, hover_document
from weighbridge.diagnostics import Diagnostic
from weighbridge.texts import TABLE_SUFFIXES


def found_in_file(path: str) -> tuple[Diagnostic, ...]:
    """What the check says of one file of the draft."""
    return tuple(d for d in here().workspace.checked()[2] if d.span is not None and d.span.file == path)


def file_editor(path: str, *, height: int, place: Place | None) -> None:
    """Shows a file for editing, the cursor at `place`. Raises `EditError` where it cannot be read."""
    workspace = here().workspace
    project, book, _ = workspace.checked()

    def answer(kind: str, text: str, offset: int) -> Any:
        asked = complete_document if kind == "complete" else hover_document
        return asked(text, offset, path, project, book, language())

    source_editor(
        path,
        workspace.draft.text(path),
        label=md(path),
        mode="plain" if path.lower().endswith(TABLE_SUFFIXES) else "yaml",
        found=found_in_file(path),
        on_edit=lambda text: editing.set_source(path, text),
        answer=answer,
        read_only=not editing.may_edit(),
        height=height,
        place=place,
    )
