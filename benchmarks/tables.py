"""A decision table of 10 to 10,000 rows, first hit: by equality, by interval, and by both.

The keys are fields of the record, not the market of the decision, so that nothing is gained by specialising
the table for one market: what is measured is how rows are found.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from benchmarks.peers import zen_decision
from benchmarks.workload import AS_OF, Record, regions_text, write_project

Kind = Literal["equality", "interval", "both"]
KINDS: tuple[Kind, ...] = ("equality", "interval", "both")
TableAnswer = tuple[str, str]
"""Route, and id of the row that said it."""
DecideRow = Callable[[Record], TableAnswer]
MakeRow = Callable[["Table", Path], DecideRow]

DESTINATIONS = tuple(f"d{i:03}" for i in range(50))
CATEGORIES = tuple(f"c{i:03}" for i in range(200))
TOP_PRICE = 10_000.0
FALLBACK = "rest"


@dataclass(frozen=True, slots=True)
class Row:
    """None is any value; prices from `low` to below `high`."""

    id: str
    destination: str | None
    category: str | None
    low: float | None
    high: float | None
    route: str


@dataclass(frozen=True, slots=True)
class Table:
    kind: Kind
    rows: tuple[Row, ...]
    records: tuple[Record, ...]

    def answer(self, record: Record) -> TableAnswer:
        """The right answer: the first row that fits, found by looking at one after the other."""
        price = record["price"]
        assert isinstance(price, float)
        for row in self.rows:
            if (
                row.destination in (None, record["destination"])
                and row.category in (None, record["category"])
                and (row.low is None or row.low <= price)
                and (row.high is None or price < row.high)
            ):
                return row.route, row.id
        raise LookupError("the last row of a table fits every record")


def make_table(size: int, kind: Kind, records: int = 200, seed: int = 20260301) -> Table:
    """A table of `size` rows, the last of which fits everything, and records that mostly meet another."""
    rng = random.Random(seed)
    destinations, categories, bands = _shape(size, kind)
    rows: list[Row] = []
    for destination in destinations:
        for category in categories:
            for low, high in bands:
                name, route = f"row{len(rows):05}", f"route{rng.randrange(20):02}"
                rows.append(Row(name, destination, category, low, high, route))
    rng.shuffle(rows)
    rows[size - 1 :] = [Row(FALLBACK, None, None, None, None, "manual")]
    made: list[Record] = []
    for i in range(records):
        row = rng.choice(rows[:-1]) if rng.random() < 0.9 else rows[-1]
        low, high = (0.0 if row.low is None else row.low), (TOP_PRICE if row.high is None else row.high)
        made.append(
            {
                "sku": f"SKU-{i:05}",
                "destination": row.destination or rng.choice(DESTINATIONS),
                "category": row.category or rng.choice(CATEGORIES),
                "price": round(rng.uniform(low, high), 2),
            }
        )
    return Table(kind, tuple(rows), tuple(made))


def _shape(
    size: int, kind: Kind
) -> tuple[tuple[str | None, ...], tuple[str | None, ...], list[tuple[float | None, float | None]]]:
    """The destinations, categories and price bands whose product has `size` rows or a few more."""
    if kind == "interval":
        return (None,), (None,), _bands(size)
    pairs = size if kind == "equality" else max(1, size // 10)
    categories = min(len(CATEGORIES), max(1, -(-pairs // len(DESTINATIONS)), int(pairs**0.5)))
    destinations = -(-pairs // categories)
    bands: list[tuple[float | None, float | None]] = (
        [(None, None)] if kind == "equality" else list(_bands(10))
    )
    return DESTINATIONS[:destinations], CATEGORIES[:categories], bands


def _bands(count: int) -> list[tuple[float | None, float | None]]:
    edges = [round(TOP_PRICE * i / count, 2) for i in range(count + 1)]
    return list(pairwise(edges))


# As a Weighbridge project --------------------------------------------------------------------------


def project_files(table: Table) -> dict[str, str]:
    """The table as a Weighbridge project whose target is the ruleset `routing`."""
    cells = [
        f"{row.id},{row.destination or ''},{row.category or ''},{_price_cell(row)},{row.route}"
        for row in table.rows
    ]
    return {
        "regions/regions.yaml": regions_text(("AA",)),
        "rulesets/routing.csv": "\n".join(["id,destination,category,price,route", *cells]) + "\n",
        "rulesets/parcel.yaml": (
            "record_type: parcel\nkey: sku\nfields:\n  sku: {type: text, required: true}\n"
            f"  destination: {{type: text, allowed: [{', '.join(DESTINATIONS)}]}}\n"
            f"  category: {{type: text, allowed: [{', '.join(CATEGORIES)}]}}\n"
            f"  price: {{type: number, min: 0, max: {TOP_PRICE}}}\n"
        ),
        "rulesets/routing.yaml": (
            "ruleset: routing\nrecord: parcel\noutputs:\n  route: {type: text, combine: first}\n"
            "tables:\n  - id: routes\n    hit: first\n    rows: routing.csv\n    columns:\n"
            "      id: {as: id}\n      destination: {as: test}\n      category: {as: test}\n"
            "      price: {as: test}\n      route: {as: output}\n"
            "    reason: {en: 'For {destination} at {price}.', zh: '发往{destination}，价格{price}。'}\n"
        ),
    }


def _price_cell(row: Row) -> str:
    return "" if row.low is None else f"[{row.low}..{row.high})"


# The contenders ------------------------------------------------------------------------------------


def weighbridge(table: Table, folder: Path) -> DecideRow:
    """A decision of which the route and the row that set it are read."""
    decide = _weighbridge(table, folder)

    def run(record: Record) -> TableAnswer:
        decision = decide("routing", record, market="AA", as_of=AS_OF)
        return decision.outputs["route"], decision.fired[0].rpartition("/")[2]

    return run


def weighbridge_explained(table: Table, folder: Path) -> DecideRow:
    """The same, and its explanation in English."""
    decide = _weighbridge(table, folder)

    def run(record: Record) -> TableAnswer:
        decision = decide("routing", record, market="AA", as_of=AS_OF)
        decision.explain("en")
        return decision.outputs["route"], decision.findings[0].rule.rpartition("/")[2]

    return run


def _weighbridge(table: Table, folder: Path) -> Callable[..., Any]:
    import weighbridge

    return weighbridge.load(write_project(project_files(table), folder)).decide


def python_index(table: Table, folder: Path) -> DecideRow:
    """By hand: a dict per key, then bisect over the price bands; the last row is the default."""
    bands: dict[tuple[str | None, str | None], list[Row]] = {}
    for row in table.rows[:-1]:
        bands.setdefault((row.destination, row.category), []).append(row)
    index: dict[Any, tuple[list[float], list[Row]]] = {}
    for key, found in bands.items():
        found.sort(key=lambda row: row.low or 0.0)
        index[key] = ([row.low or 0.0 for row in found], found)
    last = table.rows[-1]
    keyed = table.kind != "interval"

    def run(record: Record) -> TableAnswer:
        entry = index.get((record["destination"], record["category"]) if keyed else (None, None))
        if entry is not None:
            lows, rows = entry
            price: Any = record["price"]
            at = bisect_right(lows, price) - 1
            if at >= 0 and (rows[at].high is None or price < rows[at].high):
                return rows[at].route, rows[at].id
        return last.route, last.id

    return run


def _zen_content(table: Table) -> str:
    """Each row a row of a zen table, its own unary tests in the cells."""
    rows = [
        {
            "_id": row.id,
            "destination": "" if row.destination is None else json.dumps(row.destination),
            "category": "" if row.category is None else json.dumps(row.category),
            "price": _price_cell(row),
            "route": json.dumps(row.route),
            "row": json.dumps(row.id),
        }
        for row in table.rows
    ]
    return zen_decision(
        {
            "hitPolicy": "first",
            "inputs": [
                {"id": name, "name": name, "field": name} for name in ("destination", "category", "price")
            ],
            "outputs": [{"id": name, "name": name, "field": name} for name in ("route", "row")],
            "rules": rows,
        }
    )


def zen_table(table: Table, folder: Path) -> DecideRow:
    """zen's decision table, by key."""
    return _zen(table, {})


def zen_table_traced(table: Table, folder: Path) -> DecideRow:
    """The same with its trace, which is where zen says which row hit."""
    return _zen(table, {"trace": True})


def _zen(table: Table, options: dict[str, Any]) -> DecideRow:
    import zen

    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"k": json.loads(_zen_content(table))}}})

    def run(record: Record) -> TableAnswer:
        result = engine.evaluate("k", record, options)["result"]
        return result["route"], result["row"]

    return run


PEERS: tuple[tuple[str, MakeRow], ...] = (
    ("Weighbridge", weighbridge),
    ("Weighbridge, explained in English", weighbridge_explained),
    ("dict and bisect by hand", python_index),
    ("zen, decision table by key", zen_table),
    ("zen, with trace", zen_table_traced),
)
FLOOR = "dict and bisect by hand"
