"""Figures of a period: counted by the database, so that no word of a resident is read. Nothing in them is about one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, String, cast, extract, func, literal_column, select

from bot.conversations.tables import conversations, feedback, turns
from bot.desk.periods import Period
from bot.desk.tables import calls
from knowledge.places.find import shipped_places
from knowledge.places.towns import town_written

# Fewer of one town could point at somebody: they are shown together.
FEWEST = 3
MATTERS = 20
OTHERS, NO_TOWN = "其他乡镇（少的合在一起）", "没有记下地方的来电"
STATUSES = {
    "answered": "答了",
    "clarify": "反问了",
    "unanswerable": "没答上",
    "handover": "转人工",
    "crisis": "紧急情况",
    "refused": "不该答的",
    "error": "出了故障",
    "": "没有答完",
}
CHANNELS = {"web": "网页", "wechat": "微信"}
VERDICTS = {"good": "有帮助", "bad": "没帮助"}
Counts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was asked in ``period`` and what came of it. Counts are of questions unless they say otherwise; each list keeps the
    order in which it is shown, and is empty when there was nothing. Seconds are from the stored question to the stored answer;
    what staff said is not in them. ``towns`` are of telephone calls, and of conversations in
    which one was named: a conversation counts once in each, so that nobody is three of them by asking three times."""

    period: Period
    questions: int
    conversations: int
    handed_over: int
    by_day: Counts
    by_hour: Counts
    by_channel: Counts
    by_status: Counts
    by_matter: Counts
    ratings: Counts
    seconds: Mapping[str, float]
    calls: int
    towns: Counts
    call_matters: Counts


def figures(connection: Connection, period: Period) -> Figures:
    """Count. All of it is a handful of grouped queries over the period's turns, feedback and calls."""
    days: Counter[str] = Counter()
    hours: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    hour, count = _hour(connection, turns.c.created_at), func.count().label("total")
    asked = (turns.c.created_at >= period.begins, turns.c.created_at < period.ends, turns.c.text != "")
    grouped = (
        select(hour.label("hour"), conversations.c.channel, turns.c.status, count)
        .join(conversations, conversations.c.id == turns.c.conversation_id)
        .where(*asked)
        .group_by(hour, conversations.c.channel, turns.c.status)
    )
    for row in connection.execute(grouped):
        days[row.hour[:10]] += row.total
        hours[row.hour[11:13]] += row.total
        channels[CHANNELS.get(row.channel, row.channel)] += row.total
        statuses[STATUSES.get(row.status or "", row.status)] += row.total
    different = func.count(turns.c.conversation_id.distinct())
    handed = select(different).where(*asked[:2], turns.c.status == "handover")
    questions = sum(days.values())
    call_towns, call_matters, called = _calls(connection, period)
    return Figures(
        period=period,
        questions=questions,
        conversations=int(connection.execute(select(different).where(*asked)).scalar() or 0),
        handed_over=int(connection.execute(handed).scalar() or 0),
        by_day=[(str(day), days[str(day)]) for day in period.days] if questions else [],
        by_hour=[(f"{number} 点", hours[f"{number:02}"]) for number in range(24)] if questions else [],
        by_channel=channels.most_common(),
        by_status=[(name, statuses[name]) for name in STATUSES.values() if statuses[name]],
        by_matter=_matters(connection, asked),
        ratings=_ratings(connection, period),
        seconds=_seconds(connection, asked),
        calls=called,
        towns=merged_towns(call_towns + _talk_towns(connection, asked)),
        call_matters=call_matters,
    )


def merged_towns(counted: Mapping[str, int]) -> Counts:
    """Towns with at least FEWEST, the others together. When those together are still too few, the smallest town that is
    shown joins them: nobody can tell the hidden ones from the sum."""
    shown = sorted(((name, count) for name, count in counted.items() if count >= FEWEST), key=lambda item: -item[1])
    few = [(name, count) for name, count in counted.items() if count < FEWEST]
    hidden = sum(count for _, count in few)
    if not hidden:
        return shown
    # One hidden town alone would be known by its absence, whatever its number.
    while shown and (hidden < FEWEST or len(few) < 2):
        few.append(shown.pop())
        hidden += few[-1][1]
    return [*shown, (OTHERS, hidden)] if hidden >= FEWEST else []


