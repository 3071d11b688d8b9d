"""Custom fields: what a site says of assets beyond the vocabulary, and what such a field may hold.

A name that nobody has defined is a free text; a definition gives it a type from then on. What
stands in assets is never rewritten by one: what no longer fits is a misfit, and listed as that.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from isthmus.inventory.domain import rows
from isthmus.inventory.domain.assets.vocabulary import BY_PERSON, CUSTOM, Field, Kind, checked
from isthmus.inventory.domain.rows import Invalid, expected

NAME = re.compile(r"custom\.[a-z0-9][a-z0-9_-]{0,59}")
WORD = re.compile(r"[^\s,][^,\n]{0,98}[^\s,]|[^\s,]")
UNIT = re.compile(r"[!-~]{1,40}")  # UCUM 2.1, section 2: 7-bit characters without blanks
DAY_CHARACTERS = len("2027-03-01")
CHOICES_MAX = 200
PLACES_MAX = 200
LABEL_CHARACTERS_MAX = 100
PARTS = ("type", "label", "description", "unit", "choices", "classes", "sites", "required")
TRUTH = ("true", "false")


class Type(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"
    """A decimal number, in `unit` where it has one."""
    DAY = "day"
    """`YYYY-MM-DD`."""
    CHOICE = "choice"
    """One of a few words."""
    REFERENCE = "reference"
    """The id of another asset."""
    BOOLEAN = "boolean"


KINDS: Mapping[Type, Kind] = MappingProxyType(
    {
        Type.TEXT: Kind.TEXT,
        Type.NUMBER: Kind.NUMBER,
        Type.DAY: Kind.DATE,
        Type.CHOICE: Kind.WORD,
        Type.REFERENCE: Kind.TEXT,
        Type.BOOLEAN: Kind.WORD,
    }
)


@dataclass(frozen=True, slots=True)
class Definition:
    """What `custom.<name>` means, what it may hold, and of which assets it is said."""

    name: str
    """With its prefix."""
    type: Type = Type.TEXT
    label: str = ""
    description: str = ""
    unit: str = ""
    """In UCUM; numbers only."""
    choices: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    """Device classes that have it; empty for all."""
    sites: tuple[str, ...] = ()
    """Sites that have it; empty for all."""
    required: bool = False

    @property
    def field(self) -> Field:
        """It as a field of the vocabulary."""
        words = TRUTH if self.type is Type.BOOLEAN else self.choices
        return Field(self.name, KINDS[self.type], BY_PERSON, self.description, words=words)

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        return {
            "type": self.type.value,
            "label": self.label,
            "description": self.description,
            "unit": self.unit,
            "choices": list(self.choices),
            "classes": list(self.classes),
            "sites": list(self.sites),
            "required": self.required,
        }

    def concerns(self, site: str, device_class: str) -> bool:
        """Whether assets of that site and class have the field."""
        return self.misplaced(site) == "" and (not self.classes or device_class in self.classes)

    def misplaced(self, site: str) -> str:
        """Why no asset of the site has the field; empty when assets of it may."""
        if self.sites and site not in self.sites:
            return f"the asset stands on {site}, expected one of {', '.join(self.sites)}"
        return ""

    def foreign(self, site: str, device_class: str) -> str:
        """Why an asset of that site and class has no such field; empty when it has."""
        if self.classes and device_class not in self.classes:
            shown = device_class or "unknown"
            return f"the asset's class is {shown}, expected one of {', '.join(self.classes)}"
        return self.misplaced(site)

    def fitted(self, value: object) -> str:
        """`value` in the one form of its type; raises ValueError with what it expects."""
        text = checked(self.field, value)
        if text and self.type is Type.DAY and len(text) != DAY_CHARACTERS:
            raise ValueError(f"{text!r}, expected a whole day, YYYY-MM-DD")
        return _id(text) if text and self.type is Type.REFERENCE else text

    def misfit(self, value: str, site: str, device_class: str) -> str:
        """What is wrong with what an asset has there now; empty when nothing is."""
        if not value:
            missing = self.required and self.concerns(site, device_class)
            return "missing, expected a value" if missing else ""
        try:
            self.fitted(value)
        except ValueError as error:
            return str(error)
        return self.foreign(site, device_class)


Own = Mapping[str, Definition]
"""The definitions that hold, by their fields' names."""
NONE: Own = MappingProxyType({})


