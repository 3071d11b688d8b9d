"""The JSON Schema of profiles."""

from typing import Any

from isthmus.collector.adapters import PROFILES
from isthmus.collector.adapters.schema import profile_schema

SCHEMA = profile_schema()


def definitions() -> dict[str, Any]:
    made: dict[str, Any] = SCHEMA["$defs"]
    return made


def test_the_protocol_word_decides_which_fields_there_may_be() -> None:
    """An editor offers those of the protocol, and no other."""
    assert set(SCHEMA["discriminator"]["mapping"]) == set(PROFILES)
    for name in SCHEMA["discriminator"]["mapping"].values():
        definition = definitions()[name.rpartition("/")[2]]
        assert definition["additionalProperties"] is False


def test_fields_have_the_sentence_that_stands_below_them_in_the_code() -> None:
    """Those of a base class and of a frozen dataclass too."""
    (modbus,) = (d for n, d in definitions().items() if "modbus" in n)
    assert modbus["properties"]["gap_max"]["description"].startswith("Undeclared registers")
    assert modbus["properties"]["safety"]["description"].startswith("A safety controller")
    gap_s = definitions()["Envelope"]["properties"]["gap_s"]
    assert gap_s["description"].startswith("Least time from the end")


def test_every_field_of_a_profile_says_what_it_means() -> None:
    """A field that its name does not explain has a sentence; these explain themselves."""
    plain = {"address", "first", "groups", "identification", "last", "name", "protocol"}
    plain |= {"registers", "server_id", "table", "type", "values"}
    silent = {
        f"{name}.{field}"
        for name, definition in definitions().items()
        for field, about in definition.get("properties", {}).items()
        if "description" not in about and field not in plain
    }
    assert silent <= {"Register.scale", "isthmus__collector__adapters__modbus__registers__Profile"
                      ".registers_max"}  # fmt: skip
