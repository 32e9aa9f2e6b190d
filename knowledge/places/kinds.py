"""What a name means with the kind of place behind it: 东街社区, 果园村, 北关区, or bare."""

from __future__ import annotations

from knowledge.places.context import Sentence
from knowledge.places.forms import Form

# People mix up towns of both kinds, never a town and a street.
_SWAPPED = {"镇": ("镇", "乡"), "乡": ("乡", "镇"), "公社": ("乡", "镇"), "街道": ("街道",)}


def of_kind(sentence: Sentence, forms: list[Form], base: str, end: int) -> tuple[list[Form], str]:
    """The forms that fit to the kind of place behind a name, and those words; no forms when they make another place."""
    outside = sentence.kind_of_place("outside", end)
    elsewhere = [form for form in forms if form.place.kind == "outside" and form.place.name == base + outside]
    kind = sentence.kind_of_place("town", end)
    if kind:
        types = _SWAPPED.get(kind, ("街道",))
        towns = [form for form in forms if form.place.kind == "town" and form.place.name.endswith(types)]
        same = [form for form in towns if form.place.name.endswith(kind)]
        if towns or elsewhere:
            return same or towns or elsewhere, kind
        return [], kind
    kind = sentence.kind_of_place("village", end)
    if kind and kind != outside:
        found = [form for form in forms if form.place.kind == "village" or form.place.level == "村"]
        communities = [form for form in found if form.place.name == base + "社区"]
        return (communities if kind.startswith(("社区", "居")) and communities else found), kind
    if kind:
        return [form for form in forms if form.place.kind == "village" or form.place.level == "村"], kind
    if elsewhere and outside:
        return elsewhere, outside
    return _without_kind(sentence, forms, end - len(base), end), ""


def _without_kind(sentence: Sentence, forms: list[Form], start: int, end: int) -> list[Form]:
    """What a bare name may mean; of a city and a county of one name elsewhere, the city."""
    kept = [form for form in forms if form.bare]
    if not kept and any(form.weak for form in forms):
        told = sentence.goes(start, end) or sentence.lives(start, end) or sentence.alone(start, end)
        kept = [form for form in forms if form.weak and told]
    if all(form.place.kind == "outside" and form.place.level != "村" for form in kept):
        return kept[:1]
    return kept
