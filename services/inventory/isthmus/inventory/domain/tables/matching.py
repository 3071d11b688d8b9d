"""Which asset a row would be joined to, guessed before the normaliser has seen it."""

import re
from collections.abc import Iterator, Mapping, Sequence

from isthmus.inventory.domain.assets.model import Key, Tier, place
from isthmus.inventory.domain.tables.imports import Entry

GLOBAL = "global"
MAKER_WORDS_MAX = 3
WORD = re.compile(r"[^\W_]+")
GROUPING = re.compile(r"[\s\-]")


def keys_of(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Ids of the identity keys that the row may come to show, each with what it comes from."""
    return tuple(_keys(entry))


def match(keys: Sequence[tuple[str, str]], held: Mapping[str, str]) -> tuple[str, str]:
    """The asset that holds the first of `keys` that one holds, and what that key comes from."""
    return next(((held[id], by) for by, id in keys if held.get(id)), ("", ""))


def _keys(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "external_id", place(entry.site, entry.source).id
    if number := entry.facts.get("asset_number"):
        yield "asset_number", Key(Tier.PINNED, GLOBAL, "asset-number", number).id
    serial = GROUPING.sub("", entry.facts.get("serial", "")).upper()
    # The maker's name as it is written, then without what may be its legal form.
    words = WORD.findall(entry.facts.get("vendor", "").casefold())[:MAKER_WORDS_MAX]
    for length in range(len(words) if serial else 0, 0, -1):
        maker = "-".join(words[:length])
        yield "serial", Key(Tier.UNIQUE, GLOBAL, "serial", f"{maker}/{serial}").id
