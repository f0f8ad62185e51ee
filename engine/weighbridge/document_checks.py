"""What must agree within one document: unique ids, ascending bounds, keys that go together, dates."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from weighbridge.documents import (
    BinModel,
    CaseModel,
    CharacteristicModel,
    ColumnModel,
    DerivedModel,
    FieldModel,
    Interval,
    MappedColumn,
    MappingModel,
    Model,
    OutputModel,
    ParameterModel,
    PeriodModel,
    RecordTypeModel,
    RegionModel,
    RuleModel,
    RuleOverride,
    RulesetModel,
    ScenariosModel,
    ScorecardModel,
    ScoreExpectation,
    TableModel,
    WaiversModel,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree with something else in its document; `path` leads to it from the root."""

    code: str
    path: Path
    message: str
    expected: str
    is_key: bool = False
    """Whether the key at the end of `path` is meant, not its value."""
    related: tuple[tuple[str, Path], ...] = ()


def check_document(model: Model) -> list[Problem]:
    """All problems of one document, in the order of its parts."""
    check = _CHECKS.get(type(model))
    return list(check(model)) if check is not None else []


def _unique(entries: Iterable[tuple[str, Path]], what: str) -> Iterator[Problem]:
    seen: dict[str, Path] = {}
    for name, path in entries:
        if name in seen:
            yield Problem(
                "WB109", path, f"two {what} are called {name!r}", "each id once",
                related=(("the first stands here", seen[name]),),
            )  # fmt: skip
        seen.setdefault(name, path)


def _period(period: PeriodModel | None, path: Path) -> Iterator[Problem]:
    if period is not None and period.from_ and period.to and period.from_ > period.to:
        message = f"the period ends ({period.to}) before it begins ({period.from_})"
        yield Problem("WB112", (*path, "to"), message, "a last day on or after the first")


def _disjoint(periods: Sequence[PeriodModel], path: Path) -> Iterator[Problem]:
    """Dated values must not overlap: on every day at most one of them holds."""
    order = sorted(range(len(periods)), key=lambda i: (periods[i].from_ or datetime.date.min, i))
    for index in order:
        yield from _period(periods[index], (*path, index))
    for one, other in pairwise(order):
        end, start = periods[one].to or datetime.date.max, periods[other].from_ or datetime.date.min
        if start <= end:
            late, early = max(one, other), min(one, other)
            yield Problem(
                "WB112", (*path, late), "two values hold on the same day", "periods that do not overlap",
                related=(("the other one", (*path, early)),),
            )  # fmt: skip


# ---- record types and mappings


def _record_type(model: RecordTypeModel) -> Iterator[Problem]:
    if model.key is not None and model.key not in model.fields:
        yield Problem(
            "WB111", ("key",), f"the key {model.key!r} is not a field", "one of: " + ", ".join(model.fields)
        )
    for name, field in model.fields.items():
        yield from _limits(field, ("fields", name))
        if field.tree is not None:
            if field.type != "text":
                yield _goes_with(("fields", name, "tree"), "tree", "type: text")
            yield from _tree(field.tree, ("fields", name, "tree"))
    yield from _derived(model.derived, model.fields, "field")
    for purpose, consent in model.consents.items():
        if consent.given is None and consent.refused is None:
            message = f"the consent for {purpose} says nothing"
            yield Problem("WB111", ("consents", purpose), message, "'given', 'refused' or both")
    for feed, columns in model.feeds.items():
        for name, column in columns.items():
            yield from _mapped_column(column, ("feeds", feed, name))


def _goes_with(path: Path, key: str, needed: str) -> Problem:
    return Problem("WB111", path, f"{key!r} needs {needed}", f"{needed}, or no {key!r}", is_key=True)


def _limits(field: FieldModel | ParameterModel, path: Path) -> Iterator[Problem]:
    if field.type != "number":
        for key in ("min", "max", "unit"):
            if getattr(field, key) is not None:
                yield _goes_with((*path, key), key, "type: number")
    if field.type not in ("text", "text_list") and field.allowed is not None:
        yield _goes_with((*path, "allowed"), "allowed", "type: text or text_list")
    if field.min is not None and field.max is not None and field.min > field.max:
        yield Problem(
            "WB110", (*path, "max"), "the largest number is below the smallest", f"at least {field.min}"
        )
    if field.allowed is not None:
        yield from _unique(((text, (*path, "allowed", i)) for i, text in enumerate(field.allowed)), "choices")


