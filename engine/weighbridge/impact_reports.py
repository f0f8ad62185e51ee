"""Impact for people and programs: text for a terminal, Markdown for a pull request, JSON.

Texts from a feed or a rule are made printable; in Markdown they stand in code spans only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from weighbridge.chinese import translated
from weighbridge.decision_differences import KINDS, STATES
from weighbridge.diagnostics import render_text
from weighbridge.impact_result import Cause, Impact, Move, Proven, Report
from weighbridge.messages import IMPACT, phrase
from weighbridge.reports.markdown import code
from weighbridge.reports.plain import printable, word
from weighbridge.reports.text import aligned
from weighbridge.reports.totals import VERDICTS
from weighbridge.single_changes import Change

TOP = 12
"""Lines of one section; the rest is counted."""
LONGEST = 60
"""Characters of one value."""
SHOWN = 3
"""Examples on a line."""


def impact_text(report: Report, lang: str) -> str:
    """The report for a terminal."""
    lines = [_heading(report, lang), ""]
    if report.impact is not None:
        lines += _impact_lines(report.impact, lang)
    if report.proofs is not None:
        lines += [phrase(IMPACT, "proof", lang), *_indented(_proof_lines(report.proofs, lang)), ""]
    lines += _outcome(report, lang)
    return "\n".join(lines).rstrip("\n")


def _heading(report: Report, lang: str) -> str:
    values = {"base_version": report.base_version, "version": report.version, "day": report.as_of}
    base, target = printable(report.base), printable(report.target)
    return phrase(IMPACT, "heading", lang, target=target, base=base, **values)


def _outcome(report: Report, lang: str) -> Iterator[str]:
    if report.limit is not None:
        yield phrase(IMPACT, "exceeded" if report.failed else "within", lang, limit=report.limit)


def _summary(impact: Impact, lang: str) -> str:
    return phrase(
        IMPACT,
        "summary",
        lang,
        changed=impact.changed,
        decisions=impact.decisions,
        share=impact.share,
        records=impact.changed_records,
        all_records=impact.records,
        verdicts=impact.verdicts_changed,
    )


def _impact_lines(impact: Impact, lang: str) -> Iterator[str]:
    yield _summary(impact, lang)
    if impact.base_version == impact.version:
        yield phrase(IMPACT, "same_version", lang)
    if impact.validity.before or impact.validity.after:
        yield _invalid(impact, lang)
        for key, why in impact.validity.examples[:SHOWN]:
            yield f"  {printable(key)}: {printable(why.get(lang, why['en']))}"
    for note in impact.notes:
        yield render_text(translated(note, lang), lang=lang)
    yield ""
    table = _verdict_table(impact, lang)
    if len(table) > 1:
        yield phrase(IMPACT, "verdicts", lang)
        yield from _indented(aligned(table))
        yield ""
    for kind in KINDS:
        lines = list(_kind_lines(impact, kind, lang))
        if lines:
            yield phrase(IMPACT, kind, lang)
            yield from _indented(_cut(lines, lang))
            yield ""
    if impact.others:
        yield phrase(IMPACT, "others", lang, count=impact.others)
    yield from _cause_section(impact, lang)


def _invalid(impact: Impact, lang: str) -> str:
    v = impact.validity
    return phrase(
        IMPACT,
        "invalid",
        lang,
        before=v.before,
        after=v.after,
        newly_invalid=v.newly_invalid,
        newly_valid=v.newly_valid,
    )


def _verdict_table(impact: Impact, lang: str) -> list[list[str]]:
    """Verdicts by market, under both versions."""
    found = {(t.market, t.value): (t.before, t.after) for t in impact.totals if t.kind == "verdict"}
    values = [v for v in VERDICTS if any(v == value for _, value in found)]
    values += sorted({value for _, value in found} - set(values))
    rows = [[phrase(IMPACT, "market", lang), *(printable(word(v, lang)) for v in values)]]
    for market in impact.markets:
        counts = [found.get((market, value), (0, 0)) for value in values]
        if any(any(pair) for pair in counts):
            cells = [f"{a:,}" if a == b else f"{a:,} → {b:,}" for a, b in counts]
            rows.append([printable(market), *cells])
    return rows if len(rows) > 1 else []


def _kind_lines(impact: Impact, kind: str, lang: str) -> Iterator[str]:
    if kind == "score":
        for s in impact.scores:
            values = {"count": s.count, "most": s.most, "mean": s.mean}
            text = phrase(IMPACT, "scores", lang, card=s.name, market=printable(s.market), **values)
            yield f"{text}  {_examples(s.examples, lang)}"
    elif kind in ("rule", "conflict"):
        yield from _rule_lines(impact, kind, lang)
    else:
        for move in impact.moves:
            if move.kind == kind:
                name = f"{printable(move.name)} " if kind not in ("verdict", "valid") else ""
                way = _way(kind, move.before, move.after, lang)
                yield f"{printable(move.market)}  {name}{way}  {move.count:,}  {_examples(move.examples, lang)}"


def _rule_lines(impact: Impact, kind: str, lang: str) -> Iterator[str]:
    """What rules do otherwise, over all markets, most frequent first."""
    for (name, sign), (moves, count) in _rule_moves(impact, kind).items():
        markets = ", ".join(f"{printable(m.market)} {m.count:,}" for m in moves[:SHOWN])
        rest = ", ..." if len(moves) > SHOWN else ""
        examples = tuple(dict.fromkeys(key for m in moves for key in m.examples))
        said = phrase(IMPACT, sign, lang)
        yield f"{printable(name)}  {said}  {count:,} ({markets}{rest})  {_examples(examples, lang)}"


def _rule_moves(impact: Impact, kind: str) -> dict[tuple[str, str], tuple[list[Move], int]]:
    """(rule, what it does now) -> its moves in all markets, and how many decisions."""
    found: dict[tuple[str, str], list[Move]] = {}
    for move in impact.moves:
        if move.kind == kind:
            found.setdefault((move.name, sign_of(move)), []).append(move)
    ordered = sorted(found.items(), key=lambda entry: -sum(m.count for m in entry[1]))
    return {key: (moves, sum(m.count for m in moves)) for key, moves in ordered}


def sign_of(move: Move) -> str:
    """What a rule does now: "fires", "silent", "undecided", or "decided" where it was undecided and is silent."""
    if move.after == "fired":
        return "fires"
    if move.after == "undecided":
        return "undecided"
    return "decided" if move.before == STATES[2] else "silent"


def _way(kind: str, before: str, after: str, lang: str) -> str:
    shown = (_value(kind, v, lang) for v in (before, after))
    a, b = shown
    return phrase(IMPACT, "from_to", lang, before=a, after=b)


def _value(kind: str, value: str, lang: str) -> str:
    text = word(value, lang) if kind == "verdict" else value or "–"
    return _short(printable(text))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _examples(keys: Sequence[str], lang: str) -> str:
    if not keys:
        return ""
    return phrase(IMPACT, "examples", lang, keys=", ".join(_short(printable(k)) for k in keys[:SHOWN]))


def _indented(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (f"  {line}".rstrip() for line in lines)


def _cut(lines: Sequence[str], lang: str) -> Iterator[str]:
    yield from lines[:TOP]
    if len(lines) > TOP:
        yield phrase(IMPACT, "more", lang, count=len(lines) - TOP)


# --- causes -----------------------------------------------------------------------------------------------


def _cause_section(impact: Impact, lang: str) -> Iterator[str]:
    if impact.causes:
        yield phrase(IMPACT, "causes", lang)
        for cause in impact.causes:
            yield f"  {cause.number}. {cause_title(cause, lang)}"
            yield from (f"     {line}" for line in cause_lines(cause, lang))
        if impact.together:
            yield f"  {phrase(IMPACT, 'together', lang, count=impact.together)}"
        yield ""


def cause_title(cause: Cause, lang: str) -> str:
    """The changed thing, its place and what was changed in it."""
    first = cause.changes[0]
    if len(cause.changes) > 1:
        return phrase(IMPACT, "several", lang, count=len(cause.changes), file=printable(cause.name))
    place = "" if first.span is None else f" ({printable(first.span.file)}:{first.span.line})"
    return f"{printable(first.name)}{place}: {change_text(first, lang)}"


def change_text(change: Change, lang: str) -> str:
    """What was changed: new, removed, order, or the first values before and after."""
    for is_so, name in (
        (change.added, "added"),
        (change.removed, "removed"),
        (change.order, "reordered"),
    ):
        if is_so:
            return phrase(IMPACT, name, lang)
    parts: list[str] = []
    for value in change.values[:SHOWN]:
        where = " ".join(str(step) for step in value.path[len(change.path) :])
        before, after = (_short(printable("–" if v is None else str(v))) for v in (value.before, value.after))
        parts.append(
            f"{printable(where)} {phrase(IMPACT, 'from_to', lang, before=before, after=after)}".strip()
        )
    if len(change.values) > SHOWN:
        parts.append(phrase(IMPACT, "values_more", lang, count=len(change.values) - SHOWN))
    return "; ".join(parts)


def cause_lines(cause: Cause, lang: str) -> Iterator[str]:
    """What the change does alone."""
    if cause.needs:
        yield phrase(IMPACT, "with_needs", lang, names=", ".join(printable(c.name) for c in cause.needs))
    if cause.status == "all":
        yield phrase(IMPACT, "only_change", lang, count=cause.alone)
    elif cause.status == "no_effect":
        yield phrase(IMPACT, "no_effect", lang)
    elif cause.status == "does_not_load":
        first = translated(cause.problems[0], lang)
        yield phrase(IMPACT, "does_not_load", lang, problem=printable(f"{first.code} {first.message}"))
    else:
        text = phrase(IMPACT, "alone", lang, alone=cause.alone, explains=cause.explains)
        more = phrase(IMPACT, "undone", lang, count=cause.undone) if cause.undone else ""
        yield "; ".join(filter(None, (text, more)))
    for kind, name, before, after, count in cause.moves[:SHOWN]:
        label = "" if kind == "verdict" else f"{printable(name)} "
        yield f"{label}{_way(kind, before, after, lang)}  {count:,}"


# --- proof ------------------------------------------------------------------------------------------------


def _proof_lines(proofs: Sequence[Proven], lang: str) -> Iterator[str]:
    for proof in proofs:
        where = ", ".join(printable(m) for m in proof.markets)
        yield f"{printable(proof.target)}, {where}: {_proof_said(proof, lang)}"
        for kind, name, before, after in proof.differences[:TOP]:
            label = phrase(IMPACT, kind, lang)
            what = label if kind == "verdict" else f"{label} {printable(name)}"
            yield f"  {what}: {_way(kind, before, after, lang)}"


def _proof_said(proof: Proven, lang: str) -> str:
    if proof.witness is not None:
        return phrase(IMPACT, "differs", lang, record=printable(proof.witness.record))
    return phrase(IMPACT, proof.status, lang, **({"why": proof.why} if proof.status == "open" else {}))


# --- Markdown ---------------------------------------------------------------------------------------------


def impact_markdown(report: Report, lang: str) -> str:
    """The report for a comment on a pull request."""
    mark = "❌" if report.failed else "✅" if report.limit is not None else "🔎"
    title = phrase(IMPACT, "title", lang, target=code(report.target))
    lines = [f"### {mark} Weighbridge: {title}", "", code(_heading(report, lang)), ""]
    if report.impact is not None:
        lines += _markdown_impact(report.impact, lang)
    if report.proofs is not None:
        lines += [f"**{phrase(IMPACT, 'proof', lang)}**", ""]
        for line in _proof_lines(report.proofs, lang):
            lines.append(f"  - {code(line.strip())}" if line.startswith(" ") else f"- {code(line)}")
        lines.append("")
    lines += _outcome(report, lang)
    return "\n".join(lines).rstrip("\n") + "\n"


def _markdown_impact(impact: Impact, lang: str) -> Iterator[str]:
    yield f"**{_summary(impact, lang)}**"
    yield ""
    if impact.validity.before or impact.validity.after:
        yield f"- {_invalid(impact, lang)}"
    for note in impact.notes:
        told = translated(note, lang)
        yield f"- {note.code} {code(told.message)}"
    yield ""
    yield from _table(_verdict_table(impact, lang))
    rows = [
        [code(m.market), phrase(IMPACT, m.kind, lang), code(m.name), _cell(m, lang), f"{m.count:,}"]
        for m in impact.moves
        if m.kind in ("verdict", "tier", "output", "valid")
    ]
    header = [phrase(IMPACT, name, lang) for name in ("market", "what")] + [
        "",
        "",
        phrase(IMPACT, "count", lang),
    ]
    yield from _table([header, *rows[:TOP]] if rows else [])
    if len(rows) > TOP:
        yield from (phrase(IMPACT, "more", lang, count=len(rows) - TOP), "")
    rules = [
        [code(name), phrase(IMPACT, sign, lang), f"{count:,}"]
        for (name, sign), (_, count) in _rule_moves(impact, "rule").items()
    ]
    yield from _table(
        [[phrase(IMPACT, "rule", lang), "", phrase(IMPACT, "count", lang)], *rules[:TOP]] if rules else []
    )
    if len(rules) > TOP:
        yield from (phrase(IMPACT, "more", lang, count=len(rules) - TOP), "")
    for line in _kind_lines(impact, "score", lang):
        yield f"- {code(line)}"
    yield from _markdown_causes(impact, lang)


def _markdown_causes(impact: Impact, lang: str) -> Iterator[str]:
    if not impact.causes:
        return
    yield ""
    yield f"<details><summary>{phrase(IMPACT, 'causes', lang)}</summary>"
    yield ""
    for cause in impact.causes:
        yield f"{cause.number}. {code(cause_title(cause, lang))}"
        yield from (f"   - {code(line)}" for line in cause_lines(cause, lang))
    if impact.together:
        yield f"\n{phrase(IMPACT, 'together', lang, count=impact.together)}"
    yield "\n</details>\n"


def _cell(move: Move, lang: str) -> str:
    return " → ".join(code(_value(move.kind, v, lang)) for v in (move.before, move.after))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; a bar in a cell would end it, also in a code span."""
    if not rows:
        return
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        if number == 0:
            yield "| " + " | ".join(["---"] * len(row)) + " |"
    yield ""


