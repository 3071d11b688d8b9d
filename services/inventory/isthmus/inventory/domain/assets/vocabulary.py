"""The fields that an asset can have: what each means, what it may hold, and who decides it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType

TEXT_MAX = 2_000
DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class Kind(StrEnum):
    """What a field may hold; every value is kept as text, in the one form that its kind has."""

    TEXT = "text"
    WORD = "word"
    """One of a few words."""
    DATE = "date"
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as precisely as it is known (ISO 8601)."""
    NUMBER = "number"
    """A decimal number; never binary floating point, because money is one."""
    TAGS = "tags"
    """Words in alphabetical order with a comma between them."""


class Origin(StrEnum):
    """Where a value can come from."""

    DEVICE = "device"
    """A device said so, as the normaliser understood it."""
    IMPORT = "import"
    """A system of record said so: an ERP, a CMDB, a table."""
    OPERATOR = "operator"
    """A person, or a program, said so through the API."""


Precedence = tuple[str, ...]
"""Origins, or names of systems of record, first the one whose word counts."""
BY_DEVICE: Precedence = (Origin.DEVICE, Origin.OPERATOR, Origin.IMPORT)
BY_PERSON: Precedence = (Origin.OPERATOR, Origin.IMPORT, Origin.DEVICE)
BY_RECORD: Precedence = (Origin.IMPORT, Origin.OPERATOR, Origin.DEVICE)
CORRECTED: Precedence = (Origin.OPERATOR, Origin.DEVICE, Origin.IMPORT)
"""The device knows, but a person may correct what the catalogue made of it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an asset."""

    name: str
    kind: Kind
    decided_by: Precedence
    says: str
    example: str = ""
    words: tuple[str, ...] = ()


def _text(name: str, by: Precedence, says: str, example: str = "") -> Field:
    return Field(name, Kind.TEXT, by, says, example)


def _word(name: str, by: Precedence, says: str, *words: str) -> Field:
    return Field(name, Kind.WORD, by, says, words[0], words)


def _date(name: str, by: Precedence, says: str, example: str = "") -> Field:
    return Field(name, Kind.DATE, by, says, example)


def _number(name: str, by: Precedence, says: str, example: str = "") -> Field:
    return Field(name, Kind.NUMBER, by, says, example)


OBSERVED = (
    _text("class", CORRECTED, "Device class.", "plc"),
    _text("vendor", CORRECTED, "Maker.", "Schneider Electric"),
    _text("family", CORRECTED, "Product family.", "Modicon M340"),
    _text("model", CORRECTED, "Model as its maker prints it.", "BMX P34 2020"),
    _text("serial", BY_DEVICE, "Serial number.", "21213607"),
    _text("order_code", BY_DEVICE, "Order code.", "BMXP342020"),
    _text("hardware", BY_DEVICE, "Hardware version.", "02"),
    _text("firmware", BY_DEVICE, "Firmware version, without prefix.", "3.20"),
    _text("software", BY_DEVICE, "Software and its version."),
    _text("name", CORRECTED, "Name that the device gives itself.", "PRESS-1"),
    _text("asset_tag", BY_RECORD, "Inventory number that it carries."),
    _word("purdue_level", BY_PERSON, "Level of the Purdue model (ISA-99).",
          "1", "0", "2", "3", "3.5", "4", "5"),
    _word("criticality", BY_PERSON, "How much depends on it.", "high", "medium", "low"),
    _text("cpe", CORRECTED, "Name in CPE 2.3 of what it runs."),
    _word("lifecycle", CORRECTED, "What its maker says of support: dates are known, or it is "
          "supported with no date announced; empty when no source says.",
          "known", "supported_no_date"),
    _date("released", CORRECTED, "When its maker released it.", "2012"),
    _date("end_of_sale", CORRECTED, "When its maker stops selling it."),
    _date("end_of_support", CORRECTED, "When its maker stops mending it."),
)  # fmt: skip
"""What devices say of themselves, in the order of the Asset message."""

