"""Proof about scorecards: bins nothing falls into, values no bin takes, tiers no score reaches, weights."""

from __future__ import annotations

from weighbridge.proof.contexts import contexts
from weighbridge.proof.prover import Seen, Wanted, Wish
from weighbridge.proof.report import Report, witness_of
from weighbridge.proof.rule_checks import field_places
from weighbridge.proof.scope import Scope
from weighbridge.rulebook import MILLI, Characteristic, Scorecard, Tier
from weighbridge.specialise import card_trees
from weighbridge.tree import Call, Compare, Const, Expr, Name, Not, Type
from weighbridge.unparse import unparse

SHARES = (100 * MILLI, MILLI)
"""Sums that people mean by weights: 100 or 1, in thousandths."""

NEAR = 0.1
"""Weights that miss such a sum by less than this share of it were meant to reach it."""


def check_card(report: Report, card: Scorecard) -> None:
    """WB808, WB809, WB810, WB815 for one scorecard."""
    for line in card.characteristics:
        if line.value is not None:
            _check_bins(report, card, line)
    for tier in card.tiers:
        _check_tier(report, card, tier)
    _check_sum(report, card)


def _scopes(report: Report, card: Scorecard) -> list[Scope]:
    return list(
        contexts(report.prover, card.id, [], [*card_trees(card), Name(f"{card.id}.score", Type.NUMBER)])
    )


def _line(scope: Scope, card: Scorecard, name: str) -> Characteristic:
    return next(c for c in scope.cards[card.id].characteristics if c.id == name)


def _known(value: Expr) -> Expr:
    return Not(Call("is_missing", (value,), Type.BOOLEAN))


def _chosen(line: Characteristic, number: int) -> list[Wanted]:
    """What must hold for a bin to give the points."""
    assert line.value is not None
    band = line.bins[number]
    wanted: list[Wanted] = [(b.test, Wish.NOT_TRUE) for b in line.bins[:number] if b.test is not None]
    if line.applies is not None:
        wanted.append((line.applies.tree, Wish.TRUE))
    wanted.append((_known(line.value.tree) if band.test is None else band.test, Wish.TRUE))
    return wanted


def _check_bins(report: Report, card: Scorecard, written: Characteristic) -> None:
    left = set(range(len(written.bins)))
    gap_asked = False
    last: Scope | None = None
    for scope in _scopes(report, card):
        last = scope
        line = _line(scope, card, written.id)
        for number in sorted(left):
            answer = report.prover.ask(scope, _chosen(line, number))
            if answer.status == "open":
                report.leave_open(
                    f"whether a value falls into bin {number + 1} of {card.id}.{line.id}", answer.why
                )
            if answer.status != "never":
                left.discard(number)
        if not gap_asked:
            gap_asked = _check_gap(report, card, line, scope)
    for number in sorted(left):
        if last is not None:
            _dead_bin(report, card, _line(last, card, written.id), number, last)


def _dead_bin(report: Report, card: Scorecard, line: Characteristic, number: int, scope: Scope) -> None:
    assert line.value is not None
    band = line.bins[number]
    earlier: Seen | None = None
    wanted: list[Wanted] = []
    taken = False
    if band.test is not None:
        wanted = [(band.test, Wish.TRUE)]
        earlier = report.prover.ask(scope, wanted).seen
        taken = earlier is not None
    if earlier is None:
        wanted = [(_known(line.value.tree), Wish.TRUE)]
        earlier = report.prover.ask(scope, wanted).seen
    why = "bins before it take all it could" if taken or band.test is None else f"`{band.text}` never holds"
    related = [(f"bin {i + 1} stands before it", b.span) for i, b in enumerate(line.bins[:number])][-1:]
    report.find(
        "WB809",
        f"no value falls into bin {number + 1} of {card.id}.{line.id}: {why}",
        band.span,
        "a bin that some value can reach",
        related=[*related, *field_places(report.prover, scope, [line.value.tree])],
        witness=None if earlier is None else witness_of(report.small(scope, earlier, wanted)),
    )