def _tree(tree: Sequence[str], path: Path) -> Iterator[Problem]:
    yield from _unique(((text, (*path, i)) for i, text in enumerate(tree)), "paths")
    for index, text in enumerate(tree):
        if any(part != part.strip() or not part for part in text.split("/")):
            message = f"{text!r} is not a path"
            yield Problem(
                "WB104", (*path, index), message, "parts separated by single '/', none of them empty"
            )


def _derived(derived: dict[str, DerivedModel], fields: Iterable[str], what: str) -> Iterator[Problem]:
    taken = set(fields)
    for name in derived:
        if name in taken:
            yield Problem(
                "WB109", ("derived", name), f"{name!r} is also a {what}", "another name", is_key=True
            )


def _mapping(model: MappingModel) -> Iterator[Problem]:
    for name, column in model.columns.items():
        yield from _mapped_column(column, ("columns", name))


def _mapped_column(column: MappedColumn, path: Path) -> Iterator[Problem]:
    if column.is_constant:
        keys = ("from_", "as_", "strip", "split", "join", "json_", "choose", "otherwise")
        for key in (*keys, "optional", "after", "before", "decimal", "date_format", "map"):
            if key in column.model_fields_set:
                yield _excludes((*path, key.rstrip("_")), key.rstrip("_"), "value", (*path, "value"))
    elif not column.from_:
        yield Problem(
            "WB111",
            path,
            "this column comes from nowhere",
            "'from' (columns of the feed) or 'value' (a constant)",
        )
    if column.split is not None and column.as_ != "text_list":
        yield _goes_with((*path, "split"), "split", "as: text_list")
    if "otherwise" in column.model_fields_set and not (column.choose or column.map):
        yield _goes_with((*path, "otherwise"), "otherwise", "'choose' or 'map'")
    if column.join is not None and len(column.from_) < 2 and not column.json_ and not column.is_constant:
        yield _goes_with((*path, "join"), "join", "several columns in 'from', or 'json'")


def _excludes(path: Path, key: str, other: str, other_path: Path) -> Problem:
    return Problem(
        "WB111", path, f"{key!r} and {other!r} exclude each other", "one of the two", is_key=True,
        related=((f"{other!r} stands here", other_path),),
    )  # fmt: skip


# ---- regions


def _region(model: RegionModel) -> Iterator[Problem]:
    yield from _unique(((name, ("extends", i)) for i, name in enumerate(model.extends)), "parents")
    if model.region in model.extends:
        path = ("extends", model.extends.index(model.region))
        yield Problem("WB111", path, f"the region {model.region!r} extends itself", "another region")
    for name, declared in model.declares.items():
        yield from _limits(declared, ("declares", name))
    for name, values in model.parameters.items():
        yield from _disjoint(values, ("parameters", name))
    for card, weights in model.weights.items():
        for name, dated in weights.items():
            yield from _disjoint(dated, ("weights", card, name))
    for index, entry in enumerate(model.privacy):
        yield from _period(entry, ("privacy", index))
    for index, override in enumerate(model.overrides):
        yield from _period(override, ("overrides", index))
        if isinstance(override, RuleOverride) and not isinstance(override.set.get("enabled", True), bool):
            place = ("overrides", index, "set", "enabled")
            yield Problem("WB104", place, "'enabled' switches the rule on or off", "true or false")


# ---- scorecards


def _scorecard(model: ScorecardModel) -> Iterator[Problem]:
    entries = ((item.id, ("characteristics", i, "id")) for i, item in enumerate(model.characteristics))
    yield from _unique(entries, "characteristics")
    for index, item in enumerate(model.characteristics):
        path: Path = ("characteristics", index)
        yield from _characteristic(item, path)
        if model.score == "weighted_mean" and item.weight < 0:
            yield Problem(
                "WB110", (*path, "weight"), "a weighted mean has no negative weights", "a weight of 0 or more"
            )
    yield from _unique(((tier.id, ("tiers", i, "id")) for i, tier in enumerate(model.tiers)), "tiers")
    yield from _tiers(model)


