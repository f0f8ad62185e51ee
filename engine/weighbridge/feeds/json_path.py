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
from typing import Any, TypeGuard


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is a list."""
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def parse_path(path: str) -> tuple[str, ...]:
    """The steps of a path."""
    return tuple(step.strip() for step in path.split("/"))


def look_up(value: Any, steps: Sequence[str]) -> Any:
    """The value at `steps`, or None where there is none."""
    for index, step in enumerate(steps):
        if step.startswith("*"):
            found = [look_up(item, steps[index + 1 :]) for item in _fitting(value, step[1:])]
            return [item for item in found if item is not None] or None
        if is_object(value):
            value = value.get(step)
        else:
            value = next(iter(_fitting(value, step)), None) if "=" in step else None
    return value


def _fitting(value: Any, condition: str) -> list[Any]:
    """The items of a list that fit `key=text`; all of them where there is no condition."""
    if not is_list(value):
        return []
    key, _, wanted = condition.partition("=")
    return [item for item in value if not key or (is_object(item) and item.get(key) == wanted)]