def _matters(connection: Connection, asked: tuple[ColumnElement[bool], ...]) -> Counts:
    matter, count = turns.c.matter, func.count().label("total")
    query = (
        select(matter.label("matter"), count)
        .where(*asked, turns.c.status == "answered", matter.is_not(None))
        .group_by(matter)
        .order_by(count.desc(), matter)
        .limit(MATTERS)
    )
    return [(str(row.matter), int(row.total)) for row in connection.execute(query)]


def _ratings(connection: Connection, period: Period) -> Counts:
    query = (
        select(feedback.c.verdict, func.count().label("total"))
        .where(feedback.c.given_at >= period.begins, feedback.c.given_at < period.ends)
        .group_by(feedback.c.verdict)
    )
    found = {row.verdict: int(row.total) for row in connection.execute(query)}
    return [(shown, found[verdict]) for verdict, shown in VERDICTS.items() if verdict in found]


def _seconds(connection: Connection, asked: tuple[ColumnElement[bool], ...]) -> dict[str, float]:
    """Median, the time within which 95 of 100 were answered, and the longest; to a hundredth of a second."""
    hundredths = func.round(_elapsed(connection) * 100)
    query = (
        select(cast(hundredths, Float).label("hundredths"), func.count().label("total"))
        .where(*asked, turns.c.answered_at.is_not(None), turns.c.engine != "staff")
        .group_by(hundredths)
        .order_by(hundredths)
    )
    rows = [(max(0.0, row.hundredths / 100), int(row.total)) for row in connection.execute(query)]
    if not rows:
        return {}
    total = sum(count for _, count in rows)
    return {"一半在": _at(rows, total * 0.5), "95% 在": _at(rows, total * 0.95), "最慢": rows[-1][0]}


def _at(rows: list[tuple[float, int]], rank: float) -> float:
    reached = 0
    for seconds, count in rows:
        reached += count
        if reached >= rank:
            return seconds
    return rows[-1][0]


def _calls(connection: Connection, period: Period) -> tuple[Counter[str], Counts, int]:
    """By town, by matter, and how many. What operators wrote as the village leads to its town."""
    query = (
        select(calls.c.village, calls.c.matter, func.count().label("total"))
        .where(calls.c.at >= period.begins, calls.c.at < period.ends)
        .group_by(calls.c.village, calls.c.matter)
    )
    towns: Counter[str] = Counter()
    matters: Counter[str] = Counter()
    for row in connection.execute(query):
        towns[town_of(row.village)] += row.total
        matters[row.matter or "没有记下事项"] += row.total
    return towns, matters.most_common(MATTERS), sum(matters.values())


def _talk_towns(connection: Connection, asked: tuple[ColumnElement[bool], ...]) -> Counter[str]:
    """Conversations by the towns named in them."""
    query = (
        select(turns.c.town, func.count(turns.c.conversation_id.distinct()).label("total"))
        .where(*asked, turns.c.town.is_not(None))
        .group_by(turns.c.town)
    )
    return Counter({row.town: int(row.total) for row in connection.execute(query)})


def town_of(village: str) -> str:
    """The town or street of what an operator wrote as the village; NO_TOWN when it is none, or could be in several."""
    return town_written(shipped_places(), village) or NO_TOWN


def _hour(connection: Connection, column: Any) -> ColumnElement[str]:
    """``2026-11-28 09`` in the district's zone; China has no summer time."""
    if connection.dialect.name == "postgresql":
        return func.to_char(func.timezone("Asia/Shanghai", column), literal_column("'YYYY-MM-DD HH24'"), type_=String)
    pattern: ColumnElement[str] = literal_column("'%Y-%m-%d %H'")
    return func.strftime(pattern, column, literal_column("'+8 hours'", String), type_=String)


def _elapsed(connection: Connection) -> ColumnElement[float]:
    """Seconds between question and answer."""
    if connection.dialect.name == "postgresql":
        return cast(extract("epoch", turns.c.answered_at - turns.c.created_at), Float)
    return (func.julianday(turns.c.answered_at, type_=Float) - func.julianday(turns.c.created_at, type_=Float)) * 86400


def rate(counts: Counts, name: str) -> str:
    """The share of ``name`` among ``counts`` in whole percent, a dash where there is nothing."""
    total = sum(count for _, count in counts)
    return f"{round(100 * dict(counts).get(name, 0) / total)}%" if total else "—"