def undefined() -> Own:
    """The definitions where nobody has defined anything."""
    return NONE


def own_field(name: str, own: Own) -> Field | None:
    """The custom field of that name, a free text unless it is defined; None for no such name."""
    if found := own.get(name):
        return found.field
    return Field(name, Kind.TEXT, BY_PERSON, "A free text.") if NAME.fullmatch(name) else None


def fitted(field: Field, value: object, own: Own) -> str:
    """`value` in the one form of its field, custom or not; raises ValueError."""
    found = own.get(field.name)
    return found.fitted(value) if found else checked(field, value)


def number_in(text: str) -> float | None:
    """The number that a text is, as it sorts; None for any other text."""
    try:
        return float(checked(NUMBER, text))
    except ValueError:
        return None


def definition(name: str, row: object) -> Definition:
    """The definition of `custom.<name>` that `row` describes; raises Invalid."""
    if not NAME.fullmatch(f"{CUSTOM}{name}"):
        raise Invalid("name", expected(name, "at most 60 of a-z, 0-9, _ and -, a letter first"))
    said = {k: v for k, v in rows.fields("row", row, PARTS).items() if v is not None}
    type = _type(said.get("type", Type.TEXT.value))
    return Definition(
        name=f"{CUSTOM}{name}",
        type=type,
        label=_label(said.get("label", "")),
        description=rows.text("description", said.get("description", "")),
        unit=_unit(type, said.get("unit", "")),
        choices=_choices(type, said.get("choices", ())),
        classes=tuple(dict.fromkeys(_words("classes", said.get("classes", ()), PLACES_MAX))),
        sites=tuple(dict.fromkeys(_sites(said.get("sites", ())))),
        required=_truth(said.get("required", False)),
    )


def _type(value: object) -> Type:
    if value in tuple(Type):
        return Type(str(value))
    raise Invalid("type", expected(value, f"one of {', '.join(Type)}"))


def _label(value: object) -> str:
    text = rows.text("label", value)
    if len(text) > LABEL_CHARACTERS_MAX:
        raise Invalid("label", expected(text, f"at most {LABEL_CHARACTERS_MAX} characters"))
    return text


def _unit(type: Type, value: object) -> str:
    if value == "":
        return ""
    if type is not Type.NUMBER:
        raise Invalid("unit", expected(value, f"none with the type {type}: numbers have units"))
    if isinstance(value, str) and UNIT.fullmatch(value):
        return value
    raise Invalid("unit", expected(value, "a unit in UCUM, such as kW or mm[Hg]"))


def _choices(type: Type, value: object) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_words("choices", value, CHOICES_MAX)))
    if (type is Type.CHOICE) != bool(found):
        wanted = "the words of a choice" if type is Type.CHOICE else f"none with the type {type}"
        raise Invalid("choices", expected(list(found), wanted))
    return found


def _words(field: str, value: object, most: int) -> Iterator[str]:
    if isinstance(value, list | tuple) and len(value) > most:
        raise Invalid(field, f"{len(value)} words, expected at most {most}")
    for place, each in rows.items(field, value, "words"):
        if not rows.is_text(each) or not WORD.fullmatch(each):
            raise Invalid(place, expected(each, "a word of at most 100 characters, no comma"))
        yield each


def _sites(value: object) -> Iterator[str]:
    for place, each in rows.items("sites", value, "sites"):
        yield rows.name(place, each)


def _truth(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise Invalid("required", expected(value, "true or false"))


def _id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise ValueError(f"{text[:80]!r}, expected the id of an asset, a UUID") from None


NUMBER = Field("number", Kind.NUMBER, BY_PERSON, "")
