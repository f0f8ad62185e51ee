"""Columns of a feed -> fields of a record.

A `Binding` is made once per feed from the mapping (or the record type's `feeds` entry, or plain equality of
names) and then reads row after row. Formats hand it their cells as a list; which place of the list holds
which column is theirs to say, through `Columns`.

What each key of a mapped column does, in the order in which it is done:

| key | effect |
|---|---|
| `value` | a constant; no other key applies |
| `from` | the column; of several, the first whose cell is not missing |
| `optional` | the feed may lack the column (of several columns, one must be there) |
| `json` | the cell is JSON; take the value at this path (of several paths, the first that is there) |
| `join` | all cells that are not missing (and all values that `json` finds), with this text between |
| `after`, `before` | the part of the cell behind the first such text, in front of the next |
| `map` | the whole cell (any case) -> value; a cell that is no entry goes on unless `otherwise` is given |
| `choose` | the first entry one of whose `contains` phrases occurs gives the value, else `otherwise` |
| `strip`, `decimal`, `date_format`, `split` | how the text becomes a number, date or list (see `cells`) |
| `as` | states the type; it must be the field's |

A missing cell stays missing: `otherwise` is for cells that say something else.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol

from weighbridge.diagnostics import Diagnostic, Span, suggest
from weighbridge.documents import FieldModel, MappedColumn, Scalar
from weighbridge.feeds.cells import Convert, Reading, Unreadable, converter, is_date_format
from weighbridge.feeds.feed import FeedError, FeedRequest, listed
from weighbridge.feeds.json_path import is_list, look_up, parse_path
from weighbridge.feeds.phrases import folded, phrase_finder
from weighbridge.masking import MASK

CHOICES_KEPT, CHOICE_LENGTH = 20_000, 500
"""How many texts, and how long ones, have their `choose` result remembered; category columns have few."""

_BY_TYPE = {"strip": "number", "decimal": "number", "date_format": "date", "split": "text_list"}
"""Keys of a mapped column that make sense for one type of field only."""


class Columns(Protocol):
    """The columns of one feed."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names to suggest; () where any name may occur."""
        ...

    def find(self, name: str) -> int | None:
        """The place of a column in the rows' cells, or None."""
        ...

    def reading(self, name: str, base: Reading) -> Reading:
        """How the cells of this column are to be read."""
        ...


def plain_name(name: str) -> str:
    """A column name without case, with underscores for spaces and dashes: how names are compared."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


class HeaderColumns:
    """Columns named by a header; an exact name is preferred to one that differs in case or separators."""

    def __init__(self, header: Sequence[str]) -> None:
        self.names = tuple(header)
        self._plain = {plain_name(name): slot for slot, name in enumerate(header) if name}
        self._exact = {name: slot for slot, name in enumerate(header) if name}

    def find(self, name: str) -> int | None:
        """The place of the column in a row."""
        slot = self._exact.get(name)
        return self._plain.get(plain_name(name)) if slot is None else slot

    def reading(self, name: str, base: Reading) -> Reading:
        """Plain columns have no ways of their own."""
        return base


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell that could not be read; of a field with personal data the cell is masked."""

    slot: int
    column: str
    field: str
    cell: Any
    expected: str

    @property
    def message(self) -> str:
        """What is wrong, without the expectation."""
        text = self.cell if isinstance(self.cell, str) else repr(self.cell)
        shown = text if len(text) <= 60 else text[:57] + "..."
        return f"column {self.column!r}: {shown!r} is no value for {self.field!r}"


