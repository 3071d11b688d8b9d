"""Canonical forms: one spelling for what devices spell in many ways."""

import re
import unicodedata
from collections.abc import Iterable

TEXT_CHARACTERS = (
    256  # a longer text is no name, model or serial number; it bounds keys and records
)
READ_CHARACTERS = 4096  # of a text: what stands behind them costs nothing, however long it is
LEGAL_FORMS = frozenset(
    {"ab", "ag", "as", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated"}
    | {"international", "kg", "limited", "llc", "ltd", "nv", "oy", "oyj", "plc", "pte", "sa", "sas"}
    | {"se", "spa", "srl"}
)
VERSION_WORD = re.compile(
    r"(?:firmware|software|version|revision|release|ver|rev|fw|sw|hw)\b[ .:_=-]*"
    r"|(?:v[ .]?|r[ .])(?=\d+(?:[^\d\w]|[a-z]?\d*$|$))",
    re.IGNORECASE,
)
BUILD = re.compile(r"(?<=\S) +\([^()]*\)$")
MORE = re.compile(r"[,;]|: |/[Vv](?=\d)")  # what stands behind is a build, or another version
NUMBERED = re.compile(r"(?:^|\s)[Vv]?(?P<version>\d+\.\d\S*)")
_MAC = re.compile(r"[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-f]{32}")
_GROUPING = re.compile(r"[\s:.{}-]")


def text(raw: str) -> str:
    """`raw` without what cannot be printed and without surplus white space; bounded in length."""
    raw = raw[:READ_CHARACTERS]
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
    """Folded names under which a vendor text may be known, the likeliest first."""
    words = folded(text(raw)).split()
    name = _before_legal_form(words)
    rest = [word for word in words if word not in LEGAL_FORMS]
    for some in (name, rest):
        yield from (" ".join(some[:count]) for count in range(len(some), 0, -1))


def without_legal_form(raw: str) -> str:
    """A maker's name as it is written, up to its legal form."""
    return " ".join(_before_legal_form(text(raw).split())).rstrip(",")


def _before_legal_form(words: list[str]) -> list[str]:
    """What stands behind a legal form is no name; a name may begin with a word like one."""
    ends = (at for at, word in enumerate(words) if at and folded(word) in LEGAL_FORMS)
    return words[: next(ends, len(words))]


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
    start = 0
    while word_before := VERSION_WORD.match(found, start):
        start = word_before.end()
    found = found[start:] or found
    first = MORE.split(found, maxsplit=1)[0]
    if any(c.isdigit() for c in first):
        found = first
    named = None if found[:1].isdigit() else NUMBERED.search(found)
    return named["version"] if named else found


def serial(raw: str) -> str:
    """A serial number as a key: upper case, without the blanks and hyphens that only group it."""
    return re.sub(r"[\s\-]", "", text(raw)).upper()


def mac(raw: str) -> str | None:
    """`raw` as aa:bb:cc:dd:ee:ff, or None when it is no EUI-48."""
    digits = _GROUPING.sub("", raw[:READ_CHARACTERS].lower().removeprefix("0x"))
    if not _MAC.fullmatch(digits):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def is_universal_unicast(address: str) -> bool:
    """Whether a vendor gave this MAC to one card: neither group nor local bit (IEEE 802)."""
    return not int(address[:2], 16) & 0b11 and address != "00:00:00:00:00:00"


def uuid(raw: str) -> str | None:
    """`raw` in the form of RFC 9562, or None when it is no UUID or one without information."""
    plain = raw[:READ_CHARACTERS].lower().removeprefix("urn:uuid:").removeprefix("0x")
    digits = _GROUPING.sub("", plain)
    if not _UUID.fullmatch(digits) or len(set(digits)) == 1:
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def host(raw: str) -> str:
    """The short host name in `raw`: lower case, without the domain."""
    return text(raw).lower().partition(".")[0].rstrip()


def uri_host(uri: str) -> str:
    """The host in `urn:<host>:…`, `https://<host>/…` or `<host>/…`, lower case; empty for none."""
    rest = text(uri).lower()
    for scheme in ("https://", "http://", "opc.tcp://", "urn:"):
        rest = rest.removeprefix(scheme)
    host = re.split(r"[:/?#]", rest, maxsplit=1)[0].removeprefix("www.")
    return host if re.fullmatch(r"[a-z0-9.-]+", host) else ""
