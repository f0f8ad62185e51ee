"""From nodes to models: what a document's shape errors mean, in a person's words and at the exact place.

pydantic says where (`loc`) and what kind of error; this module finds the node, describes what stands there,
says what was expected and names the nearest valid word.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import Tag, ValidationError

from weighbridge.diagnostics import Diagnostic, Span, suggest
from weighbridge.documents import Model
from weighbridge.source import Node, to_python

Path = tuple[str | int, ...]
MAX_ROUNDS = 8
MAX_ERRORS = 200
"""A document with more mistakes is not read further: finding the place of each takes its whole length."""

M = TypeVar("M", bound=Model)


def read_model(model: type[M], node: Node) -> tuple[M | None, Node, list[Diagnostic]]:
    """The model of a document, the node it was read from, and everything wrong with its shape.

    When something is wrong, the wrong parts are cut out and the rest is read, so that later checks can still
    look at it: the node that comes back is then the cut one, and the model is None only if nothing is left.
    """
    diagnostics: list[Diagnostic] = []
    for round_number in range(MAX_ROUNDS):
        try:
            return model.model_validate(to_python(node)), node, diagnostics
        except ValidationError as error:
            entries = error.errors(include_url=False, include_context=True)
            wrong = [_ShapeError(model, node, entry) for entry in entries[:MAX_ERRORS]]
        if len(entries) > MAX_ERRORS:
            return None, node, [*_worded(wrong), _too_many(node, len(entries) - MAX_ERRORS)]
        if round_number == 0:
            diagnostics = _worded(wrong)
        cut = {entry.cut for entry in wrong}
        if () in cut:
            break
        node = without(node, cut)
    return None, node, diagnostics


def _too_many(node: Node, count: int) -> Diagnostic:
    message = f"{count} more mistakes in this document are not listed"
    return Diagnostic("WB006", message, node.span, expected=f"at most {MAX_ERRORS} mistakes")


def _worded(wrong: list[_ShapeError]) -> list[Diagnostic]:
    """The errors in words. A key that is missing because it is misspelt is one error, not two.

    pydantic does not count entries that are wrong, and then finds the list too short as well.
    """
    within = {entry.path[:length] for entry in wrong for length in range(len(entry.path))}
    wrong = [entry for entry in wrong if entry.type != "too_short" or entry.path not in within]
    worded = [(entry, entry.diagnostic()) for entry in wrong]
    meant = {(entry.path[:-1], said.suggestion) for entry, said in worded if entry.type == "extra_forbidden"}
    return [
        said for entry, said in worded if entry.type != "missing" or (entry.path, entry.name) not in meant
    ]


def without(node: Node, cut: Iterable[Path]) -> Node:
    """A copy of `node` without the parts at the given paths."""
    here = {path[0] for path in cut if len(path) == 1}
    below: dict[str | int, set[Path]] = {}
    for path in cut:
        if len(path) > 1:
            below.setdefault(path[0], set()).add(path[1:])
    if node.kind == "mapping":
        kept = [(key, value) for key, value in node.items if key.value not in here]
        items = tuple((key, without(value, below.get(cast(str, key.value), ()))) for key, value in kept)
        return Node("mapping", node.file, node.place, items=items)
    if node.kind == "sequence":
        left = [(index, value) for index, value in enumerate(node.elements) if index not in here]
        elements = tuple(without(value, below.get(index, ())) for index, value in left)
        return Node("sequence", node.file, node.place, elements=elements)
    return node


def locate(node: Node, location: Iterable[str | int]) -> Path:
    """The steps of a pydantic location that exist in `node`.

    Steps that do not exist are tags of unions, keys that are missing, or parts of a full form of which the
    author wrote the short form; leaving them out leads to the nearest node that was written.
    """
    steps: list[str | int] = []
    for step in location:
        child = node.get(step)
        if child is not None:
            steps.append(step)
            node = child
    return tuple(steps)


def describe(node: Node) -> str:
    """What stands in the source, in words: "text 'abc'", "the number 5", "a list"."""
    value = node.value
    if node.kind != "scalar":
        return "a list" if node.kind == "sequence" else "a mapping"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"text {_shortened(value)!r}" if value else "an empty text"
    return f"the number {value}"


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


_WORDS_FOR_TYPES = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
}
_BOOLEAN_WORDS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


class _ShapeError:
    """One pydantic error, read against the nodes it is about."""

    def __init__(self, model: type[Model], root: Node, entry: Any) -> None:
        self.type: str = entry["type"]
        self.context: dict[str, Any] = entry.get("ctx", {})
        self.message: str = entry["msg"]
        location = tuple(step for step in entry["loc"] if step != "[key]")
        self.is_key = self.type == "extra_forbidden" or len(location) < len(entry["loc"])
        self.name = str(location[-1]) if location else ""
        self.path = locate(root, location)
        self.node = cast(Node, root.find(self.path))
        self.owner = root.find(self.path[:-1]) if self.path else None
        about = location[:-1] if self.type in ("missing", "extra_forbidden") else location
        self.model = model_at(model, about)

    @property
    def cut(self) -> Path:
        """The part to leave out so that the rest can be read."""
        return self.path

    @property
    def span(self) -> Span:
        if self.is_key and self.owner is not None:
            key = self.owner.key_node(cast(str, self.path[-1]))
            if key is not None:
                return key.span
        return self.node.span

    def diagnostic(self) -> Diagnostic:
        if self.type == "extra_forbidden":
            return self._unknown_key()
        if self.type == "missing":
            return self._missing_key()
        if self.type == "literal_error":
            return self._not_among_choices()
        return self._wrong_value()

    def _unknown_key(self) -> Diagnostic:
        names = keys_of(self.model) if self.model is not None else []
        where = f" in {self.model.noun}" if self.model is not None else ""
        return Diagnostic(
            "WB102", f"unknown key {self.name!r}{where}", self.span,
            expected="one of: " + ", ".join(names), suggestion=suggest(self.name, names),
        )  # fmt: skip

    def _missing_key(self) -> Diagnostic:
        noun = self.model.noun if self.model is not None else "this mapping"
        field = _field(self.model, self.name)
        meaning = (
            f"{self.name}: {field.description}" if field is not None and field.description else self.name
        )
        return Diagnostic("WB103", f"{noun} needs the key {self.name!r}", self.span, expected=meaning)

    def _not_among_choices(self) -> Diagnostic:
        choices = re.findall(r"'([^']*)'", self.context.get("expected", ""))
        found = str(self.node.value) if self.node.kind == "scalar" else ""
        return Diagnostic(
            "WB105", f"{describe(self.node)} is not one of the choices for {self.name!r}", self.span,
            expected="one of: " + ", ".join(choices), suggestion=suggest(found, choices),
        )  # fmt: skip

    def _wrong_value(self) -> Diagnostic:
        expected = self._expected()
        found = f"the key {self.name!r}" if self.is_key else describe(self.node)
        return Diagnostic(
            "WB104", f"expected {expected}, found {found}", self.span,
            expected=expected, suggestion=None if self.is_key else self._mended(),
        )  # fmt: skip

    def _expected(self) -> str:
        if self.type == "expected":
            return str(self.context["what"])
        if self.type.startswith("model_"):
            return f"a mapping with the keys of {self.model.noun}" if self.model is not None else "a mapping"
        if self.type == "too_short":
            return "at least one entry"
        if self.type in ("greater_than_equal", "less_than_equal"):
            bound = self.context.get("ge", self.context.get("le"))
            return f"a number of {'at least' if 'ge' in self.context else 'at most'} {bound}"
        return _WORDS_FOR_TYPES.get(self.type, self.message[:1].lower() + self.message[1:])

    def _mended(self) -> str | None:
        """What the author most likely meant, where that is plain."""
        value = self.node.value
        if "mended" in self.context:
            return str(self.context["mended"])
        if self.node.kind != "scalar" or value is None:
            return None
        if self.type == "string_type":
            return f'"{str(value).lower() if isinstance(value, bool) else value}"'
        if self.type == "bool_type" and isinstance(value, str):
            return _BOOLEAN_WORDS.get(value.casefold(), suggest(value, ("true", "false")))
        return None


# ---- what the models say


def keys_of(model: type[Model]) -> list[str]:
    """The YAML keys of a model, in the order of its definition."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _field(model: type[Model] | None, key: str) -> Any:
    if model is None:
        return None
    return next((field for name, field in model.model_fields.items() if (field.alias or name) == key), None)


def model_at(model: type[Model], location: Iterable[str | int]) -> type[Model] | None:
    """The model that pydantic was filling at a location; None where the value is no model."""
    candidates: list[Any] = [model]
    for step in location:
        following = [part for candidate in candidates for part in _step(candidate, step)]
        # A step that leads nowhere belongs to a full form whose short form was written.
        candidates = following or candidates
    return next((c for candidate in candidates for c in _alternatives(candidate) if _is_model(c)), None)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Model)


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, with all annotations stripped."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation


def _step(annotation: Any, step: str | int) -> Iterator[Any]:
    """The annotations one step of a location further down."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        if any(isinstance(entry, Tag) and entry.tag == step for entry in metadata):
            yield inner
        else:
            yield from _step(inner, step)
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _step(part, step)
    elif _is_model(annotation):
        field = _field(annotation, str(step))
        if field is not None:
            yield field.annotation
    elif get_origin(annotation) is tuple and isinstance(step, int):
        yield get_args(annotation)[0]
    elif get_origin(annotation) is dict and isinstance(step, str):
        yield get_args(annotation)[1]
