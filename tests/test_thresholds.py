import pytest

from weighbridge.thresholds import (
    Named,
    SimpleCondition,
    condition_text,
    simple_conditions,
    thresholds,
    with_threshold,
)


def test_every_number_is_found_with_what_is_around_it() -> None:
    found = thresholds("价 > 0.5 and (forecast_units > 1000 or price - 3 < -2.5)".replace("价", "price"))
    assert [(t.value, t.around) for t in found] == [
        (0.5, "price > 0.5"),
        (1000, "forecast_units > 1000"),
        (3, "price - 3"),
        (-2.5, "price - 3 < -2.5"),
    ]


def test_one_number_is_replaced_and_nothing_else() -> None:
    text = ['mentions(title, ["皮革"]) and\n  price  <  5', " cheap"][0]
    assert with_threshold(text, 0, 7.25) == 'mentions(title, ["皮革"]) and\n  price  <  7.25'
    assert with_threshold("x > 10", 0, 20.0) == "x > 20"


@pytest.mark.parametrize("text", ["price >", "(" * 300, "", "a" * 20_000])
def test_what_cannot_be_read_has_no_numbers(text: str) -> None:
    assert thresholds(text) == ()
    assert simple_conditions(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("price > 10", [SimpleCondition("price", ">", 10)]),
        (
            'gift_flag and category == "toys" and price <= -1.5',
            [
                SimpleCondition("gift_flag", "==", True),
                SimpleCondition("category", "==", "toys"),
                SimpleCondition("price", "<=", -1.5),
            ],
        ),
        ('not used and market in ["SA", "AE"]', None),
        ("price > cost", [SimpleCondition("price", ">", Named("cost"))]),
        ("a > 1 or b > 2", None),
        ("mentions(title, terms.pig)", None),
        ("1 < price < 2", None),
    ],
)
def test_only_plain_comparisons_are_simple(text: str, parts: list[SimpleCondition] | None) -> None:
    found = simple_conditions(text)
    if parts is None and "in [" in text:
        parts = [SimpleCondition("used", "==", False), SimpleCondition("market", "in", ("SA", "AE"))]
    assert found == (None if parts is None else tuple(parts))
    if found is not None:
        assert simple_conditions(condition_text(found)) == found
        assert condition_text(found) == text


def test_a_comparison_with_another_name_is_simple() -> None:
    text = "forecast_units > region.review_units"
    assert simple_conditions(text) == (SimpleCondition("forecast_units", ">", Named("region.review_units")),)
    assert condition_text(simple_conditions(text) or ()) == text
    assert simple_conditions("category in terms.toys") is None
