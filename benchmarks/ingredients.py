"""Which substances of the EU cosmetics law does the gate find in an ingredient list?

    python -m benchmarks.ingredients DATA

DATA holds regulated_eu_substances/ with the annexes as ECHA exports them. Of every substance an ingredient list
is made: its name among ten harmless ones. Beside them stand lists of harmless names that look like banned ones.
Prints Markdown tables. Exit code 0: no harmless list is stopped, 1: some are.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import weighbridge
from weighbridge.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
TARGET = "regulation"
BANNED, RESTRICTED = "regulation/EU-COS-007", "regulation/EU-COS-008"
MARKET, AS_OF = "DE", "2026-11-21"
FILES = ("regulated_eu_substances/eu-annex-ii.csv.gz", "regulated_eu_substances/eu-annex-iii.csv.gz")
LIST = (
    "Aqua", "Glycerin", "Cetearyl Alcohol", "Caprylic/Capric Triglyceride", "Butyrospermum Parkii Butter",
    "{}", "Tocopherol", "Xanthan Gum", "Phenoxyethanol", "Ethylhexylglycerin", "Parfum",
)  # fmt: skip
"""A usual ingredient list; the substance stands in the middle."""

HARMLESS = (
    "Petrolatum", "Paraffinum Liquidum", "Cera Microcristallina", "Cetyl Alcohol", "Stearyl Alcohol",
    "Behenyl Alcohol", "Benzyl Alcohol", "Alcohol Denat.", "Lanolin Alcohol", "Benzophenone-3", "Boron Nitride",
    "Calcium Sodium Borosilicate", "Calcium Aluminum Borosilicate", "Chromium Oxide Greens", "Tin Oxide",
    "Barium Sulfate", "Sodium Dodecylbenzenesulfonate", "1,2-Hexanediol", "Phenoxyethanol", "Methylparaben",
    "Ethylparaben", "Propylparaben", "Niacinamide", "Hydroxypinacolone Retinoate", "Retinal", "Arbutin",
    "Alpha-Arbutin", "Azelaic Acid", "Tranexamic Acid", "Coumarin", "Limonene", "Linalool", "Citral",
    "Borago Officinalis Seed Oil", "Cinnamomum Zeylanicum Bark Oil", "Nicotiana Benthamiana Hexapeptide-40",
    "Tosylamide/Formaldehyde Resin", "Polyoxymethylene Urea", "Iodopropynyl Butylcarbamate", "Dimethicone",
    "Dimethyl Sulfone", "Dimethyl Isosorbide", "Phthalic Anhydride/Trimellitic Anhydride/Glycols Copolymer",
    "Acetyl Hexapeptide-8", "Methyl Methacrylate Crosspolymer", "Styrene/Acrylates Copolymer",
    "Sodium Styrene/Acrylates Copolymer", "Acrylates Copolymer", "Ethylene/Propylene/Styrene Copolymer",
    "Polyquaternium-15", "Quaternium-18 Bentonite", "Choline Alfoscerate", "Zinc Oxide", "Zinc PCA",
    "Lithium Magnesium Sodium Silicate", "Cobalt Titanium Oxide", "Ultramarines", "CI 77891", "CI 15850",
    "CI 45380", "Hydrolyzed Collagen", "Urea", "Allantoin", "Bisabolol", "Menthol", "Eugenol", "Vanillin",
    "Fluorphlogopite", "Silica", "Mica", "Sodium Hyaluronate", "Adenosine", "Caffeine", "Ubiquinone",
    "Furfuryl Alcohol Free Parfum", "Mercury-Free Pigment", "Lead Free Lip Colour Base", "Hydroquinone-Free Complex",
)  # fmt: skip
"""Allowed names, most of them with a part that a banned name has."""


@dataclass(frozen=True, slots=True)
class Substance:
    """An entry of an annex: its name, whether the law bans it only under a condition, and its group."""

    name: str
    conditional: bool
    group: str


GROUPS = (
    (
        "streams of refineries and smelters",
        r"petroleum|coal|\btar\b|naphth|distillat|hydrocarbon|gas(es)?\b|residue|dross|slag|flue|"
        r"matte|calcine|ore\b|raffinate",
    ),
    (
        "lead, cadmium, nickel, mercury and other metals",
        r"lead|plumb|cadmi|nickel|mercur|arsen|antimon|thalli|beryll|\d+Pb",
    ),
    ("borates", r"bor(ate|ic|on)|boro"),
    ("pesticides (names ending in ISO)", r"\(ISO\)"),
    (
        "salts, derivatives and groups of substances",
        r"salts? of|derivatives|compounds|esters of|and their|and its|reaction product|mixture",
    ),
)  # fmt: skip
REST = "single substances"


def group_of(name: str) -> str:
    """The kind of entry, by its words: the first that fits."""
    return next((title for title, words in GROUPS if re.search(words, name, re.IGNORECASE)), REST)


def substances(path: Path) -> Iterator[Substance]:
    """The entries of an annex, each name once."""
    seen: set[str] = set()
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = html.unescape(row["Nom"]).strip()
            if name and name.lower() not in seen:
                seen.add(name.lower())
                everywhere = row["Product type, body parts"].startswith("All cosmetic products")
                yield Substance(name, bool(row["Restriction(s)"]) or not everywhere, group_of(name))


def fired(engine: Engine, name: str) -> set[str]:
    """The two ingredient rules that fire on a cream with this ingredient."""
    record = {
        "sku": "I-1",
        "title": "Cream",
        "category": "cosmetics/skincare",
        "ingredients_inci": ", ".join(LIST).format(name),
    }
    decision = engine.decide(TARGET, record, market=MARKET, as_of=AS_OF)
    return {BANNED, RESTRICTED} & set(decision.fired)


def banned_table(engine: Engine, path: Path) -> list[str]:
    """Annex II: how many of the banned names are found, by kind of entry."""
    all_names, found = Counter[tuple[str, bool]](), Counter[tuple[str, bool]]()
    for substance in substances(path):
        place = (substance.group, substance.conditional)
        all_names[place] += 1
        found[place] += BANNED in fired(engine, substance.name)
    lines = [
        "| Annex II | banned always | found | share | banned under a condition | stopped |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    groups = [*(title for title, _ in GROUPS), REST]
    for group in groups:
        lines.append(_banned_row(group, [group], all_names, found))
    return [*lines, _banned_row("**all**", groups, all_names, found)]


def _banned_row(
    title: str, groups: list[str], names: Counter[tuple[str, bool]], found: Counter[tuple[str, bool]]
) -> str:
    always, hit = (sum(count[group, False] for group in groups) for count in (names, found))
    conditional, stopped = (sum(count[group, True] for group in groups) for count in (names, found))
    return f"| {title} | {always} | {hit} | {hit / always:.0%} | {conditional} | {stopped} |"


def restricted_table(engine: Engine, path: Path) -> list[str]:
    """Annex III: how many of the restricted names are found, with and without a demanded warning."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        warned = {
            html.unescape(row["Nom"]).strip(): bool(row["Warning Label"]) for row in csv.DictReader(file)
        }
    names, found = Counter[bool](), Counter[bool]()
    for name, warning in warned.items():
        names[warning] += 1
        found[warning] += bool(fired(engine, name))
    rows = (("with a warning on the label", True), ("with other conditions only", False))
    return [
        "| Annex III | names | asked about | share |",
        "|---|---:|---:|---:|",
        *(
            f"| {title} | {names[kind]} | {found[kind]} | {found[kind] / names[kind]:.0%} |"
            for title, kind in rows
        ),
    ]


def report(engine: Engine, data: Path) -> tuple[list[str], list[str]]:
    """The tables as lines of Markdown, and the harmless names that were taken for banned ones."""
    annex_ii, annex_iii = (data / name for name in FILES)
    wrong = [name for name in HARMLESS if BANNED in fired(engine, name)]
    stopped = f", stopped {len(wrong)}" + (": " + ", ".join(wrong) if wrong else "")
    lines = [*banned_table(engine, annex_ii), "", *restricted_table(engine, annex_iii), ""]
    return [*lines, f"Harmless look-alikes: {len(HARMLESS)}{stopped}."], wrong


def main() -> int:
    """0 when no harmless ingredient is taken for a banned one."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingredients", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with regulated_eu_substances/")
    parser.add_argument("--missed", action="store_true", help="list the single substances that are not found")
    options = parser.parse_args()
    engine = weighbridge.load(ROOT)
    if options.missed:
        for substance in substances(options.data / FILES[0]):
            if (
                not substance.conditional
                and substance.group == REST
                and BANNED not in fired(engine, substance.name)
            ):
                print(substance.name)
        return 0
    lines, wrong = report(engine, options.data)
    print("\n".join(lines))
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