# --- JSON -------------------------------------------------------------------------------------------------


def impact_dict(report: Report) -> dict[str, Any]:
    """The report for programs: everything counted, without the list of differences (`--out` writes that)."""
    found: dict[str, Any] = {
        "target": report.target,
        "base": report.base,
        "base_version": report.base_version,
        "version": report.version,
        "as_of": report.as_of.isoformat(),
        "failed": report.failed,
        "max_changed": None if report.limit is None else str(report.limit),
    }
    if report.impact is not None:
        found |= _counts(report.impact)
    if report.proofs is not None:
        found["proofs"] = [_proof_dict(p) for p in report.proofs]
    return found


def _counts(impact: Impact) -> dict[str, Any]:
    return {
        "markets": list(impact.markets),
        "records": impact.records,
        "decisions": impact.decisions,
        "changed": impact.changed,
        "changed_records": impact.changed_records,
        "share": impact.share,
        "verdicts_changed": impact.verdicts_changed,
        "together": impact.together,
        "moves": [asdict(m) for m in impact.moves],
        "others": impact.others,
        "scores": [asdict(s) for s in impact.scores],
        "totals": [asdict(t) for t in impact.totals],
        "rules": [asdict(r) for r in impact.rules],
        "validity": asdict(impact.validity),
        "causes": None if impact.causes is None else [_cause_dict(c) for c in impact.causes],
        "notes": [n.to_dict() for n in impact.notes],
    }


