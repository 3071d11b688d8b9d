"""Canonical forms: one spelling for what devices spell in many ways."""

import re
import unicodedata
from collections.abc import Iterable

TEXT_CHARACTERS = (
    256  # a longer text is no name, model or serial number; it bounds keys and records
)
LEGAL_FORMS = frozenset(
    {"ab", "ag", "as", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated"}
    | {"international", "kg", "limited", "llc", "ltd", "nv", "oy", "oyj", "plc", "pte", "sa", "sas"}
    | {"se", "spa", "srl"}
)
VERSION_WORDS = re.compile(
    r"^(?:(?:firmware|software|version|revision|release|ver|rev|fw|sw|hw)\b[ .:_=-]*"
    r"|[vr][ .]?(?=\d))+",
    re.IGNORECASE,
)
BUILD = re.compile(r"(?<=\S) +\([^()]*\)$")
_MAC = re.compile(r"[0-9a-f]{12}")
_NO_HEX = re.compile(r"[^0-9a-f]")


def text(raw: str) -> str:
    """`raw` without what cannot be printed and without surplus white space; bounded in length."""
    if not raw.isprintable():
        raw = "".join(c if c.isprintable() else _blank(c) for c in raw)
    return " ".join(raw.split())[:TEXT_CHARACTERS].rstrip()


def _blank(character: str) -> str:
    """A blank for what separates words, controls among it; nothing for what has no width."""
    return " " if unicodedata.category(character) in {"Cc", "Zl", "Zp", "Zs"} else ""


def folded(raw: str) -> str:
    """`raw` as it is looked up: lower case, words of letters and digits, no punctuation."""
    return " ".join(re.findall(r"[^\W_]+", raw.casefold()))


def vendor_names(raw: str) -> Iterable[str]:
    """Folded names under which a vendor text may be known, longest first, without legal forms."""
    words = [word for word in folded(raw).split() if word not in LEGAL_FORMS]
    return (" ".join(words[:count]) for count in range(len(words), 0, -1))


def slug(name: str) -> str:
    """`name` as part of a key."""
    return folded(name).replace(" ", "-")


def version(raw: str, words: Iterable[str] = ()) -> str:
    """The version in `raw`, without `words` and `V` before it, and without a build behind it."""
    found = text(raw)
    for word in words:
        if found.casefold().startswith(word.casefold()):
            found = found[len(word) :].lstrip(" :-_/")
    found = BUILD.sub("", found)
    return VERSION_WORDS.sub("", found) or found


def serial(raw: str) -> str:
    """A serial number as a key: upper case, without the blanks and hyphens that only group it."""
    return re.sub(r"[\s\-]", "", text(raw)).upper()


def mac(raw: str) -> str | None:
    """`raw` as aa:bb:cc:dd:ee:ff, or None when it is no EUI-48."""
    digits = _NO_HEX.sub("", raw.lower())
    if not _MAC.fullmatch(digits):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_universal_unicast(address: str) -> bool:
    """Whether a vendor gave this MAC to one card: neither group nor local bit (IEEE 802)."""
    return not int(address[:2], 16) & 0b11 and address != "00:00:00:00:00:00"


def uuid(raw: str) -> str | None:
    """`raw` in the form of RFC 9562, or None when it is no UUID or one without information."""
    digits = _NO_HEX.sub("", raw.lower().removeprefix("urn:uuid:").removeprefix("0x"))
    if len(digits) != 32 or len(set(digits)) == 1:
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def host(raw: str) -> str:
    """The short host name in `raw`: lower case, without the domain."""
    return text(raw).lower().partition(".")[0]
