"""The page of a ruleset: outputs, rules and tables, each with its condition, reason, source and review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from weighbridge.documents import (
    ColumnModel,
    ExpressionValue,
    PeriodModel,
    ReviewModel,
    RulesetModel,
    SourceModel,
)
from weighbridge.pages.markup import cell_code, outside, plain, table
from weighbridge.pages.site import Site, page
from weighbridge.project import Document
from weighbridge.rulebook import Rule
from weighbridge.tables import split_terms
from weighbridge.tree import Const, Expr
from weighbridge.unparse import unparse

LONG = 12
"""Rules and rows from which on they are grouped by market."""


def ruleset_page(site: Site, ident: str) -> str:
    """The page of the ruleset `ident`."""
    document = site.project.rulesets[ident]
    model = document.model
    included = site.word("list_separator").join(
        site.to(site.project.rulesets[name]) for name in model.include
    )
    parts = [
        f"# {site.name(model.title, ident)}",
        *site.introduction(document),
        f"## {site.word('how_it_decides')}",
        *site.facts(
            (
                ("file", site.file(document.file)),
                ("record_type", site.to(site.project.record_types[model.record])),
                ("includes", included),
                ("markets", site.regions(model.markets)),
                ("when_unknown", site.word(f"unknown_{model.if_unknown}")),
                ("in_force", site.period(model.effective) if model.effective else ""),
            )
        ),
        *_outputs(site, model),
    ]
    if model.derived:
        parts.append(f"## {site.word('derived')}")
    for name, derived in model.derived.items():
        path = ("derived", name, "value")
        parts += [f"### {site.name(derived.title, name)}", site.expression(document, path, derived.value)]
    parts += _rules(site, document)
    for index in range(len(model.tables)):
        parts += _table(site, document, index)
    return page([*parts, *_reads(site, ident, model.record)])


def _outputs(site: Site, model: RulesetModel) -> list[str]:
    rows = [
        [
            site.name(o.title, name),
            site.word(o.type),
            site.word(f"combine_{o.combine}"),
            site.value(o.default),
            site.value(o.allowed) if o.allowed else "",
        ]
        for name, o in model.outputs.items()
    ]
    header = [site.word(name) for name in ("output", "type", "several_rules", "default", "allowed")]
    return [f"## {site.word('outputs')}", table(header, rows)]


# --- rules ---


def _rules(site: Site, document: Document[RulesetModel]) -> Iterator[str]:
    rules = document.model.rules
    if not rules:
        return
    yield f"## {site.word('rules')}"
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, rule in enumerate(rules):
        groups.setdefault(rule.markets if len(rules) > LONG else (), []).append(index)
    for markets, indices in groups.items():
        if len(groups) > 1:
            yield f"### {_heading(site, markets)}"
        for index in indices:
            yield from _rule(site, document, index, "####" if len(groups) > 1 else "###")


def _heading(site: Site, markets: tuple[str, ...]) -> str:
    shown = site.word("list_separator").join(map(site.region, markets))
    return shown or site.word("all_markets")


def _rule(site: Site, document: Document[RulesetModel], index: int, level: str) -> Iterator[str]:
    model, rule = document.model, document.model.rules[index]
    yield f"{level} {site.name(rule.title, rule.id)}"
    yield site.expression(document, ("rules", index, "when"), rule.when)
    unknown = (
        site.word(f"unknown_{rule.if_unknown}") if rule.if_unknown not in (None, model.if_unknown) else ""
    )
    yield from site.facts(
        (
            ("then", _then(site, rule.then)),
            ("markets", site.regions(rule.markets)),
            ("in_force", site.period(rule.effective) if rule.effective else ""),
            ("switched_off", "" if rule.enabled else site.word("yes")),
            ("when_unknown", unknown),
            ("review", _review(site, rule.review)),
            ("source", _source(site, rule.source)),
        )
    )
    if rule.reason:
        yield f"> {site.reason(rule.reason)}"


def _then(site: Site, then: Mapping[str, Any]) -> str:
    return site.word("list_separator").join(
        f"{cell_code(name)} {_set(site, name, value)}" for name, value in then.items()
    )


def _set(site: Site, name: str, value: Any) -> str:
    if isinstance(value, ExpressionValue):
        return cell_code(value.value)
    if isinstance(value, Const):
        value = value.value
    elif isinstance(value, Expr):
        return cell_code(unparse(value))
    return (
        f"**{site.word(f'verdict_{value}')}**"
        if name == "verdict" and value in _VERDICTS
        else site.value(value)
    )


_VERDICTS = ("block", "review", "warn", "pass")


def _review(site: Site, review: ReviewModel | None) -> str:
    if review is None:
        return ""
    within = "" if review.within is None else site.word("within", within=review.within)
    several = "" if review.approvers == 1 else site.word("approvers", count=review.approvers)
    return f"{cell_code(review.queue)}{within}{several}"


def _source(site: Site, source: SourceModel | None) -> str:
    if source is None:
        return ""
    shown = outside(source.citation, source.url)
    if source.confidence is not None:
        shown += site.word("in_brackets", text=site.word(source.confidence))
    return shown if source.checked is None else f"{shown} {site.word('checked', day=source.checked)}"


# --- tables ---


def _table(site: Site, document: Document[RulesetModel], index: int) -> Iterator[str]:
    model = document.model.tables[index]
    source = site.project.table(document, index)
    assert source is not None, "a project with errors has no pages"
    rules = [r for r in site.book.rulesets[document.id].rules if r.table == f"{document.id}/{model.id}"]
    yield f"## {site.name(model.title, model.id)}"
    unknown = site.word(f"unknown_{model.if_unknown}") if model.if_unknown else ""
    yield from site.facts(
        (
            ("file", site.file(source.file) if source.file != document.file else ""),
            ("row_count", _counts(site, rules)),
            ("several_rows", site.word(f"hit_{model.hit}")),
            ("on_all_rows", cell_code(model.when) if model.when else ""),
            ("when_unknown", unknown),
            ("review", _review(site, model.review)),
        )
    )
    groups: dict[tuple[str, ...], list[list[str]]] = {}
    ordered = sorted(zip(rules, source.rows, strict=True), key=lambda pair: _rank(pair[0]))
    # Where the first row that fits counts, the order of the rows says what they mean.
    pairs = (
        ordered if model.hit == "all" and len(rules) > LONG else list(zip(rules, source.rows, strict=True))
    )
    for rule, row in pairs:
        cells = {name: cell.text for name, cell in row.items()}
        markets = _markets(model.roles(), cells)
        groups.setdefault(markets if len(rules) > LONG else (), []).append(
            _row(site, rule, model.roles(), cells)
        )
    header = [site.word(name) for name in ("row", "then", "where", "says", "source")]
    used = [n for n in range(len(header)) if n < 2 or any(row[n] for rows in groups.values() for row in rows)]
    for markets in sorted(groups, key=lambda ids: (not ids, _heading(site, ids))):
        if len(groups) > 1:
            yield f"### {_heading(site, markets)}"
        yield table([header[n] for n in used], ([row[n] for n in used] for row in groups[markets]))


def _counts(site: Site, rules: list[Rule]) -> str:
    """The number of rows, and of each verdict."""
    ranks = [_rank(rule)[0] for rule in rules]
    shown = [
        f"{site.word(f'verdict_{verdict}')} {ranks.count(n)}"
        for n, verdict in enumerate(_VERDICTS)
        if n in ranks
    ]
    several = site.word("in_brackets", text=site.word("list_separator").join(shown)) if shown else ""
    return f"{len(rules)}{several}"


def _rank(rule: Rule) -> tuple[int, str]:
    """Rows that stop a listing first, then by id."""
    verdict = rule.then.get("verdict")
    value = verdict.value if isinstance(verdict, Const) else None
    return (_VERDICTS.index(value) if value in _VERDICTS else len(_VERDICTS), rule.ref)


def _markets(roles: Mapping[str, ColumnModel], cells: Mapping[str, str]) -> tuple[str, ...]:
    texts = [cells[name] for name, role in roles.items() if role.as_ == "markets"]
    return tuple(part.strip() for text in texts for part in text.split("|") if part.strip())


def _row(site: Site, rule: Rule, roles: Mapping[str, ColumnModel], cells: Mapping[str, str]) -> list[str]:
    conditions = list(_mentioned(site, roles, cells))
    conditions += [shown for name, role in roles.items() if (shown := _condition(site, role, cells[name]))]
    markets = _markets(roles, cells)
    if markets and len(site.book.rulesets[rule.ruleset].rules) <= LONG:
        conditions.insert(0, site.regions(markets))
    return [
        cell_code(rule.ref.split("/", 1)[1]),
        _then(site, rule.then),
        "<br>".join(conditions),
        site.reason(_reasons(roles, cells)),
        "<br>".join(filter(None, (_source(site, rule.source), site.periods(_own_periods(site, rule))))),
    ]


def _own_periods(site: Site, rule: Rule) -> list[PeriodModel]:
    whole = site.project.rulesets[rule.ruleset].model.effective
    return [period for period in rule.periods if period is not whole]


def _reasons(roles: Mapping[str, ColumnModel], cells: Mapping[str, str]) -> dict[str, str]:
    found = ((role.language, cells[name]) for name, role in roles.items() if role.as_ == "reason")
    return {language: text for language, text in found if language is not None and text}


def _mentioned(site: Site, roles: Mapping[str, ColumnModel], cells: Mapping[str, str]) -> Iterator[str]:
    """What a row looks for; columns that look at the same text are alternatives."""
    terms: dict[str, dict[str, None]] = {}
    for name, role in roles.items():
        if role.as_ == "mentions":
            terms.setdefault(str(role.of), {}).update(dict.fromkeys(split_terms(cells[name])))
    for of, found in terms.items():
        if found:
            words = site.word("term_separator").join(map(plain, found))
            yield site.word("cell_mentions", of=cell_code(of), words=words)


def _condition(site: Site, role: ColumnModel, text: str) -> str:
    """One cell of a row as a condition in words; empty where it asks for nothing."""
    if not text.strip():
        return ""
    match role.as_:
        case "under":
            paths = " ".join(cell_code(p.strip()) for p in text.split("|"))
            return site.word("cell_under", of=cell_code(str(role.of)), paths=paths)
        case "test":
            return (
                ""
                if text.strip() == "-"
                else f"{cell_code(str(role.of))}{site.word('colon')}{cell_code(text)}"
            )
        case "requires":
            return site.word("cell_requires", fields=" ".join(cell_code(f.strip()) for f in text.split("|")))
        case "when":
            return cell_code(text)
        case _:
            return ""


def _reads(site: Site, ident: str, record: str) -> list[str]:
    """What the ruleset's own rules and derived values read."""
    trees = [c.tree for rule in site.book.rulesets[ident].rules for c in rule.conditions]
    trees += [d.tree for path, d in site.book.derived.items() if path.startswith(f"{ident}/")]
    return site.reads(trees, record)