def _cause_dict(cause: Cause) -> dict[str, Any]:
    names = ("kind", "name", "before", "after", "count")
    return {
        "number": cause.number,
        "name": cause.name,
        "changes": [_change_dict(c) for c in cause.changes],
        "status": cause.status,
        "needs": [c.name for c in cause.needs],
        "problems": [p.to_dict() for p in cause.problems],
        "alone": cause.alone,
        "explains": cause.explains,
        "undone": cause.undone,
        "moves": [dict(zip(names, move, strict=True)) for move in cause.moves],
    }


def _change_dict(change: Change) -> dict[str, Any]:
    return {
        "name": change.name,
        "location": None if change.span is None else str(change.span),
        "change": "added"
        if change.added
        else "removed"
        if change.removed
        else "order"
        if change.order
        else "changed",
        "values": [{"path": list(v.path), "before": v.before, "after": v.after} for v in change.values],
    }


def _proof_dict(proof: Proven) -> dict[str, Any]:
    names = ("kind", "name", "before", "after")
    return {
        "target": proof.target,
        "markets": list(proof.markets),
        "status": proof.status,
        "why": proof.why,
        "witness": None if proof.witness is None else proof.witness.to_dict(),
        "differences": [dict(zip(names, d, strict=True)) for d in proof.differences],
    }
