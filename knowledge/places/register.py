"""From a village as an official list writes it to its code: by name and town, or by code; nothing is guessed."""

from __future__ import annotations

import re

from knowledge.places.divisions import Place
from knowledge.places.find import Mention, Places
from knowledge.places.forms import GUESSED

_SEPARATORS = re.compile(r"[、,，;；/\n]+")


class UnknownVillage(ValueError):
    """A village cannot be found, or may be several; the message says which and what is near, in Chinese and English."""


class Register:
    """Looks villages up for imports."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def by_code(self, code: str) -> Place:
        """The village of a 12-digit code. UnknownVillage when there is none."""
        place = self._places.code.get(code)
        if place is None or place.kind != "village":
            raise UnknownVillage(f"没有这个村（社区）代码，要 12 位：{code} / no such village code")
        return place

    def by_names(self, cell: str, town: str) -> tuple[Place, ...]:
        """The villages of a cell (大司空村、小屯村), in ``town`` where it is not empty. UnknownVillage for the first that is
        unknown or ambiguous."""
        names = [name for part in _SEPARATORS.split(cell) for name in self._parts(part.strip(), town) if name]
        return tuple(dict.fromkeys(self._one(name, town) for name in names))

    def _parts(self, part: str, town: str) -> list[str]:
        """A part that white space divides is one name (水冶镇 东街) or several (东街 西街)."""
        if " " not in part or self._whole(part, town) is not None:
            return [part]
        return part.split()

    def _one(self, name: str, town: str) -> Place:
        found = self._whole(name, town)
        if found is not None and found.place is not None:
            return found.place
        where = f"{town}里" if town else ""
        if found is not None:
            choices = "、".join(place.label for place in found.candidates)
            raise UnknownVillage(f"“{name}”有好几个，分不清：{choices}，请写明乡镇或代码 / ambiguous village")
        near = self._places.find(f"{town} {name}", expected=True)
        villages = [place.label for mention in near for place in mention.candidates if place.kind == "village"]
        hint = f"，是不是{'、'.join(villages[:3])}" if villages else ""
        raise UnknownVillage(f"{where}没有找到“{name}”这个村（社区）{hint} / unknown village")

    def _whole(self, name: str, town: str) -> Mention | None:
        """What the whole name says, when it is written as in the tables and lies in the town."""
        for text in dict.fromkeys((f"{town} {name}".strip(), name)):
            found = self._places.find(text, expected=True)
            villages = [m for m in found if any(place.kind == "village" for place in m.candidates)]
            if len(villages) != 1 or villages[0].how in GUESSED:
                continue
            (mention,) = villages
            if not mention.words.endswith(name.replace(" ", "")[-len(mention.words) :]):
                continue
            inside = [place for place in mention.candidates if place.kind == "village"]
            if town:
                inside = [place for place in inside if _same_town(place.within, town)]
            if inside:
                return Mention(mention.start, mention.end, mention.words, tuple(inside), mention.how)
        return None


def _same_town(official: str, written: str) -> bool:
    """Is a town as written (水冶, 水冶镇, 清风街道, 梅园庄办事处) the one of the table?"""
    bare = re.sub(r"(?:街道办事处|街道办|办事处|街道|镇|乡)$", "", written.strip())
    short = re.sub(r"(?:街道|镇|乡)$", "", official)
    typed = written.strip().endswith(("镇", "乡"))
    if typed and not official.endswith(("镇", "乡")):
        return False
    if written.strip().endswith(("街道", "办事处", "街道办")) and not official.endswith("街道"):
        return False
    return bare == short or bare == short.removesuffix("街")
