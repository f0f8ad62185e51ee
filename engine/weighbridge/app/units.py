"""Units as people read them. Projects write them in English; the usual ones are known in Chinese too."""

from __future__ import annotations

from collections.abc import Mapping

from weighbridge.app.words import language

CHINESE: Mapping[str, str] = {
    "0-100": "0–100",
    "accounts": "个账户",
    "categories": "个类目",
    "celsius": "摄氏度",
    "channels": "个渠道",
    "clicks": "次点击",
    "complaints": "次投诉",
    "contacts per order": "次联系/单",
    "currency of the listing": "商品标价货币",
    "currency of the market": "当地货币",
    "currency of the order": "订单货币",
    "currency of the shop": "店铺货币",
    "days": "天",
    "digit": "位",
    "errors": "个错误",
    "events": "次事件",
    "fahrenheit": "华氏度",
    "hours": "小时",
    "lines": "行",
    "litres": "升",
    "minutes": "分钟",
    "months": "个月",
    "offers": "个报价",
    "orders": "单",
    "percent": "%",
    "pieces": "件",
    "pieces a day": "件/天",
    "points": "分",
    "points -100 to 100": "-100 至 100 分",
    "probability 0-1": "概率 0–1",
    "ratio": "比率",
    "requests": "次请求",
    "reviews": "条评价",
    "score 1-5": "1–5 分",
    "searches": "次搜索",
    "share": "占比",
    "share 0-1": "占比 0–1",
    "stars": "星",
    "transactions": "笔交易",
    "turns a year": "次周转/年",
    "visits": "次访问",
    "years": "年",
}
"""Usual units in Chinese."""


def unit_word(unit: str) -> str:
    """A unit in the reader's language; as the project writes it where it is not a usual one."""
    return CHINESE.get(unit, unit) if language() == "zh" else unit
