"""Would the gate have stopped the goods that were recalled in the United States?

    python -m benchmarks.recalls DATA

DATA holds regulated_recalls_us/cpsc_recalls.csv. Of every recall a listing is made as a seller would have written
it: the name of the goods from the headline, the description without the sentence that says so, and the shelf a
seller would choose. It has no documents and no safety fields, as most feeds. Only findings about product safety
count; every listing lacks other papers. Recalls from 1 February 2026 on were not looked at when the warning list
was written.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import weighbridge
from weighbridge.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
PATH = "regulated_recalls_us/cpsc_recalls.csv"
TARGET, MARKET, AS_OF = "listing_gate", "US", "2026-11-21"
KEPT_BACK = "2026-02-01"
SAFETY = {
    "listing_gate/high-risk-category",
    "listing_gate/recalled-kind",
    "regulation/US-CPSC-001",
    "regulation/US-CPSC-002",
    "regulation/US-CPSC-004",
    "regulation/US-CPSC-005",
    "regulation/US-CPSC-006",
    "regulation/ALL-DG-001",
}
"""The rules that are about the hazard and not about customs, labels or prices."""

SHELVES = (
    (
        r"pajama|sleepwear|nightgown|sleep sack|sleepsuit|loungewear|costume|youth clothing|"
        r"youth jacket",
        "apparel/children",
    ),
    (
        r"lounger|bassinet|crib|play ?yard|pack n play|sleeper|baby swing|baby gym|sleep pillow",
        "baby/sleep",
    ),
    (r"high chair|feeding pillow|soother|sippy", "baby/feeding"),
    (
        r"infant|baby|toddler|stroller|child carrier|safety gate|tower stool|learning tower|"
        r"bed rails? .*child|children's portable bed rail",
        "baby",
    ),
    (r"helmet", "sports/helmets"),
    (r"magnet(ic)?\b(?!.*(charger|charms))", "toys/magnetic"),
    (r"balloon", "toys/balloons"),
    (r"ride-on|scooter", "toys/ride_on"),
    (r"plush", "toys/plush"),
    (r"doll", "toys/dolls"),
    (
        r"toy|playset|play (set|purse)|building set|game|puzzle|busy bo|activity cube|fidget|"
        r"coloring|fingerpaint|flashcard|handwriting|pip-cubes|soccer hover|book nook|finger beam",
        "toys",
    ),
    (r"power bank|battery pack|portable charg", "electronics/power_banks"),
    (r"charger|power suppl|extension cord|power strip|powerwall", "electronics/chargers"),
    (r"electric bicycl|e-bike|trike", "sports/e_bikes"),
    (r"monitor", "electronics/cameras"),
    (r"dresser|chair|bed frame|bed rail|mattress|wall bed|tip restraint|chandelier", "home/furniture"),
    (r"led .*light|lantern|light fixture|headband|light-up", "electronics/lighting"),
    (r"minoxidil|growth serum|growth spray|essential oil|lidocaine", "cosmetics"),
    (r"supplement|multivitamin|prosecco", "food/supplements"),
    (r"sodium hydroxide|vinegar|stain remover|fuel|glue|desiccant", "chemicals"),
    (r"lighter|candle", "home/candles"),
    (r"range|fan\b|steam|heater|purifier|fridge|ice crusher|hair dryer", "appliances"),
    (r"knives|knife", "knives"),
    (r"bicycle|treadmill|dumbbell|paddle|carabiner|ski boot|climbing|scuba|fitness|pool|kayak", "sports"),
    (r"pan\b|kettle|tumbler|drinkware|grill brush", "home/kitchen"),
    (r"chainsaw|blower|washer|planer|mower|vacuum|generator", "tools/power_tools"),
)  # fmt: skip
"""The shelf a seller would choose, by words of the headline: the first that fits, else "other"."""

HAZARDS = (
    (
        "battery ingestion (button and coin cells)",
        r"battery ingestion|button cell|coin batter|"
        r"ingestion hazard; violates mandatory standard for consumer",
    ),
    ("magnets", r"magnet ingestion|magnets?\b.*(stand|toy)|small ball.*magnet"),
    ("small parts, choking", r"chok|small parts|small ball"),
    (
        "infants: suffocation, falls, drowning, entrapment",
        r"infant|lounger|bassinet|crib|play yard|bath seat|high chair|stroller|baby (gate|swing|"
        r"gym)|safety gate|tower|toddler|children's portable bed rail|sleep pillow|feeding pillow",
    ),
    ("adult bed rails: entrapment", r"bed rail"),
    ("tip-over of furniture", r"tip-over"),
    ("drowning: pools and drains", r"drown"),
    ("sleepwear and mattresses that burn", r"flammability|sleepwear|mattress.*fire"),
    ("lighters", r"lighter"),
    ("helmets", r"helmet|head injury"),
    ("poisoning, child-resistant packaging", r"poison|chemical burn|fuel (bottle|container)|flash fire"),
    ("lead, phthalates, chemicals", r"lead (exposure|content)|phthalate|skin irritation|bacteria"),
    ("lithium batteries", r"power bank|lithium|battery charger|batter(y|ies).*(overheat|ignite)"),
    ("electric shock", r"shock|electrocution"),
    ("strangulation", r"strangulation|drawstring"),
)  # fmt: skip
"""Hazard classes, by words of headline and hazard text: the first that fits."""
DEFECT = "defect of one make (breaks, leaks, overheats, falls)"


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall: day, hazard class, the listing as it was before, and what the gate says about it."""

    day: str
    hazard: str
    listing: dict[str, Any]
    stopped_by: frozenset[str]
    asked_by: frozenset[str]
    warned_by: frozenset[str]

    @property
    def outcome(self) -> str:
        """The strongest answer: "stopped" by what the listing says, "asked" for a document, "warned" or "nothing"."""
        if self.stopped_by:
            return "stopped"
        if self.asked_by:
            return "asked"
        return "warned" if self.warned_by else "nothing"


