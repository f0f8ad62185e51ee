"""One rule as a form: condition, outputs, reason, source, dates, review. Every control is one edit of the draft."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from weighbridge.app import controls, editing
from weighbridge.app.here import here
from weighbridge.app.limits import show_limits
from weighbridge.app.numbers import limits_in, number_controls
from weighbridge.app.shown import md, show_diagnostics, title_of, verdict_word
from weighbridge.app.source_editor import source_editor
from weighbridge.app.words import language, t
from weighbridge.completion import complete_expression, hover_expression, title_of_name
from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.documents import OutputModel, RulesetModel
from weighbridge.edits import Address, SetValue
from weighbridge.expressions import Scope, compile_expression
from weighbridge.rulebook import Rulebook
from weighbridge.thresholds import (
    OPERATORS,
    Named,
    SimpleCondition,
    condition_text,
    number_text,
    simple_conditions,
)
from weighbridge.tree import Type

CONFIDENCES = ("verified_official", "verified_secondary", "needs_check")


def rule_form(
    ruleset: str, rule: str, model: RulesetModel | None, book: Rulebook, found: tuple[Diagnostic, ...]
) -> None:
    """The form of a rule that the draft holds; `found` are the diagnostics in it.

    `model` is None where the ruleset has errors: the usual outputs are shown then.
    """
    at, path = Address("ruleset", ruleset), ("rules", rule)
    written: dict[str, Any] = here().workspace.draft.value("ruleset", ruleset, *path) or {}
    show_diagnostics(found)
    _condition(at, path, str(written.get("when", "")), book, found)
    linked = book.rulesets.get(ruleset)
    compiled = next(
        (r for r in (() if linked is None else linked.rules) if r.ref == f"{ruleset}/{rule}"), None
    )
    if compiled is not None:
        show_limits(book, compiled)
    _outputs(at, path, written.get("then") or {}, {} if model is None else model.outputs)
    controls.texts(
        at,
        (*path, "reason"),
        written.get("reason"),
        words={"en": t("reason_en"), "zh": t("reason_zh")},
        lines=3,
    )
    controls.texts(
        at, (*path, "title"), written.get("title"), words={"en": t("title_en"), "zh": t("title_zh")}
    )
    with st.expander(t("source_of_rule"), icon=":material/menu_book:", expanded=bool(written.get("source"))):
        _source(at, (*path, "source"), written.get("source"))
    with st.expander(t("when_and_where"), icon=":material/event:"):
        _place(at, path, written, book)
    with st.expander(t("review_settings"), icon=":material/group:", expanded=bool(written.get("review"))):
        _review(at, (*path, "review"), written.get("review") or {})


# ---- the condition


def _condition(
    at: Address, path: controls.ValuePath, text: str, book: Rulebook, found: tuple[Diagnostic, ...]
) -> None:
    where = (*path, "when")
    if found_numbers := limits_in(text):
        st.markdown(f"**{t('numbers')}**")
        number_controls(at, where, text, found_numbers, at.id)
    parts = simple_conditions(text)
    scope = book.scopes.get(at.id)
    ways = ["builder", "expression"] if parts is not None and scope is not None else ["expression"]
    way = ways[0]
    if len(ways) > 1:
        way = st.segmented_control(
            t("condition"),
            ways,
            default="builder",
            required=True,
            format_func=lambda w: t(f"way_{w}"),
            key=f"way {at.id} {path}",
            persist_state="session",
        )
    else:
        st.markdown(f"**{t('condition')}**")
    if way == "builder" and parts is not None and scope is not None:
        _builder(at, where, parts, scope)
    else:
        _expression(at, where, text, book, found)


def names_of(scope: Scope) -> dict[str, str]:
    """The names a condition may speak of, each as a list shows it: after its title."""
    book, lang = here().workspace.checked()[1], language()
    titles = {n: title_of_name(n, s, book, lang) for n, s in scope.symbols.items() if "/" not in n}
    return {n: f"{title} ({n})" if title else n for n, title in sorted(titles.items())}


def operator_word(operator: object) -> str:
    """A comparison as people write it."""
    words = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "in": t("op_in"), "not in": t("op_not_in")}
    return words.get(str(operator), str(operator))


def _builder(
    at: Address, where: controls.ValuePath, parts: tuple[SimpleCondition, ...], scope: Scope
) -> None:
    """Simple conditions as a grid: name, comparison, value; all of them must hold."""
    rows = [{"name": p.name, "operator": p.operator, "value": _cell(p.value)} for p in parts]
    key = editing.key(f"builder {at.id} {where}")
    titles = names_of(scope)
    st.data_editor(
        pd.DataFrame(rows, columns=["name", "operator", "value"]),
        num_rows="dynamic",
        hide_index=True,
        key=key,
        disabled=not editing.may_edit(),
        column_config={
            "name": st.column_config.SelectboxColumn(
                t("field"),
                options=list(titles),
                required=True,
                format_func=lambda n: titles.get(str(n), str(n)),
                width="large",
            ),
            "operator": st.column_config.SelectboxColumn(
                t("comparison"), options=OPERATORS, required=True, width="small", format_func=operator_word
            ),
            "value": st.column_config.TextColumn(t("value"), help=t("value_help"), required=True),
        },
        on_change=_set_parts,
        args=(key, at, where, rows),
        alt=t("condition"),
    )
    st.caption(t("all_must_hold"))


def _cell(value: Any) -> str:
    if isinstance(value, Named):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value))
    return value if isinstance(value, str) else ", ".join(value)


def _set_parts(key: str, at: Address, where: controls.ValuePath, rows: list[dict[str, str]]) -> None:
    changed = st.session_state[key]
    kept = [
        {**row, **changed["edited_rows"].get(number, {})}
        for number, row in enumerate(rows)
        if number not in changed["deleted_rows"]
    ]
    kept += [row for row in changed["added_rows"] if row.get("name") and row.get("value")]
    scope = here().workspace.checked()[1].scopes.get(at.id)
    if kept and scope is not None:
        text = condition_text(
            [part_of(row["name"], row.get("operator"), row["value"], scope) for row in kept]
        )
        editing.apply(SetValue(at, where, text))


def part_of(name: str, operator: str | None, typed: Any, scope: Scope) -> SimpleCondition:
    """A comparison as typed, its value read by the type of its name."""
    text = str(typed).strip()
    symbol = scope.symbols.get(name)
    kind = None if symbol is None else str(symbol.type)
    value: Any = text
    if operator in ("in", "not in"):
        value = tuple(part.strip() for part in text.split(",") if part.strip())
    elif text in scope.symbols and ("." in text or kind != "text"):
        value = Named(text)
    elif kind == "boolean":
        value = text.casefold() in ("true", "yes", "是", "1")
    elif kind == "number":
        try:
            value = float(text.replace(",", ""))
        except ValueError:
            value = text
    return SimpleCondition(name, operator or "==", value)


def _expression(
    at: Address, where: controls.ValuePath, text: str, book: Rulebook, found: tuple[Diagnostic, ...]
) -> None:
    """The condition as an expression, with completion and hover."""
    scope = book.scopes.get(at.id)

    def answer(kind: str, typed: str, offset: int) -> Any:
        if scope is None:
            return None
        asked = complete_expression if kind == "complete" else hover_expression
        return asked(typed, offset, scope, book, language())

    def keep(typed: str) -> None:
        if typed.strip():
            editing.apply(SetValue(at, where, typed.strip()))

    source_editor(
        f"{at.id} {' '.join(map(str, where))}",
        text,
        label=t("condition"),
        mode="expression",
        found=_problems_in(text, scope),
        on_edit=keep,
        answer=answer,
        read_only=not editing.may_edit(),
        height=84,
    )
    st.caption(t("expression_help"))


def _problems_in(text: str, scope: Scope | None) -> list[Diagnostic]:
    """What is wrong with a condition, placed in its own text."""

    def place(start: int, end: int) -> Span:
        (line, column), (end_line, end_column) = (_line_and_column(text, at) for at in (start, end))
        return Span("", line, column, end_line, end_column)

    return [] if scope is None else compile_expression(text, scope, Type.BOOLEAN, place)[1]


def _line_and_column(text: str, at: int) -> tuple[int, int]:
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


# ---- the rest


def _outputs(
    at: Address, path: controls.ValuePath, then: dict[str, Any], declared: Mapping[str, OutputModel]
) -> None:
    columns = st.columns(min(3, max(1, len(declared))))
    for number, (name, output) in enumerate(declared.items()):
        with columns[number % len(columns)]:
            _output(at, (*path, "then", name), then.get(name), name, output)


def _output(at: Address, where: controls.ValuePath, value: Any, name: str, output: OutputModel) -> None:
    words = md(title_of(output.title, t("verdict") if name == "verdict" else name))
    if isinstance(value, dict):
        controls.text(t("computed", name=words), at, (*where, "value"), value.get("value"))
    elif output.combine in ("collect", "set") or output.type == "text_list":
        controls.several(words, at, where, value, output.allowed or (), free=output.allowed is None)
    elif output.allowed is not None:
        show = verdict_word if name == "verdict" else str
        controls.choice(words, at, where, value, output.allowed, show=show)
    elif output.type == "number":
        controls.number(words, at, where, value)
    elif output.type == "boolean":
        controls.yes_no(words, at, where, value)
    elif output.type == "date":
        controls.day(words, at, where, value)
    else:
        controls.text(words, at, where, value)


def _source(at: Address, where: controls.ValuePath, written: Any) -> None:
    source = {"citation": written} if isinstance(written, str) else dict(written or {})
    controls.text(t("citation"), at, (*where, "citation"), source.get("citation"))
    columns = st.columns([3, 2, 2])
    with columns[0]:
        controls.text(t("url"), at, (*where, "url"), source.get("url"))
    with columns[1]:
        controls.choice(
            t("confidence"),
            at,
            (*where, "confidence"),
            source.get("confidence"),
            CONFIDENCES,
            show=lambda c: t(f"confidence_{c}") if c in CONFIDENCES else str(c),
        )
    with columns[2]:
        controls.day(t("checked"), at, (*where, "checked"), source.get("checked"))


def _place(at: Address, path: controls.ValuePath, written: dict[str, Any], book: Rulebook) -> None:
    regions = book.regions.documents
    controls.several(
        t("only_markets"),
        at,
        (*path, "markets"),
        written.get("markets"),
        sorted(regions),
        show=lambda r: f"{r} {title_of(regions[r].model.title, '')}" if r in regions else str(r),
    )
    effective = written.get("effective") or {}
    columns = st.columns(3)
    with columns[0]:
        controls.day(t("from_day"), at, (*path, "effective", "from"), effective.get("from"))
    with columns[1]:
        controls.day(t("to_day"), at, (*path, "effective", "to"), effective.get("to"))
    with columns[2]:
        controls.choice(
            t("if_unknown"),
            at,
            (*path, "if_unknown"),
            written.get("if_unknown"),
            ("skip", "fire", "review"),
            show=lambda w: t(f"unknown_{w}") if w in ("skip", "fire", "review") else str(w),
        )


def _review(at: Address, where: controls.ValuePath, review: dict[str, Any]) -> None:
    columns = st.columns(3)
    with columns[0]:
        controls.text(t("queue"), at, (*where, "queue"), review.get("queue"), help=t("queue_help"))
    with columns[1]:
        controls.text(t("within"), at, (*where, "within"), review.get("within"), help=t("within_help"))
    with columns[2]:
        controls.number(t("approvers"), at, (*where, "approvers"), review.get("approvers"), low=1, high=100)