CURATED = (
    _text("path", BY_PERSON, "ISA-95 equipment path.", "nordwerk/hagen/press-shop/line-1/press-1"),
    _text("asset_number", BY_RECORD, "Number in the books of the enterprise.", "4711-0"),
    _text("description", BY_PERSON, "What it is there for.", "Press 1, main controller"),
    _text("location", BY_PERSON, "Where it stands: building, room, cabinet.", "hall 2, cabinet 7"),
    _text("zone", BY_PERSON, "Security zone (IEC 62443-3-2).", "press-cells"),
    _word("environment", BY_PERSON, "What it is used for.",
          "production", "staging", "test", "development", "laboratory", "training"),
    _word("safety_impact", BY_PERSON, "Whether a safety function depends on it.",
          "none", "indirect", "direct"),
    _text("owner", BY_RECORD, "Who answers for it.", "Press shop"),
    _text("responsible", BY_RECORD, "Who looks after it.", "automation@nordwerk.example"),
    _text("cost_centre", BY_RECORD, "Cost centre that bears it.", "3100"),
    _text("operating_system", BY_DEVICE, "Operating system and its version.", "Windows 10 LTSC"),
    _text("protocols", BY_PERSON, "Protocols that it speaks.", "modbus, opcua"),
    _text("ports", BY_PERSON, "Ports and services that it offers.", "502/tcp modbus"),
    _text("accounts", BY_PERSON, "User accounts that it has.", "service, operator"),
    _text("logging", BY_PERSON, "Where its log goes.", "syslog.hagen.nordwerk.example"),
    Field("tags", Kind.TAGS, BY_PERSON, "Words to find it by.", "line-1,retrofit"),
)  # fmt: skip
"""What people and systems of record know of it."""

LIFE = (
    _word("state", BY_RECORD, "Where it is in its life, by the books.",
          "in_service", "planned", "ordered", "received", "commissioned", "maintenance", "standby",
          "retired", "disposed"),
    _date("manufactured_on", BY_DEVICE, "When it was made.", "2014-06"),
    _date("purchased_on", BY_RECORD, "When it was bought.", "2015-02-11"),
    _date("commissioned_on", BY_RECORD, "When it went into service.", "2015-04-01"),
    _date("warranty_until", BY_RECORD, "Last day of its warranty.", "2017-04-01"),
    _date("retired_on", BY_RECORD, "When it went out of service."),
    _date("disposed_on", BY_RECORD, "When it left the enterprise."),
)  # fmt: skip
"""Its life by the books."""

MONEY = (
    _number("purchase_price", BY_RECORD, "What it cost, in `currency`.", "4850.00"),
    _text("currency", BY_RECORD, "Currency of its amounts (ISO 4217).", "EUR"),
    _word("depreciation", BY_RECORD, "How its value is written off.",
          "straight_line", "declining_balance"),
    _number("useful_life_months", BY_RECORD, "Months over which it is written off.", "96"),
    _number("residual_value", BY_RECORD, "What it is worth in the end, in `currency`.", "0"),
    _number("replacement_cost", BY_RECORD, "What a successor would cost, installed.", "7200.00"),
    _number("running_cost_per_year", BY_RECORD, "Energy, licences, consumables a year.", "120.00"),
    _number("downtime_cost_per_hour", BY_RECORD, "What an hour of its standstill costs.", "900"),
    _text("supplier", BY_RECORD, "Who sold it.", "Elektro Grossmann"),
    _text("purchase_order", BY_RECORD, "Order by which it was bought.", "PO-2015-00213"),
)  # fmt: skip
"""What it costs."""

FIELDS: Mapping[str, Field] = MappingProxyType(
    {each.name: each for each in (*OBSERVED, *CURATED, *LIFE, *MONEY)}
)
CUSTOM = "custom."
"""Prefix of the names of fields that a site has added for itself."""


def checked(field: Field, value: object) -> str:
    """`value` in the one form that the field's kind has; raises ValueError with what it expects."""
    if field.kind is Kind.TAGS:
        return _tags(value)
    text = str(value).strip() if isinstance(value, str | int | Decimal) else None
    if text is None or isinstance(value, bool) or len(text) > TEXT_MAX:
        raise ValueError(f"{str(value)[:80]!r}, expected a text of at most {TEXT_MAX} characters")
    if not text:
        return ""
    if field.kind is Kind.WORD and text not in field.words:
        raise ValueError(f"{text[:80]!r}, expected one of {', '.join(sorted(field.words))}")
    if field.kind is Kind.DATE:
        return _day(text)
    return _decimal(text) if field.kind is Kind.NUMBER else text


def _tags(value: object) -> str:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise ValueError(f"{str(value)[:80]!r}, expected words with a comma between them")
    text = ",".join(sorted({word for each in given if (word := each.strip().lower())}))
    if len(text) > TEXT_MAX:
        raise ValueError(f"{len(text)} characters of tags, expected at most {TEXT_MAX}")
    return text


def _day(text: str) -> str:
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        raise ValueError(f"{text[:80]!r}, expected YYYY, YYYY-MM or YYYY-MM-DD") from None
    return text


def _decimal(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 15:
        raise ValueError(f"{text[:80]!r}, expected a decimal number with a point, such as 4850.00")
    return format(number, "f")