class Binding:
    """Reads the cells of a row into the values of a record."""

    def __init__(
        self,
        constants: Mapping[str, Any],
        direct: Sequence[tuple[str, int, Convert]],
        computed: Sequence[_Computed],
        slots: Mapping[int, str],
        wanted: Mapping[str, Sequence[str]],
        personal: Container[str] = (),
    ) -> None:
        self._personal = personal
        self._constants = dict(constants)
        self._direct = tuple(direct)
        self._computed = tuple(computed)
        self.columns = dict(slots)
        """Place -> name of every column that is read."""
        self.wanted = dict(wanted)
        """Field -> the columns one of which the feed must have (for formats that show them in the rows)."""

    def read(self, cells: Sequence[Any]) -> tuple[dict[str, Any], list[Fault]]:
        """The values of one row, and the cells that could not be read."""
        values = self._constants.copy()
        faults: list[Fault] = []
        for field, slot, convert in self._direct:
            cell = cells[slot]
            if cell is None or cell == "":
                continue
            try:
                value = convert(cell)
            except Unreadable as error:
                faults.append(self._fault(slot, field, cell, error))
                continue
            if value is not None:
                values[field] = value
        for computed in self._computed:
            try:
                value = computed.read(cells)
            except _UnreadableAt as error:
                slot = error.slot
                faults.append(self._fault(slot, computed.field, cells[slot], error))
                continue
            if value is not None:
                values[computed.field] = value
        return values, faults

    def _fault(self, slot: int, field: str, cell: Any, error: Unreadable) -> Fault:
        seen = MASK if field in self._personal else cell
        return Fault(slot, self.columns[slot], field, seen, error.expected)


class _UnreadableAt(Unreadable):
    def __init__(self, slot: int, expected: str) -> None:
        super().__init__(expected)
        self.slot = slot


@dataclass(frozen=True, slots=True)
class _Computed:
    """A field that takes more than one cell, or more than a conversion."""

    field: str
    slots: tuple[int, ...]
    missing: Callable[[str], bool]
    paths: tuple[tuple[str, ...], ...]
    join: str | None
    part: tuple[str | None, str | None]
    decide: Callable[[Any], Any]

    def read(self, cells: Sequence[Any]) -> Any:
        slot = self.slots[0]
        found: Any = None
        texts: list[str] = []
        try:
            for slot in self.slots:
                cell = self._cell(cells[slot])
                if cell is None:
                    continue
                if self.join is None:
                    found = cell
                    break
                texts += _texts_of(cell)
            if texts:
                found = (self.join or "").join(texts)
            if self.part != (None, None) and found is not None:
                found = _part(_text_of(found), *self.part)
            return None if found is None else self.decide(found)
        except Unreadable as error:
            raise _UnreadableAt(slot, error.expected) from None

    def _cell(self, cell: Any) -> Any:
        if isinstance(cell, str) and self.missing(cell):
            return None
        if self.paths and cell is not None:
            cell = _inside(cell, self.paths)
            if isinstance(cell, str) and self.missing(cell):
                return None
        return cell


@lru_cache(maxsize=4)
def _parsed(text: str) -> Any:
    # Several fields of a row are often read from one JSON cell.
    return json.loads(text)


def _inside(cell: Any, paths: tuple[tuple[str, ...], ...]) -> Any:
    if isinstance(cell, str):
        try:
            cell = _parsed(cell)
        except (ValueError, RecursionError):
            raise Unreadable("JSON") from None
    for steps in paths:
        value = look_up(cell, steps)
        if value is not None:
            return value
    return None


