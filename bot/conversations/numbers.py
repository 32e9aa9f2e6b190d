"""What a string of plain digits is: ID number, mobile, bank card, or nothing personal. Pure functions, no text."""

from __future__ import annotations

import re
from datetime import date

ID_CARD, MOBILE, BANK_CARD = "id_card", "mobile", "bank_card"
MAX_DIGITS = 19

_MOBILE = re.compile(r"(?:00?86|86|0)?1[3-9][0-9]{9}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[123]")
_HOTLINE = re.compile(r"11[0249]|12[0-2]|12[0-9]{3}|9[56][0-9]{3}")
_SHORT_NUMBER = re.compile(r"11[0249]|12[0-2]|12[0-9]{3}|9[56][0-9]{3}|(?:19|20)[0-9]{2}|[1-9][0-9]*00")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def classify(digits: str) -> str | None:
    """Kind of a number that is written as exactly ``digits`` (an ``X`` may end an ID number)."""
    if is_mobile(digits):
        return MOBILE
    if _plausible_id(digits) or _old_id(digits):
        return ID_CARD
    if is_card(digits):
        return BANK_CARD
    return None


def is_mobile(digits: str) -> bool:
    return 11 <= len(digits) <= 15 and _MOBILE.fullmatch(digits) is not None


def valid_id(digits: str) -> bool:
    """18 characters, a birth date that exists, and the right check character (GB 11643)."""
    if not _plausible_id(digits):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits[:17], strict=True))
    return "10X98765432"[total % 11] == digits[17]


def is_regional_id(digits: str) -> bool:
    return _PROVINCE.match(digits) is not None and _plausible_id(digits)


def _plausible_id(digits: str) -> bool:
    """Masked even when the check digit is wrong: a mistyped ID number still gives the person away."""
    return (
        len(digits) == 18
        and digits[:17].isdigit()
        and digits[0] != "0"
        and digits[6:8] in ("18", "19", "20")
        and _exists(digits[6:10], digits[10:12], digits[12:14])
    )


def _old_id(digits: str) -> bool:
    """The 15-digit form has no check digit: province and birth date must be real."""
    return (
        len(digits) == 15
        and digits.isdigit()
        and _PROVINCE.match(digits) is not None
        and _exists("19" + digits[6:8], digits[8:10], digits[10:12])
    )


def _exists(year: str, month: str, day: str) -> bool:
    try:
        return date(int(year), int(month), int(day)).year >= 1880
    except ValueError:
        return False


def is_card(digits: str) -> bool:
    """Luhn, or a mistyped UnionPay number (62…, 16 or 19 digits). 14-digit time stamps are no cards."""
    if not 13 <= len(digits) <= MAX_DIGITS or digits[0] == "0" or not digits.isdigit():
        return False
    if len(digits) == 14 and _is_timestamp(digits):
        return False
    if digits.startswith("62") and len(digits) in (16, 19):
        return True
    return luhn(digits) and len(set(digits)) > 1


def luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_timestamp(digits: str) -> bool:
    return (
        _YEAR.match(digits) is not None
        and _exists(digits[:4], digits[4:6], digits[6:8])
        and int(digits[8:10]) < 24
        and int(digits[10:12]) < 60
        and int(digits[12:]) < 60
    )


def is_date(parts: tuple[str, ...]) -> bool:
    return (
        len(parts) == 3
        and _YEAR.fullmatch(parts[0]) is not None
        and all(len(part) <= 2 and part.isdigit() for part in parts[1:])
        and _exists(*parts)
    )


def is_listing(groups: list[str], gaps: list[str]) -> bool:
    """Several short numbers in a row (hotlines, years, round amounts, prices) rather than one card or ID in groups."""
    if all(_SHORT_NUMBER.fullmatch(group) for group in groups):
        return True
    if all(len(group) == 4 for group in groups[:-1]) and len(groups[-1]) <= 4:
        return False
    if _HOTLINE.fullmatch(groups[0]) and len({len(group) for group in groups[:-1]}) > 1:
        return True
    if _HOTLINE.fullmatch(groups[-1]) and classify("".join(groups[:-1])):
        return True
    return len({gap.strip() for gap in gaps}) > 1
