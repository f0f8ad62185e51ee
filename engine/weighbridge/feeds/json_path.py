"""A value inside a JSON cell: the `json` key of a mapping.

Steps are separated by `/`:

- `Material`: the member of an object with that key;
- `name=Material`: the first object of a list whose member `name` is the text `Material`;
- `*name=Material`: all such objects;
- `*`: every item of a list.

What follows a step with `*` is looked up in each item, and the result is a list. `name=Material/value` reads
"Wool" out of `[{"name": "Material", "value": "Wool"}]`, `*name=Material/value` reads `["Wool"]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast


def parse_path(path: str) -> tuple[str, ...]:
    """The steps of a path."""
    return tuple(step.strip() for step in path.split("/"))


def look_up(value: Any, steps: Sequence[str]) -> Any:
    """The value at `steps`, or None where there is none."""
    for index, step in enumerate(steps):
        if step.startswith("*"):
            found = [look_up(item, steps[index + 1 :]) for item in _fitting(value, step[1:])]
            return [item for item in found if item is not None] or None
        if isinstance(value, dict):
            value = cast("dict[str, Any]", value).get(step)
        else:
            value = next(iter(_fitting(value, step)), None) if "=" in step else None
    return value


def _fitting(value: Any, condition: str) -> list[Any]:
    """The items of a list that fit `key=text`; all of them where there is no condition."""
    if not isinstance(value, list):
        return []
    items = cast("list[Any]", value)
    key, _, wanted = condition.partition("=")
    if not key:
        return items
    return [item for item in items if isinstance(item, dict) and cast("dict[str, Any]", item).get(key) == wanted]