def _tiers(model: ScorecardModel) -> Iterator[Problem]:
    previous: float | None = None
    for index, tier in enumerate(model.tiers):
        if tier.from_ is None:
            if index > 0:
                message = f"the tier {tier.id!r} has no lower bound"
                yield Problem("WB111", ("tiers", index), message, "'from'; only the first tier may lack it")
            continue
        if previous is not None and tier.from_ <= previous:
            message = (
                f"the tier {tier.id!r} begins at {tier.from_}, not above the tier before it ({previous})"
            )
            yield Problem(
                "WB110", ("tiers", index, "from"), message, f"tiers in ascending order: more than {previous}"
            )
        previous = tier.from_


def _characteristic(item: CharacteristicModel, path: Path) -> Iterator[Problem]:
    if item.bins and item.points is not None:
        yield _excludes((*path, "points"), "points", "bins", (*path, "bins"))
    elif not item.bins and item.points is None:
        yield Problem("WB111", path, f"the characteristic {item.id!r} gives no points", "'bins' or 'points'")
    elif item.bins and item.value is None:
        yield _goes_with((*path, "bins"), "bins", "'value'")
    elif item.points is not None and item.value is not None:
        yield _goes_with((*path, "value"), "value", "'bins'")
    for key in ("min", "max"):
        if getattr(item, key) is not None and item.points is None:
            yield _goes_with((*path, key), key, "'points'")
    if item.min is not None and item.max is not None and item.min > item.max:
        yield Problem(
            "WB110", (*path, "max"), "the largest number is below the smallest", f"at least {item.min}"
        )
    yield from _bins(item.bins, (*path, "bins"))


def _bins(bins: Sequence[BinModel], path: Path) -> Iterator[Problem]:
    for index, item in enumerate(bins):
        if len(item.selectors) > 1:
            first, second = item.selectors[:2]
            yield _excludes((*path, index, second), second, first, (*path, index, first))
        if not item.selectors and index < len(bins) - 1:
            message = "this bin takes all the rest, so the bins after it can never apply"
            yield Problem("WB110", (*path, index), message, "the bin without a bound last")
    chosen = [(index, item, item.selectors[0]) for index, item in enumerate(bins) if len(item.selectors) == 1]
    kinds = {"in or is" if key in ("in", "is") else key for _, _, key in chosen}
    if len(kinds) > 1:
        index, _, key = next(entry for entry in chosen if entry[2] != chosen[0][2])
        message = f"bins by {chosen[0][2]!r} and by {key!r} are mixed"
        yield Problem(
            "WB111", (*path, index, key), message, "one way of giving bounds for all bins", is_key=True
        )
    elif kinds <= {"upto", "from"}:
        yield from _ascending(
            [
                (index, getattr(item, "upto" if key == "upto" else "from_"), key)
                for index, item, key in chosen
            ],
            path,
        )
    elif kinds == {"range"}:
        yield from _ranges([(index, item) for index, item, _ in chosen], path, rest=not bins[-1].selectors)
    else:
        yield from _unique(_choices(chosen, path), "bins of this characteristic")


def _choices(chosen: Iterable[tuple[int, BinModel, str]], path: Path) -> Iterator[tuple[str, Path]]:
    for index, item, key in chosen:
        if key == "is":
            yield str(item.is_), (*path, index, "is")
        for place, value in enumerate(item.in_ or ()):
            yield str(value), (*path, index, "in", place)


def _ascending(bounds: Sequence[tuple[int, float, str]], path: Path) -> Iterator[Problem]:
    for (_, before, _), (index, bound, key) in pairwise(bounds):
        if bound <= before:
            message = f"this bound ({bound}) is not above the one before it ({before})"
            yield Problem(
                "WB110", (*path, index, key), message, f"bounds in ascending order: more than {before}"
            )