def _text_of(cell: Any) -> str:
    """The text of a single value, for keys that work on text."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (bool, int, float)):
        return str(cell)
    raise Unreadable("a single value")


def _texts_of(cell: Any) -> list[str]:
    return [_text_of(item) for item in cell] if is_list(cell) else [_text_of(cell)]


def _part(text: str, after: str | None, before: str | None) -> str | None:
    if after is not None:
        _, found, text = text.partition(after)
        if not found:
            return None
    return text if before is None else text.partition(before)[0]


def bind(
    request: FeedRequest,
    columns: Columns,
    plan: Mapping[str, MappedColumn],
    base: Reading,
    *,
    open_ended: bool = False,
) -> Binding:
    """The binding of `plan` (field -> mapped column) to a feed.

    `open_ended` is for formats that show their columns only in the rows. Raises FeedError with everything
    that does not fit: fields the record type lacks, columns the feed lacks, constants of another type.
    """
    maker = _Maker(request, columns, base)
    for name, column in plan.items():
        maker.add(name, column)
    if maker.problems:
        raise FeedError(maker.problems)
    if not maker.slots and not open_ended:
        raise request.fail(
            "WB424",
            f"none of the feed's columns is known: {listed(columns.names)}",
            expected=f"columns for fields of {request.record_type.record_type!r}: {listed(plan)}",
        )
    fields = request.record_type.fields
    personal = {name for name in fields if fields[name].personal is not None}
    return Binding(maker.constants, maker.direct, maker.computed, maker.slots, maker.wanted, personal)


class _Maker:
    """Collects the parts of a binding, and all that is wrong, field by field."""

    def __init__(self, request: FeedRequest, columns: Columns, base: Reading) -> None:
        self.request, self.columns, self.base = request, columns, base
        self.constants: dict[str, Any] = {}
        self.direct: list[tuple[str, int, Convert]] = []
        self.computed: list[_Computed] = []
        self.slots: dict[int, str] = {}
        self.problems: list[Diagnostic] = []
        self.wanted: dict[str, Sequence[str]] = {}

    def add(self, name: str, column: MappedColumn) -> None:
        field = self.request.record_type.fields.get(name)
        if field is None:
            fields = self.request.record_type.fields
            self._problem("WB426", f"the record type has no field {name!r}", suggestion=suggest(name, fields))
        elif column.as_ is not None and column.as_ != field.type:
            self._problem("WB426", f"{name!r} is read as {column.as_}, but the field is {field.type}")
        elif column.is_constant:
            self.constants |= (
                {name: value} if (value := self._fixed(name, field, column.value)) is not None else {}
            )
        elif not column.from_:
            self._problem("WB426", f"{name!r} has neither `from` nor `value`")
        else:
            self._check_keys(name, field, column)
            self._read(name, field, column)

    def _check_keys(self, name: str, field: FieldModel, column: MappedColumn) -> None:
        for key, kind in _BY_TYPE.items():
            if key in column.model_fields_set and field.type != kind:
                self._problem("WB426", f"{key!r} is for {kind} fields, but {name!r} is {field.type}")
        if column.date_format is not None and not is_date_format(column.date_format):
            example = "such as %d/%m/%Y"
            self._problem("WB426", f"{column.date_format!r} is no way to write a date", expected=example)

    def _read(self, name: str, field: FieldModel, column: MappedColumn) -> None:
        found = {slot: source for source in column.from_ if (slot := self.columns.find(source)) is not None}
        absent = [source for source in column.from_ if self.columns.find(source) is None]
        if absent and not column.optional and (not found or column.join is not None):
            for source in absent:
                self._problem(
                    "WB424",
                    f"the feed has no column {source!r}, which {name!r} is read from",
                    expected=f"one of: {listed(self.columns.names)}",
                    suggestion=suggest(source, self.columns.names),
                )
            return
        if not found:
            return
        self.slots |= found
        if not column.optional:
            self.wanted[name] = column.from_
        source = next(iter(found.values()))
        reading = self._reading(column, self.columns.reading(source, self.base))
        convert = converter(field, reading)
        slots = tuple(found)
        part = (column.after, column.before)
        if len(slots) == 1 and not (column.json_ or column.map or column.choose or part != (None, None)):
            self.direct.append((name, slots[0], convert))
            return
        decide = self._decision(name, field, column, convert)
        paths = tuple(parse_path(path) for path in column.json_)
        self.computed.append(_Computed(name, slots, reading.is_missing, paths, column.join, part, decide))

    def _reading(self, column: MappedColumn, reading: Reading) -> Reading:
        return replace(
            reading,
            strip=column.strip or "",
            decimal=column.decimal,
            split=column.split or reading.split,
            date_format=column.date_format,
        )

    def _decision(self, name: str, field: FieldModel, column: MappedColumn, convert: Convert) -> Convert:
        """The found cell -> value: through `map`, `choose`, or just the conversion."""
        if not (column.map or column.choose):
            return convert
        table = {folded(cell.strip()): self._fixed(name, field, value) for cell, value in column.map.items()}
        choices = [(phrase_finder(c.contains), self._fixed(name, field, c.value)) for c in column.choose]
        otherwise = self._fixed(name, field, column.otherwise)
        keeps_cell = not choices and "otherwise" not in column.model_fields_set
        known: dict[str, Any] = {}

        def decide(cell: Any) -> Any:
            text = cell if type(cell) is str else _text_of(cell)
            if text in known:
                return known[text]
            plain = folded(text)
            if (key := plain.strip()) in table:
                value = table[key]
            elif keeps_cell:
                value = convert(cell)
            else:
                value = next((value for occurs, value in choices if occurs(plain)), otherwise)
            if len(known) < CHOICES_KEPT and len(text) <= CHOICE_LENGTH:
                known[text] = value
            return value

        return decide

    def _fixed(self, name: str, field: FieldModel, value: Scalar) -> Any:
        """A value written in the mapping, as the field's type."""
        if value is None:
            return None
        try:
            return converter(field, Reading())(value)
        except Unreadable as error:
            self._problem("WB426", f"{value!r} is no value for {name!r}", expected=error.expected)
            return None

    def _problem(
        self, code: str, message: str, expected: str | None = None, suggestion: str | None = None
    ) -> None:
        mapping = self.request.mapping
        where = f" (mapping {mapping.mapping!r})" if mapping is not None else ""
        span = Span(self.request.file, 1, 1, 1, 2)
        self.problems.append(
            Diagnostic(code, message + where, span, expected=expected, suggestion=suggestion)
        )


