"""A large project and a large feed: what the web app's answer times are measured on.

2,000 rules about one to three of 200 categories each, in ten packs that one gate includes; two thirds of them for
some of eight markets only, a third looking for terms; a scorecard; and a feed of listings, all made from a seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.workload import (
    CHOICES,
    FLAGS,
    NUMBERS,
    Rule,
    make_workload,
    record_type_text,
    write_condition,
    write_project,
)

RULES = 2_000
RECORDS = 100_000
PACKS = 10
GROUPS = {"north": ("DE", "FR", "GB"), "gulf": ("AE", "SA"), "pacific": ("AU", "JP", "US")}
MARKETS = tuple(sorted(market for group in GROUPS.values() for market in group))
GATE = "gate"
CARD = "item_quality"
SEED = 20260301
WORDS = tuple(f"{first}{second}" for first in ("bar", "cen", "dol", "fir", "gam") for second in range(40))
"""What titles are made of, and term lists name."""
LISTS = {f"list{i}": WORDS[i * 20 : i * 20 + 20] for i in range(10)}


def write_large_shop(folder: Path, rules: int = RULES) -> Path:
    """Writes the project into a folder and gives the folder back."""
    return write_project(project_files(rules), folder)


def project_files(rules: int = RULES) -> dict[str, str]:
    """The project: path -> text."""
    made = make_workload(rules, records=1, spread=True, seed=SEED).rules
    rng = random.Random(SEED)
    files = {
        "regions/regions.yaml": _regions(),
        "rulesets/item.yaml": record_type_text().replace(
            "fields:\n", "fields:\n  title: {type: text, title: {en: Title, zh: 标题}}\n", 1
        ),
        "rulesets/terms.yaml": "---\n".join(
            f"term_list: {name}\nterms: {{en: [{', '.join(words)}]}}\n" for name, words in LISTS.items()
        ),
        "scorecards/quality.yaml": "\n".join(_scorecard()) + "\n",
        "rulesets/gate.yaml": (
            f"ruleset: {GATE}\nrecord: item\ntitle: {{en: Gate, zh: 总闸}}\n"
            f"include: [{', '.join(f'pack{i}' for i in range(PACKS))}]\n"
            f"outputs:\n{OUTPUTS}rules:\n"
            "  - id: low-quality\n"
            f"    when: {CARD}.score < 30\n"
            "    then: {verdict: review}\n"
            "    reason: {en: The listing scores low., zh: 商品评分过低。}\n"
        ),
        "rulesets/gate.scenarios.yaml": (
            f"scenarios: {GATE}\ncases:\n  - name: nothing known\n    market: DE\n    as_of: 2026-03-01\n"
            "    record: {sku: A1, title: plain, price: 80, stock: 400}\n    expect: {outputs: {points: 0}}\n"
        ),
        "weighbridge.yaml": f"project: large-shop\ntarget: {GATE}\nmarkets: [DE, JP, SA]\n",
    }
    for pack in range(PACKS):
        files[f"rulesets/pack{pack}.yaml"] = (
            f"ruleset: pack{pack}\nrecord: item\ntitle: {{en: Pack {pack}, zh: 规则包 {pack}}}\n"
            f"outputs:\n{OUTPUTS}rules:\n"
            + "\n".join(line for rule in made[pack::PACKS] for line in _rule(rule, rng))
            + "\n"
        )
    return files


OUTPUTS = "  verdict: {combine: worst, default: pass}\n  points: {type: number, combine: sum}\n"


def _regions() -> str:
    parts = [
        "region: world\ntitle: {en: World, zh: 全球}\n"
        "declares:\n  least_margin: {type: number, title: {en: Least margin, zh: 最低毛利}, min: 0, max: 1}\n"
        "parameters: {least_margin: 0.2}\n"
    ]
    for group, markets in GROUPS.items():
        parts.append(f"region: {group}\nextends: world\nparameters: {{least_margin: 0.25}}\n")
        parts += [f"region: {market}\nextends: {group}\nmarket: true\n" for market in markets]
    return "---\n".join(parts)


def _rule(rule: Rule, rng: random.Random) -> Iterator[str]:
    name = rule.name.partition("/")[2]
    when = write_condition(rule.condition)
    words = "{match}" if (looks := rng.random() < 1 / 3) else "{price}"
    if looks:
        when = f"({when}) and mentions(title, terms.{rng.choice(list(LISTS))})"
    yield f"  - id: {name}"
    yield f"    title: {{en: Rule {name}, zh: 规则 {name}}}"
    yield f"    when: {json.dumps(when)}"
    if rng.random() < 2 / 3:
        yield f"    markets: [{', '.join(sorted(rng.sample((*MARKETS, *GROUPS), 2)))}]"
    yield f"    then: {{verdict: {rule.verdict}, points: {rule.points}}}"
    yield f'    reason: {{en: "Rule {name} holds: {words}.", zh: "规则 {name} 成立：{words}。"}}'


def _scorecard() -> Iterator[str]:
    yield f"scorecard: {CARD}\nrecord: item\ntitle: {{en: Quality, zh: 质量}}\ncharacteristics:"
    for number, name in enumerate(("rating", "return_rate", "lead_days", "stock", "weight_kg", "discount")):
        low, high, _ = NUMBERS[name]
        middle = (low + high) / 2
        yield f"  - id: {name}\n    title: {{en: {name.replace('_', ' ').capitalize()}, zh: {name}}}"
        yield f"    weight: {10 + 2 * number}\n    value: {name}"
        yield f"    bins: [{{upto: {middle:g}, points: 20}}, {{points: 90}}]\n    missing: 50"
        yield f"    reason: {{en: {name} is low., zh: {name} 偏低。}}"
    yield "tiers: [{id: poor, from: 0}, {id: fair, from: 45}, {id: good, from: 70}]"


def write_feed(path: Path, rows: int = RECORDS) -> Path:
    """Writes a feed of listings as Parquet (or as CSV, by its ending); every twentieth value is missing."""
    rng = np.random.default_rng(SEED)
    columns: dict[str, pa.Array] = {"sku": pa.array([f"SKU-{i:07}" for i in range(rows)])}
    picked = np.array(WORDS)[rng.integers(0, len(WORDS), (rows, 3))]
    columns["title"] = pa.array([" ".join(words) for words in picked.tolist()])
    for name, (low, high, decimals) in NUMBERS.items():
        columns[name] = pa.array(
            np.round(rng.uniform(low, high, rows), decimals), mask=rng.random(rows) < 0.05
        )
    for name, values in CHOICES.items():
        indices = pa.array(rng.integers(0, len(values), rows), pa.int32(), mask=rng.random(rows) < 0.05)
        columns[name] = pa.DictionaryArray.from_arrays(indices, pa.array(values)).cast(pa.string())
    for name in FLAGS:
        columns[name] = pa.array(rng.random(rows) < 0.3, mask=rng.random(rows) < 0.05)
    table = pa.table(columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        from pyarrow import csv

        csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    return path
