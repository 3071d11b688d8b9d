"""Dead letters: the record itself, byte for byte, with where it was and why it is here."""

from types import SimpleNamespace
from typing import Any

from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch, Unexpected, dead_letter
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation


def received() -> Any:
    return SimpleNamespace(
        topic="collector.observations.v1", partition=3, offset=7, timestamp=1_000,
        key=None, value=b"\x00\xff", headers=(("ce_type", b"\xff"),),
    )  # fmt: skip


def test_a_dead_letter_is_the_record_with_its_origin_and_reason() -> None:
    """Key (also none), value and headers as received; ours are added and always UTF-8."""
    letter = dead_letter(received(), Rejected("site: 'mars', expected hagen"), "normalizer")

    assert letter.topic == "normalizer.dlq"
    assert letter.key is None
    assert letter.value == b"\x00\xff"
    assert letter.headers[0] == ("ce_type", b"\xff")
    added = {name: value.decode() for name, value in letter.headers[1:]}
    assert added["dlq-topic"] == "collector.observations.v1"
    assert added["dlq-partition"] == "3"
    assert added["dlq-offset"] == "7"
    assert added["dlq-kind"] == "rejected"
    assert added["dlq-reason"] == "site: 'mars', expected hagen"


def test_a_bug_is_told_apart_from_bad_input() -> None:
    """Someone must mend our code, not the sender's."""
    letter = dead_letter(received(), Unexpected("KeyError: 'x'"), "normalizer")

    assert dict(letter.headers)["dlq-kind"] == b"unexpected"


def test_a_reason_of_any_length_fits_a_header() -> None:
    """A megabyte of garbage quoted in a reason must not make the dead letter undeliverable."""
    letter = dead_letter(received(), Rejected("x" * 1_000_000), "normalizer")

    assert len(dict(letter.headers)["dlq-reason"]) == 1000


def test_a_handler_rejects_one_record_by_its_place() -> None:
    """The others of the batch go on."""
    record = Record(Observation(id="1"), "k", "t", 0, 9, None)
    batch = Batch([record])

    batch.reject(record, Rejected("no"))

    assert str(batch.rejected["t", 0, 9]) == "no"
