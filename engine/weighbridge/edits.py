"""Edits: what a person changes in a project, as data. A draft applies them.

An edit says *what* changes (this rule's condition, that cell), never where the characters stand; it can be kept,
described in both languages and undone. Comments, order, quoting and layout of everything else stay as they are.

Paths go from a document downwards: keys of mappings, and for items of lists their id (`rules`, `tables`,
`characteristics`, `tiers`), name (`cases`), rule or scorecard (`overrides`), the text itself (terms), or their
index. A path may lead to something that is not there yet; short forms (`title: Shoes`) are written out where the
path needs it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast

from weighbridge.documents import KINDS, OTHER_KINDS
from weighbridge.messages import EDITS, LANGUAGES, phrase
from weighbridge.shape import keys_of, model_at
from weighbridge.source import Node, to_python
from weighbridge.table_edits import open_table, read_block
from weighbridge.texts import Texts, check_path, refused
from weighbridge.yaml_text import EditError, ValuePath, YamlText
from weighbridge.yaml_writing import block_lines

Plain = Any
"""What YAML can hold: None, text, number, boolean, date, and lists and mappings of these."""
NewTexts = dict[str, str]
"""Texts of the files an edit changes, by path."""


@dataclass(frozen=True, slots=True)
class Address:
    """A document by kind ("ruleset", "region", "scorecard", "term_list", "record_type", "mapping", "scenarios",
    "config", "waivers") and id. `file` is needed only where several documents share both (scenarios)."""

    kind: str
    id: str
    file: str | None = None

    def open(self, texts: Texts) -> tuple[YamlText, int]:
        """The file that holds the document, and its number in it. Raises `EditError`."""
        return texts.locate(self.kind, self.id, self.file)


class Edit(ABC):
    """Base of all edits."""

    __slots__ = ()

    @abstractmethod
    def apply(self, texts: Texts) -> NewTexts:
        """The new texts of the files it changes. Raises `EditError` where it has no place."""

    @abstractmethod
    def summary(self, lang: str = "en") -> str:
        """The edit in a few words, for undo menus and messages."""


def _said(name: str, lang: str, *parts: str | int, **values: object) -> str:
    return phrase(EDITS, name, lang, what=" ".join(str(part) for part in parts), **values)


@dataclass(frozen=True, slots=True)
class SetValue(Edit):
    """Sets the value at a path, or adds it. None writes null; see `Remove` for taking a key away.

    What is equal already stays as it is written, so that setting a whole rule changes only what differs.
    """

    at: Address
    path: ValuePath
    value: Plain

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        order = _usual_order(self.at.kind, yaml, root, self.path[:-1])
        return {yaml.file: yaml.set(root, self.path, self.value, order)}

    def summary(self, lang: str = "en") -> str:
        return _said("set", lang, self.at.id, *self.path)


def _usual_order(kind: str, yaml: YamlText, root: int, path: ValuePath) -> Sequence[str]:
    """The keys of the document part at a path as the reference lists them; empty where keys are names."""
    steps, rest = yaml.steps(root, path)
    model = model_at(KINDS.get(kind) or OTHER_KINDS[kind], [*steps, *rest])
    named = {
        "fields",
        "derived",
        "outputs",
        "declares",
        "parameters",
        "weights",
        "terms",
        "columns",
        "record",
    }
    return () if model is None or (path and path[-1] in named) else keys_of(model)


@dataclass(frozen=True, slots=True)
class Remove(Edit):
    """Removes a key or list item with the comment lines right above it. With `prune`, parents that become empty
    go too (a region's last override takes the heading with it)."""

    at: Address
    path: ValuePath
    prune: bool = False

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        return {yaml.file: yaml.remove(root, self.path, prune=self.prune)}

    def summary(self, lang: str = "en") -> str:
        return _said("remove", lang, self.at.id, *self.path)


@dataclass(frozen=True, slots=True)
class Insert(Edit):
    """Adds an item to the list at `path` (made if absent), behind the item `after` (id or index; None: last,
    -1: first)."""

    at: Address
    path: ValuePath
    value: Plain
    after: str | int | None = None

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        node = yaml.node(root, self.path)
        count = 0 if node is None else len(node.elements)
        place = count if self.after is None else self.after
        if isinstance(place, str):
            place = int(yaml.existing(root, (*self.path, place))[-1])
        at = place if self.after is None else place + 1
        return {yaml.file: yaml.insert(root, self.path, self.value, at)}

    def summary(self, lang: str = "en") -> str:
        named = self.value if isinstance(self.value, Mapping) else {"id": self.value}
        name = next((named[key] for key in ("id", "name", "rule", "scorecard") if key in named), "")
        return _said("insert", lang, self.at.id, *self.path, str(name))


@dataclass(frozen=True, slots=True)
class Copy(Edit):
    """Copies a list item as it is written, right behind itself, under a new id (or name)."""

    at: Address
    path: ValuePath
    new_id: str

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        return {yaml.file: yaml.copy(root, self.path, self.new_id)}

    def summary(self, lang: str = "en") -> str:
        return _said("copy", lang, self.at.id, *self.path)


@dataclass(frozen=True, slots=True)
class Move(Edit):
    """Moves a list item, with its comments, to another index (from 0, counted without the item)."""

    at: Address
    path: ValuePath
    to: int

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        return {yaml.file: yaml.move(root, self.path, self.to)}

    def summary(self, lang: str = "en") -> str:
        return _said("move", lang, self.at.id, *self.path)


@dataclass(frozen=True, slots=True)
class Switch(Edit):
    """Switches a list item off (`enabled: false`) or on again (the key goes, since on is the default)."""

    at: Address
    path: ValuePath
    enabled: bool

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        written = yaml.node(root, (*self.path, "enabled"))
        if self.enabled and written is None:
            yaml.existing(root, self.path)
            return {}
        if self.enabled:
            return Remove(self.at, (*self.path, "enabled")).apply(texts)
        return SetValue(self.at, (*self.path, "enabled"), False).apply(texts)

    def summary(self, lang: str = "en") -> str:
        return _said("enable" if self.enabled else "disable", lang, self.at.id, *self.path)


@dataclass(frozen=True, slots=True)
class SetText(Edit):
    """Sets a title or reason in one language; None or blank removes that language."""

    at: Address
    path: ValuePath
    language: str
    text: str | None

    def apply(self, texts: Texts) -> NewTexts:
        yaml, root = self.at.open(texts)
        node = yaml.node(root, self.path)
        is_short = node is not None and node.kind == "scalar" and node.value is not None
        if self.text is not None and self.text.strip():
            path = self.path if is_short and self.language == "en" else (*self.path, self.language)
            return SetValue(self.at, path, self.text).apply(texts)
        if is_short and self.language == "en":
            return Remove(self.at, self.path).apply(texts)
        if node is None or node.get(self.language) is None:
            return {}
        return Remove(self.at, (*self.path, self.language), prune=True).apply(texts)

    def summary(self, lang: str = "en") -> str:
        return _said("set", lang, self.at.id, *self.path, self.language)


@dataclass(frozen=True, slots=True)
class Override(Edit):
    """A region's change to a rule ("<ruleset>/<id>"); sets the changes of an earlier one without dates anew."""

    region: str
    rule: str
    changes: Mapping[str, Plain]
    reason: Mapping[str, str]

    def apply(self, texts: Texts) -> NewTexts:
        at = Address("region", self.region)
        yaml, root = at.open(texts)
        value = {"rule": self.rule, "set": dict(self.changes), "reason": dict(self.reason)}
        node = yaml.node(root, ("overrides",))
        for index, entry in enumerate(() if node is None else node.elements):
            rule = entry.get("rule")
            if rule is not None and rule.value == self.rule and not (entry.get("from") or entry.get("to")):
                return SetValue(at, ("overrides", index), value).apply(texts)
        return Insert(at, ("overrides",), value).apply(texts)

    def summary(self, lang: str = "en") -> str:
        return _said("override", lang, self.rule, region=self.region)


@dataclass(frozen=True, slots=True)
class TierOverride(Edit):
    """A region's own lower bound of a scorecard's tier; the first one brings its reason along. None: as inherited.

    Overrides with dates stay as they are: this one holds on every day.
    """

    region: str
    scorecard: str
    tier: str
    bound: float | int | None
    reason: Mapping[str, str]

    def apply(self, texts: Texts) -> NewTexts:
        at = Address("region", self.region)
        yaml, root = at.open(texts)
        index = self._place(yaml, root)
        if index is None:
            if self.bound is None:
                return {}
            value = {
                "scorecard": self.scorecard,
                "set": {"tiers": {self.tier: self.bound}},
                "reason": dict(self.reason),
            }
            return Insert(at, ("overrides",), value).apply(texts)
        path: ValuePath = ("overrides", index, "set", "tiers", self.tier)
        if self.bound is not None:
            return SetValue(at, path, self.bound).apply(texts)
        if yaml.node(root, path) is None:
            return {}
        changes = to_python(cast(Node, yaml.node(root, ("overrides", index, "set"))))
        if set(changes) == {"tiers"} and set(changes["tiers"]) == {self.tier}:
            # Nothing would be left to override: the entry goes with its reason.
            path = ("overrides", index)
        return Remove(at, path, prune=True).apply(texts)

    def _place(self, yaml: YamlText, root: int) -> int | None:
        node = yaml.node(root, ("overrides",))
        for index, entry in enumerate(() if node is None else node.elements):
            card = entry.get("scorecard")
            dated = entry.get("from") is not None or entry.get("to") is not None
            if card is not None and card.value == self.scorecard and not dated:
                return index
        return None

    def summary(self, lang: str = "en") -> str:
        return _said("override", lang, self.scorecard, self.tier, region=self.region)


@dataclass(frozen=True, slots=True)
class AddCase(Edit):
    """A scenario, last in its file (default: the first file of the target's scenarios; made if there is none).

    With `whole`, its record is a whole one: values that the file gives all its cases, and this record lacks, are
    set to null in the case.
    """

    target: str
    case: Mapping[str, Plain]
    file: str | None = None
    whole: bool = False

    def apply(self, texts: Texts) -> NewTexts:
        at = Address("scenarios", self.target, self.file)
        try:
            base = read_value(texts, at, ("record",)) if self.whole else None
            record = {**dict.fromkeys(base or {}), **self.case.get("record", {})}
            case = {**self.case, "record": record} if base else self.case
            return Insert(at, ("cases",), case).apply(texts)
        except EditError as error:
            new = None if self._exists(texts) else self._new_file(texts)
            if new is None:
                raise error
            return new

    def _exists(self, texts: Texts) -> bool:
        try:
            texts.locate("scenarios", self.target, self.file)
        except EditError:
            return self.file is not None and self.file in texts.paths()
        return True

    def _new_file(self, texts: Texts) -> NewTexts | None:
        file = self.file or self._beside(texts)
        if file is None or file in texts.paths():
            return None
        lines = block_lines({"scenarios": self.target, "cases": [self.case]}, 0)
        return {check_path(file): "\n".join([*lines, ""])}

    def _beside(self, texts: Texts) -> str | None:
        for kind in ("ruleset", "scorecard"):
            try:
                yaml, _ = texts.locate(kind, self.target)
            except EditError:
                continue
            return (PurePosixPath(yaml.file).parent / f"{self.target}.scenarios.yaml").as_posix()
        return None

    def summary(self, lang: str = "en") -> str:
        return _said("case", lang, self.target, str(self.case.get("name", "")))


# ---- tables


@dataclass(frozen=True, slots=True)
class SetCells(Edit):
    """Sets cells of a decision table, inline or CSV: (row from 0, column) -> the cell as shown."""

    ruleset: str
    table: str
    cells: Mapping[tuple[int, str], str]

    def apply(self, texts: Texts) -> NewTexts:
        table = open_table(texts, self.ruleset, self.table)
        return {table.file: table.set(self.cells)}

    def summary(self, lang: str = "en") -> str:
        if len(self.cells) != 1:
            return _said("cells", lang, self.ruleset, self.table, count=len(self.cells))
        ((row, column),) = self.cells
        return _said("cell", lang, self.ruleset, self.table, column, row=row + 1)


@dataclass(frozen=True, slots=True)
class AddRows(Edit):
    """Adds rows (header -> cell; absent cells are empty) in front of row `at`; None: at the end."""

    ruleset: str
    table: str
    rows: tuple[Mapping[str, str], ...]
    at: int | None = None

    def apply(self, texts: Texts) -> NewTexts:
        table = open_table(texts, self.ruleset, self.table)
        return {table.file: table.insert(self.rows, self.at)}

    def summary(self, lang: str = "en") -> str:
        return _said("add_rows", lang, self.ruleset, self.table, count=len(self.rows))


@dataclass(frozen=True, slots=True)
class DeleteRows(Edit):
    """Deletes rows by number (from 0)."""

    ruleset: str
    table: str
    rows: tuple[int, ...]

    def apply(self, texts: Texts) -> NewTexts:
        table = open_table(texts, self.ruleset, self.table)
        return {table.file: table.delete(self.rows)}

    def summary(self, lang: str = "en") -> str:
        return _said("delete_rows", lang, self.ruleset, self.table, count=len(self.rows))


@dataclass(frozen=True, slots=True)
class MoveRow(Edit):
    """Moves one row to another number (from 0, counted without the row)."""

    ruleset: str
    table: str
    row: int
    to: int

    def apply(self, texts: Texts) -> NewTexts:
        table = open_table(texts, self.ruleset, self.table)
        return {table.file: table.move(self.row, self.to)}

    def summary(self, lang: str = "en") -> str:
        return _said("move_row", lang, self.ruleset, self.table, row=self.row + 1, to=self.to + 1)


@dataclass(frozen=True, slots=True)
class PasteCells(Edit):
    """Pastes a block copied from a spreadsheet (tabs and lines, quoted cells) with its first cell at `row` and
    `column`; rows beyond the end are added. A block that leaves the table to the right is refused."""

    ruleset: str
    table: str
    row: int
    column: str
    text: str

    def apply(self, texts: Texts) -> NewTexts:
        table = open_table(texts, self.ruleset, self.table)
        block = read_block(self.text)
        count = len(table.lines)
        width = max(len(line) for line in block)
        if self.column not in table.header or not 0 <= self.row <= count:
            table.set({(min(self.row, count - 1), self.column): ""})
            raise refused(f"there is no row {self.row + 1}: the table has {count}", table.file)
        columns = table.header[table.header.index(self.column) :]
        if width > len(columns):
            raise refused(
                f"the block has {width} columns, the table has {len(columns)} from {self.column!r} on",
                table.file,
                "a block that fits, or an earlier column",
            )
        lines = [dict(zip(columns, line, strict=False)) for line in block]
        inside = lines[: count - self.row]
        cells = {(self.row + i, name): text for i, line in enumerate(inside) for name, text in line.items()}
        changed = texts.changed({table.file: table.set(cells)})
        beyond = open_table(changed, self.ruleset, self.table)
        return {table.file: beyond.insert(lines[len(inside) :], None)}

    def summary(self, lang: str = "en") -> str:
        return _said("paste", lang, self.ruleset, self.table)


# ---- files and groups


@dataclass(frozen=True, slots=True)
class AddFile(Edit):
    """Adds a new file to the project."""

    file: str
    text: str

    def apply(self, texts: Texts) -> NewTexts:
        file = check_path(self.file)
        if file in texts.paths():
            raise refused(f"there is a file {file} already", file, "another name")
        return {file: self.text}

    def summary(self, lang: str = "en") -> str:
        return _said("add_file", lang, self.file)


@dataclass(frozen=True, slots=True)
class Together(Edit):
    """Several edits as one step of the history: all or none. `title` by language."""

    edits: tuple[Edit, ...]
    title: Mapping[str, str]

    def apply(self, texts: Texts) -> NewTexts:
        changed: NewTexts = {}
        for edit in self.edits:
            changed |= edit.apply(texts.changed(changed))
        return changed

    def summary(self, lang: str = "en") -> str:
        return self.title.get(lang) or self.title.get(LANGUAGES[0], "")


# ---- the edits people speak of


def set_cell(ruleset: str, table: str, row: int, column: str, text: str) -> Edit:
    """One cell of a decision table; `row` counts from 0."""
    return SetCells(ruleset, table, {(row, column): text})


def add_rule(ruleset: str, rule: Mapping[str, Plain], after: str | int | None = None) -> Edit:
    """A new rule, behind the rule `after` or last."""
    return Insert(Address("ruleset", ruleset), ("rules",), rule, after)


def copy_rule(ruleset: str, rule: str, new_id: str) -> Edit:
    """A copy of a rule right behind it."""
    return Copy(Address("ruleset", ruleset), ("rules", rule), new_id)


def delete_rule(ruleset: str, rule: str) -> Edit:
    """Without the rule."""
    return Remove(Address("ruleset", ruleset), ("rules", rule))


def enable_rule(ruleset: str, rule: str, enabled: bool) -> Edit:
    """Switches a rule off (`enabled: false`) or on again (the key goes)."""
    return Switch(Address("ruleset", ruleset), ("rules", rule), enabled)


def set_text(at: Address, path: ValuePath, language: str, text: str | None) -> Edit:
    """A title or reason in one language; None removes that language."""
    return SetText(at, path, language, text)


def set_weight(scorecard: str, characteristic: str, weight: Plain, region: str | None = None) -> Edit:
    """A characteristic's weight, everywhere or in one region (there also a list of {from, to, value})."""
    if region is None:
        return SetValue(
            Address("scorecard", scorecard), ("characteristics", characteristic, "weight"), weight
        )
    return SetValue(Address("region", region), ("weights", scorecard, characteristic), weight)


def inherit_weight(scorecard: str, characteristic: str, region: str) -> Edit:
    """The region takes its weight from above again."""
    return Remove(Address("region", region), ("weights", scorecard, characteristic), prune=True)


def set_parameter(region: str, name: str, value: Plain) -> Edit:
    """A region's parameter: one value, or a list of {from, to, value}."""
    return SetValue(Address("region", region), ("parameters", name), value)


def inherit_parameter(region: str, name: str) -> Edit:
    """The region takes the parameter from above again."""
    return Remove(Address("region", region), ("parameters", name), prune=True)


def set_override(region: str, rule: str, changes: Mapping[str, Plain], reason: Mapping[str, str]) -> Edit:
    """A region's change to a rule ("<ruleset>/<id>"): `enabled` or outputs; replaces an earlier one."""
    return Override(region, rule, changes, reason)


def inherit_rule(region: str, rule: str) -> Edit:
    """The region takes the rule as it is again."""
    return Remove(Address("region", region), ("overrides", rule), prune=True)


def set_tier(scorecard: str, tier: str, bound: float) -> Edit:
    """A tier's lower bound, everywhere. In one region: `set_region_tier`."""
    return SetValue(Address("scorecard", scorecard), ("tiers", tier, "from"), bound)


def set_region_tier(region: str, scorecard: str, tier: str, bound: float, reason: Mapping[str, str]) -> Edit:
    """A tier's lower bound in one region; `reason` tells why, where the region overrides nothing there yet."""
    return TierOverride(region, scorecard, tier, bound, reason)


def inherit_tier(region: str, scorecard: str, tier: str) -> Edit:
    """The region takes the tier from above again."""
    return TierOverride(region, scorecard, tier, None, {})


def set_bin(scorecard: str, characteristic: str, index: int, key: str, value: Plain) -> Edit:
    """One key ("upto", "points" ...) of a bin, by its index."""
    path = ("characteristics", characteristic, "bins", index, key)
    return SetValue(Address("scorecard", scorecard), path, value)


def add_term(term_list: str, term: str, language: str | None = None) -> Edit:
    """One more term, last in its language; None for a list without languages."""
    path: ValuePath = ("terms",) if language is None else ("terms", language)
    return Insert(Address("term_list", term_list), path, term)


def remove_term(term_list: str, term: str, language: str | None = None) -> Edit:
    """Without the term."""
    path: ValuePath = ("terms",) if language is None else ("terms", language)
    return Remove(Address("term_list", term_list), (*path, term), prune=True)


def add_case(target: str, case: Mapping[str, Plain], file: str | None = None, *, whole: bool = False) -> Edit:
    """A scenario; see `AddCase`. For a recorded case (`recorded_case.recorded_case`) give `whole=True`."""
    return AddCase(target, case, file, whole)


def read_value(texts: Texts, at: Address, path: ValuePath) -> Plain:
    """The plain value at a path of a document as it is written; None where there is none. Raises `EditError`."""
    yaml, root = at.open(texts)
    node = yaml.node(root, path)
    return None if node is None else to_python(node)