def plan_for(request: FeedRequest, feed: str | None) -> dict[str, MappedColumn]:
    """Field -> mapped column: the mapping's, else the record type's for this known feed, else equal names."""
    mapping, record_type = request.mapping, request.record_type
    if mapping is not None:
        if mapping.record != record_type.record_type:
            raise request.fail(
                "WB426",
                f"mapping {mapping.mapping!r} is for records of type {mapping.record!r}, "
                f"not {record_type.record_type!r}",
            )
        return dict(mapping.columns)
    if feed is not None and feed in record_type.feeds:
        return {
            name: column.model_copy(update={"optional": True})
            for name, column in record_type.feeds[feed].items()
        }
    return {
        name: MappedColumn.model_validate({"from": name, "optional": True}) for name in record_type.fields
    }


def base_reading(request: FeedRequest) -> Reading:
    """How cells are read unless a format or column says otherwise."""
    missing = request.mapping.missing if request.mapping is not None else ()
    return Reading(missing=frozenset(token.strip() for token in missing) - {""})


def never_seen(file: str, binding: Binding, is_seen: Callable[[str], bool]) -> list[Diagnostic]:
    """A warning for each mapped field none of whose columns was in any row: perhaps a misspelt name."""
    return [
        Diagnostic(
            "WB427",
            f"no row has {' or '.join(map(repr, names))}, which {field!r} is read from",
            Span(file, 1, 1, 1, 2),
            "warning",
            expected="the name as the feed writes it, or optional: true",
        )
        for field, names in binding.wanted.items()
        if not any(map(is_seen, names))
    ]


def near_misses(file: str, unused: Iterable[str], missing: Iterable[str]) -> list[Diagnostic]:
    """A warning for each unused column whose name is nearly one of the `missing` names."""
    wanted = {plain_name(name): name for name in missing}
    notes: list[Diagnostic] = []
    for name in unused:
        # Close enough for a typo, not for a neighbour: there are hundreds of fields.
        near = difflib.get_close_matches(plain_name(name), wanted, n=1, cutoff=0.8)
        if near:
            meant = wanted[near[0]]
            message = f"column {name!r} is not used: did you mean {meant!r}?"
            notes.append(Diagnostic("WB420", message, Span(file, 1, 1, 1, 2), "warning", suggestion=meant))
    return notes
