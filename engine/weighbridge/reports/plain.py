"""Text from a feed made safe for a person's terminal, and what several formats say of a finding."""

from __future__ import annotations

from weighbridge.gate_findings import GateFinding, in_language
from weighbridge.messages import REPORT, phrase

# Joiners without which Persian and many emoji are spelt wrongly; they move and hide nothing.
_KEPT = frozenset("\u200c\u200d")


def printable(text: str) -> str:
    """`text` on one line, with everything that could steer a terminal or hide from a reader escaped.

    That is: control characters, line breaks, direction marks, invisible marks, halves of surrogate pairs.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _KEPT or c == "\u3000" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\u00a0": " "}
    if character in named:
        return named[character]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def word(name: str, lang: str) -> str:
    """The name of a verdict or severity in `lang`."""
    return phrase(REPORT, name or "no_verdict", lang) if name in REPORT or not name else name


def reason(finding: GateFinding, lang: str) -> str:
    """Why the finding was made, on one line."""
    return printable(in_language(finding.reason, lang)) or finding.rule


def title(finding: GateFinding, lang: str) -> str:
    """The rule's title, or its id where it has none."""
    return printable(in_language(finding.title, lang)) or finding.rule


def suppression(finding: GateFinding, lang: str) -> str | None:
    """In words, why the finding does not count; None if it counts."""
    waiver = finding.waiver
    if waiver is not None:
        values = {
            "expires": waiver.expires,
            "owner": printable(waiver.owner),
            "reason": printable(waiver.reason),
        }
        return phrase(REPORT, "waived", lang, **values)
    return phrase(REPORT, "in_baseline", lang) if finding.suppressed_by else None


def missing_evidence(fields: tuple[str, ...], count: int, lang: str) -> str:
    """The one line that stands for all rules of a record that could not be decided."""
    separator = "、" if lang == "zh" else ", "
    listed = separator.join(fields) or phrase(REPORT, "unnamed_fields", lang)
    name = "missing_evidence_one" if count == 1 else "missing_evidence"
    return phrase(REPORT, name, lang, fields=listed, count=count)


def record_name(finding: GateFinding, lang: str) -> str:
    """The record's key, or its line where it has none."""
    return phrase(REPORT, "line", lang, line=finding.line) if finding.key is None else printable(finding.key)
