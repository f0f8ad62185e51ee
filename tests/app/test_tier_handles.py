import numpy as np
import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from weighbridge.app.tier_handles import BARS, FOLDER, STEP, Bound, histogram

SCORES = np.array([0.0, 10.0, 49.9, 50.0, 50.0, 62.25, 99.0, 100.0])
BOUNDS = (
    Bound("good", "Good", 62.25, False),
    Bound("low", "Low", None, False),
    Bound("fair", "Fair", 50.0, True),
)


def test_every_score_lies_in_one_bar() -> None:
    drawn = histogram(SCORES, BOUNDS, (0.0, 100.0))
    assert (len(drawn["bars"]), sum(drawn["bars"]), drawn["total"]) == (BARS, 8, 8)
    assert drawn["most"] == max(drawn["bars"])


def test_scores_above_every_step_are_counted_exactly() -> None:
    above = histogram(SCORES, BOUNDS, (0.0, 100.0))["above"]
    assert len(above) == 100 / STEP + 1
    for step, count in enumerate(above):
        assert count == int((step * STEP <= SCORES).sum())


def test_handles_stand_in_the_order_of_their_bounds_and_the_lowest_tier_has_none() -> None:
    drawn = histogram(SCORES, BOUNDS, (0.0, 100.0))
    assert [(h["id"], h["value"], h["inherited"], h["above"]) for h in drawn["handles"]] == [
        ("fair", 50.0, True, 5),
        ("good", 62.25, False, 3),
    ]
    assert [tier["id"] for tier in drawn["tiers"]] == ["low", "fair", "good"]


def test_a_bound_at_the_end_of_the_scale_has_no_handle() -> None:
    bounds = (Bound("low", "Low", 0.0, False, fixed=True), *BOUNDS[:1])
    drawn = histogram(SCORES, bounds, (0.0, 100.0))
    assert [h["id"] for h in drawn["handles"]] == ["good"]
    assert [tier["id"] for tier in drawn["tiers"]] == ["low", "good"]


def test_no_scores_are_drawn_as_an_empty_chart() -> None:
    drawn = histogram(np.array([]), BOUNDS, (0.0, 100.0))
    assert (sum(drawn["bars"]), drawn["most"], set(drawn["above"])) == (0, 1, {0})


def test_the_script_asks_nobody_for_anything_and_sets_texts_as_text() -> None:
    script = (FOLDER / "handles.js").read_text()
    calls = ("fetch(", "XMLHttpRequest", "WebSocket", "eval(", "new Function", "import ", "import(")
    for call in (*calls, "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write"):
        assert call not in script, call


def test_scores_of_a_run_are_those_of_its_market_ascending() -> None:
    from types import SimpleNamespace

    import pyarrow as pa

    from weighbridge.app.batch_run import BatchRun

    decisions = pa.table(
        {
            "market": pa.array(["DE", "SA", "DE", "DE"]).dictionary_encode(),
            "card.score": [70.0, 10.0, 20.0, None],
        }
    )
    run = BatchRun(SimpleNamespace(), SimpleNamespace(decisions=decisions))  # type: ignore[arg-type]
    assert (run.scored("card"), run.scored("other")) == (True, False)
    assert run.scores("card", "DE").tolist() == [20.0, 70.0]
    assert run.scores("card", None).tolist() == [10.0, 20.0, 70.0]
