"""One record from a JSON file or standard input, strictly read: what is misread would be decided wrongly."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn, cast

from weighbridge.diagnostics import Diagnostic, DiagnosticError, InvalidRecord, Span

EXPECTED = 'one JSON object, e.g. {"sku": "A-1"}'


class _NotJson(ValueError):
    """Python's reader would take it, but JSON has no such thing."""


def read_record_file(path: Path) -> dict[str, Any]:
    """The record in a file; `-` reads standard input. Raises DiagnosticError for all that is not one."""
    name = "standard input" if str(path) == "-" else str(path)
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise DiagnosticError([Diagnostic("WB400", f"cannot read {name}: {error.strerror}")]) from None
    try:
        record: object = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_unique_keys, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8 text: byte 0x{data[error.start]:02X} at position {error.start}"
        raise _refused(message, "a file saved as UTF-8") from None
    except json.JSONDecodeError as error:
        place = Span(name, error.lineno, error.colno, error.lineno, error.colno + 1)
        raise _refused(f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}", EXPECTED, place) from None
    except _NotJson as error:
        raise _refused(f"{name}: {error}", EXPECTED) from None
    except RecursionError:
        raise _refused(f"{name} is nested too deeply", EXPECTED) from None
    except ValueError:  # Python refuses to read whole numbers of thousands of digits
        raise _refused(f"{name} holds a number with too many digits", EXPECTED) from None
    if not isinstance(record, dict):
        raise _refused(f"{name} is not one record", EXPECTED)
    return cast("dict[str, Any]", record)


def _refused(message: str, expected: str, span: Span | None = None) -> InvalidRecord:
    return InvalidRecord([Diagnostic("WB406", message, span, expected=expected)])


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _NotJson(f"the key {twice!r} occurs twice")
    return record


def _constant(name: str) -> NoReturn:
    raise _NotJson(f"{name} is no JSON value; a value that is not known is null")
