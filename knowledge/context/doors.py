"""Questions about the hotlines and offices that the last answer named: which, what number, when."""

from __future__ import annotations

from dataclasses import replace

from knowledge.answer import SURE, Knowledge
from knowledge.catalogue import Channel, Guide
from knowledge.context.focus import Focus
from knowledge.crisis import EMERGENCY
from knowledge.passages import route, routes
from knowledge.records import Answer, Route

LISTED = 5


def ids(knowledge: Knowledge, answer: Answer) -> tuple[str, ...]:
    """Ids of the channel cards that ``answer`` leads to, in its order."""
    known = {row.name: row.id for row in knowledge.release.catalogue.channels}
    return tuple(known[door.name] for door in answer.routes if door.name in known)


def listed(knowledge: Knowledge, focus: Focus) -> Answer | None:
    """The doors of the last answer, each with its number; None when it had none."""
    cards = _cards(knowledge, focus)[:LISTED]
    if not cards:
        return None
    row = knowledge.status("doors")
    lines = [f"{card.name}：{card.number}。" if card.number else f"{card.name}。{card.note or ''}" for card in cards]
    return replace(
        row,
        text=row.text.format(list="\n".join(lines)),
        citations=tuple(knowledge.card(card.id) for card in cards),
        routes=tuple(route(card, card.handles) for card in cards),
    )


def hours(knowledge: Knowledge, focus: Focus, text: str) -> Answer | None:
    """When somebody answers at the hotline meant: the hours entered for it, else what a guide says, else that nobody
    confirmed any."""
    numbered = [card for card in _cards(knowledge, focus) if card.number]
    card = next((card for card in numbered if card.name in text or str(card.number) in text), None)
    card = card or next(iter(sorted(numbered, key=lambda card: card.kind != "hotline")), None)
    if card is None or card.number is None:
        return None
    if knowledge.knows_hours(card.id):
        return knowledge.hours(card.id, text)
    question = f"{card.number}几点有人接"
    about = knowledge.release.catalogue.context.about.get(card.id)
    best = next(iter(knowledge.search(question).targets), None)
    if best is not None and best.target.group == f"guide:{about}" and best.probability >= SURE:
        return knowledge.answer_with(best.target.key, question)
    row = knowledge.status("hours-unknown")
    return replace(
        row,
        text=row.text.format(name=card.name, number=card.number),
        citations=(knowledge.card(card.id),),
        routes=(route(card, card.handles), *row.routes),
    )


def routes_of(knowledge: Knowledge, guide: Guide) -> tuple[Route, ...]:
    return routes(knowledge.release.catalogue, guide.routes)


def _cards(knowledge: Knowledge, focus: Focus) -> list[Channel]:
    """The cards in focus; emergency numbers last."""
    known = knowledge.release.catalogue.channel
    cards = [known[name] for name in focus.doors if name in known]
    return sorted(cards, key=lambda card: card.id in EMERGENCY)