def _ranges(chosen: Sequence[tuple[int, BinModel]], path: Path, *, rest: bool) -> Iterator[Problem]:
    readable: list[tuple[int, Interval]] = []
    for index, item in chosen:
        interval = item.interval
        if interval is None:
            message = f"{item.range!r} is not a range"
            yield Problem(
                "WB104", (*path, index, "range"), message, "[0..5), (0..5], [5..) ...; the lower bound first"
            )
        else:
            readable.append((index, interval))
    readable.sort(key=lambda entry: (_low(entry[1]), not entry[1].low_closed))
    for (first, lower), (second, upper) in pairwise(readable):
        high, low = _high(lower), _low(upper)
        here: Path = (*path, second, "range")
        related = (("the other range", (*path, first, "range")),)
        if low < high or (low == high and lower.high_closed and upper.low_closed):
            yield Problem(
                "WB110", here, "two ranges overlap", "ranges without a common number", related=related
            )
        elif not rest and (low > high or not (lower.high_closed or upper.low_closed)):
            message = (
                f"there is a gap between {high} and {low}" if low > high else f"{low} itself is in no range"
            )
            yield Problem(
                "WB110", here, message, "ranges that meet, or a last bin for the rest", related=related
            )


def _low(interval: Interval) -> float:
    return float("-inf") if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    return float("inf") if interval.high is None else interval.high


# ---- rulesets


def _ruleset(model: RulesetModel) -> Iterator[Problem]:
    ids = [(rule.id, ("rules", i, "id")) for i, rule in enumerate(model.rules)]
    yield from _unique(ids, "rules")
    yield from _unique(
        [*ids, *((t.id, ("tables", i, "id")) for i, t in enumerate(model.tables))][len(ids) :], "tables"
    )
    yield from _period(model.effective, ("effective",))
    for name, output in model.outputs.items():
        yield from _output(output, ("outputs", name))
    yield from _derived(model.derived, model.outputs, "output")
    for index, rule in enumerate(model.rules):
        yield from _rule(rule, ("rules", index))
    for index, table in enumerate(model.tables):
        yield from _table(table, ("tables", index))
    if model.ruleset in model.include:
        path = ("include", model.include.index(model.ruleset))
        yield Problem("WB111", path, f"the ruleset {model.ruleset!r} includes itself", "another ruleset")


def _rule(rule: RuleModel, path: Path) -> Iterator[Problem]:
    yield from _period(rule.effective, (*path, "effective"))


def _output(output: OutputModel, path: Path) -> Iterator[Problem]:
    if output.combine in ("worst", "best") and not output.allowed:
        yield _goes_with((*path, "combine"), "combine", "'allowed' (the order from best to worst)")
    if output.combine == "sum" and output.type != "number":
        yield _goes_with((*path, "combine"), "combine", "type: number")
    if output.combine in ("min", "max") and output.type not in ("number", "date"):
        yield _goes_with((*path, "combine"), "combine", "type: number or date")
    if output.allowed is not None and output.type not in ("text", "text_list"):
        yield _goes_with((*path, "allowed"), "allowed", "type: text or text_list")
    if output.allowed and isinstance(output.default, str) and output.default not in output.allowed:
        message = f"the default {output.default!r} is not allowed"
        yield Problem("WB105", (*path, "default"), message, "one of: " + ", ".join(output.allowed))
    if output.titles and output.allowed is None:
        yield _goes_with((*path, "titles"), "titles", "'allowed' (the texts that have them)")
    allowed = output.allowed or ()
    for text in output.titles if output.allowed is not None else ():
        if text not in allowed:
            message, expected = f"the text {text!r} is not allowed", "one of: " + ", ".join(allowed)
            yield Problem("WB105", (*path, "titles", text), message, expected, is_key=True)


def _table(table: TableModel, path: Path) -> Iterator[Problem]:
    if table.columns and table.is_short:
        short = "inputs" if table.inputs else "outputs"
        yield _excludes((*path, short), short, "columns", (*path, "columns"))
    elif not table.columns and not table.is_short:
        yield Problem(
            "WB111", path, f"the table {table.id!r} has no columns", "'columns', or 'inputs' and 'outputs'"
        )
    names = [(name, (*path, "inputs", i)) for i, name in enumerate(table.inputs)]
    yield from _unique(
        [*names, *((name, (*path, "outputs", i)) for i, name in enumerate(table.outputs))], "columns"
    )
    for header, column in table.columns.items():
        yield from _column(column, (*path, "columns", header))
    yield from _roles(table, (*path, "columns"))