OUTCOMES = ("stopped", "asked", "warned", "nothing")


def goods(headline: str) -> str:
    """The name of the goods in a headline such as "Acme Recalls Lamps Due to Fire Hazard"."""
    name = re.split(r"\s+Due to\b|;", headline, maxsplit=1)[0]
    if " Recalled" in name:
        return name.split(" Recalled", 1)[0]
    parts = re.split(r"\bRecalls?\b(?: of| to Include)?", name, maxsplit=1)
    return (parts[1] if len(parts) == 2 and parts[1].strip() else parts[0]).strip()


def shelf(headline: str) -> str:
    """The category a seller would choose."""
    return next((name for words, name in SHELVES if re.search(words, headline, re.IGNORECASE)), "other")


def hazard_of(text: str) -> str:
    """The hazard class of headline and hazard text."""
    return next((name for name, words in HAZARDS if re.search(words, text, re.IGNORECASE)), DEFECT)


def recalls(engine: Engine, path: Path) -> Iterator[Recall]:
    """Every recall with the gate's answer."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = goods(row["title"])
            listing = {
                "sku": row["recall_id"],
                "title": name,
                "description": re.sub(r"^This recall involves\s*|\brecalled\b", "", row["description"]),
                "category": shelf(name),
                "language": "en",
                "currency": "USD",
            }
            decision = engine.decide(TARGET, listing, market=MARKET, as_of=AS_OF)
            found = [finding for finding in decision.findings if finding.rule in SAFETY]
            strong = [finding for finding in found if finding.severity in ("review", "block")]
            yield Recall(
                row["recall_date"],
                hazard_of(f"{row['title']} {row['hazards']}"),
                listing,
                frozenset(finding.rule for finding in strong if finding.status == "fired"),
                frozenset(finding.rule for finding in strong if finding.status != "fired"),
                frozenset(finding.rule for finding in found if finding.severity == "warn"),
            )


def table(found: list[Recall]) -> list[str]:
    """Outcomes per hazard class."""
    lines = [
        "| hazard | recalls | stopped | asked for the test | warned | nothing | review or stronger |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    names = [name for name, _ in HAZARDS]
    for name in (*names, DEFECT):
        group = [recall for recall in found if recall.hazard == name]
        if group:
            lines.append(_row(name, group))
    visible = [recall for recall in found if recall.hazard != DEFECT]
    return [*lines, _row("**all but defects of one make**", visible), _row("**all**", found)]


def _row(title: str, group: list[Recall]) -> str:
    counts = Counter(recall.outcome for recall in group)
    held = counts["stopped"] + counts["asked"]
    cells = [title, len(group), *(counts[outcome] for outcome in OUTCOMES), f"{held / len(group):.0%}"]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def by_half(found: list[Recall]) -> list[str]:
    """The table of the recalls kept back, and that of those the warning list was made from."""
    lines: list[str] = []
    late = [recall for recall in found if recall.day >= KEPT_BACK]
    early = [recall for recall in found if recall.day < KEPT_BACK]
    for title, group in (("kept back", late), ("looked at for the warning list", early)):
        days = [recall.day for recall in group]
        lines += [f"{len(group)} recalls, {min(days)} to {max(days)}, {title}:", "", *table(group), ""]
    return lines


def report(engine: Engine, data: Path) -> list[str]:
    """All tables as lines of Markdown."""
    return by_half(list(recalls(engine, data / PATH)))


def main() -> int:
    """Print the tables; 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recalls", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with regulated_recalls_us/")
    parser.add_argument("--missed", action="store_true", help="list the recalls that get nothing")
    options = parser.parse_args()
    found = list(recalls(weighbridge.load(ROOT), options.data / PATH))
    if options.missed:
        for recall in found:
            if recall.outcome in ("nothing", "warned"):
                print(f"{recall.hazard} | {recall.listing['category']} | {recall.listing['title']}")
        return 0
    print("\n".join(by_half(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