def _check_gap(report: Report, card: Scorecard, line: Characteristic, scope: Scope) -> bool:
    """A known value that no bin takes. Bins of texts may leave texts out; then `missing` says what they get."""
    assert line.value is not None
    if any(b.test is None for b in line.bins) or line.missing is not None or not line.bins:
        return True
    if line.value.tree.type is not Type.NUMBER:
        return True
    wanted: list[Wanted] = [(b.test, Wish.NOT_TRUE) for b in line.bins if b.test is not None]
    wanted.append((_known(line.value.tree), Wish.TRUE))
    if line.applies is not None:
        wanted.append((line.applies.tree, Wish.TRUE))
    answer = report.prover.ask(scope, wanted)
    if answer.status == "open":
        report.leave_open(f"whether {card.id}.{line.id} has a gap", answer.why)
    if answer.seen is None:
        return answer.status == "open"
    report.find(
        "WB808",
        f"{card.id}.{line.id} gives no points for some known `{unparse(line.value.tree)}`",
        line.span,
        "a last bin for the rest, or `missing`",
        related=[
            ("the last bin", line.bins[-1].span),
            *field_places(report.prover, scope, [line.value.tree]),
        ],
        witness=witness_of(report.small(scope, answer.seen, wanted)),
    )
    return True


def _check_tier(report: Report, card: Scorecard, tier: Tier) -> None:
    reached = Compare("==", Name(f"{card.id}.tier", Type.TEXT), Const(tier.id, Type.TEXT))
    scope: Scope | None = None
    for scope in _scopes(report, card):
        answer = report.prover.ask(scope, [(reached, Wish.TRUE)])
        if answer.status == "open":
            report.leave_open(f"whether a score reaches {card.id}.{tier.id}", answer.why)
        if answer.status != "never":
            return
    if scope is None:
        return
    wanted: list[Wanted] = [(_known(Name(f"{card.id}.score", Type.NUMBER)), Wish.TRUE)]
    seen = report.prover.ask(scope, wanted).seen
    report.find(
        "WB810",
        f"no score reaches the tier {tier.id} of {card.id}",
        tier.span,
        "bounds within what the points can add up to",
        related=[(f"{c.id} gives points here", c.span) for c in card.characteristics[:3]],
        witness=None if seen is None else witness_of(report.small(scope, seen, wanted)),
    )


def _check_sum(report: Report, card: Scorecard) -> None:
    """WB815: weights that nearly add up to 100 or 1; and regions that change some of them so that they no longer do."""
    usual = sum(c.weight for c in card.characteristics)
    for whole in SHARES:
        if usual != whole and abs(usual - whole) < NEAR * whole and len(card.characteristics) > 2:
            report.find(
                "WB815",
                f"the weights of {card.id} add up to {usual / MILLI:g}",
                card.span,
                f"{whole / MILLI:g}",
                related=[(f"{c.id} weighs {c.weight / MILLI:g}", c.span) for c in card.characteristics[-1:]],
            )
    if usual in SHARES:
        _check_regions(report, card, usual)


def _check_regions(report: Report, card: Scorecard, usual: int) -> None:
    own = {c.id: c.weight for c in card.characteristics}
    for region, document in report.prover.engine.project.regions.items():
        weights = document.model.weights.get(card.id, {})
        if not weights or set(weights) == set(own):
            continue  # WB344 speaks of regions that set every weight
        total = usual + sum(round(float(w[-1].value) * MILLI) - own.get(n, 0) for n, w in weights.items())
        if total != usual:
            report.find(
                "WB815",
                f"with the weights of {region}, those of {card.id} add up to {total / MILLI:g}",
                document.span("weights", card.id, key=True),
                f"{usual / MILLI:g}",
                related=[(f"{card.id} is weighted here", card.span)],
            )