_SINGLE_ROLES = frozenset(
    {"id", "source", "url", "confidence", "effective_from", "effective_to", "markets", "when"}
)


def _roles(table: TableModel, path: Path) -> Iterator[Problem]:
    """Roles that only one column can have."""
    seen: dict[str, str] = {}
    for header, column in (table.columns if not table.is_short else {}).items():
        role: str = column.as_
        if role == "output":
            role = f"output {column.to or header}"
        elif role == "reason":
            role = f"reason in {column.language or 'en'}"
        elif role not in _SINGLE_ROLES:
            continue
        if role in seen:
            yield Problem(
                "WB111",
                (*path, header),
                f"two columns have the role {role!r}",
                "one column for it",
                is_key=True,
                related=(("the other column", (*path, seen[role])),),
            )
        seen.setdefault(role, header)


def _column(column: ColumnModel, path: Path) -> Iterator[Problem]:
    if column.as_ in ("mentions", "under") and column.of is None:
        yield Problem(
            "WB103", path, f"a column that is read as {column.as_!r} needs the key 'of'", "of: an expression"
        )
    if column.of is not None and column.as_ not in ("mentions", "under", "test"):
        yield _goes_with((*path, "of"), "of", "as: mentions, under or test")
    if column.to is not None and column.as_ != "output":
        yield _goes_with((*path, "to"), "to", "as: output")
    if column.language is not None and column.as_ != "reason":
        yield _goes_with((*path, "language"), "language", "as: reason")


# ---- scenarios and waivers


def _scenarios(model: ScenariosModel) -> Iterator[Problem]:
    yield from _unique(((case.name, ("cases", i, "name")) for i, case in enumerate(model.cases)), "cases")
    for index, case in enumerate(model.cases):
        yield from _case(model, case, ("cases", index))


def _case(model: ScenariosModel, case: CaseModel, path: Path) -> Iterator[Problem]:
    if case.market is not None and case.markets:
        yield _excludes((*path, "markets"), "markets", "market", (*path, "market"))
    if case.market is None and not case.markets and model.market is None:
        yield Problem(
            "WB103", path, f"the case {case.name!r} has no market", "'market' here or for all cases"
        )
    if case.as_of is None and model.as_of is None:
        yield Problem("WB103", path, f"the case {case.name!r} has no day", "'as_of' here or for all cases")
    if not case.expect.model_fields_set:
        yield Problem(
            "WB103", (*path, "expect"), f"the case {case.name!r} expects nothing", "at least one expectation"
        )
    for name, score in case.expect.scores.items():
        yield from _score_expectation(score, (*path, "expect", "scores", name))


def _score_expectation(score: ScoreExpectation, path: Path) -> Iterator[Problem]:
    for key in ("min", "max"):
        if getattr(score, key) is not None and "value" in score.model_fields_set:
            yield _excludes((*path, key), key, "value", (*path, "value"))
    if score.min is not None and score.max is not None and score.min > score.max:
        yield Problem(
            "WB110", (*path, "max"), "the largest number is below the smallest", f"at least {score.min}"
        )
    if not score.model_fields_set:
        yield Problem("WB103", path, "this expects nothing of the score", "'tier', 'value', 'min' or 'max'")


def _waivers(model: WaiversModel) -> Iterator[Problem]:
    entries = (
        (f"{w.rule} in {w.market or 'every market'} for {w.record or 'every record'}", ("waivers", i, "rule"))
        for i, w in enumerate(model.waivers)
    )
    yield from _unique(entries, "waivers")


_CHECKS: dict[type[Model], Callable[[Any], Iterator[Problem]]] = {
    RecordTypeModel: _record_type,
    MappingModel: _mapping,
    RegionModel: _region,
    ScorecardModel: _scorecard,
    RulesetModel: _ruleset,
    ScenariosModel: _scenarios,
    WaiversModel: _waivers,
}
