"""The commands of a service."""

import argparse
import sys
from datetime import datetime

import pytest

from isthmus.runtime.commands import dispatch, moment
from isthmus.runtime.errors import IsthmusError

PLACE = "tests.unit.runtime.test_commands"


def done(word: str) -> int:
    """A command that ends with the length of a word."""
    return len(word)


def wrong(word: str) -> int:
    """A command that a person used in the wrong way."""
    raise IsthmusError(f"word: {word!r}, expected another")


def away(word: str) -> int:
    """A command whose file is not there."""
    return len(open(word).read())


def stopped(word: str) -> int:
    """A command that a person ends."""
    raise KeyboardInterrupt


def ended(function: str, word: str) -> object:
    """The status with which a command ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("word")
    parser.set_defaults(run=f"{PLACE}:{function}")
    with pytest.raises(SystemExit) as caught:
        dispatch(parser, [word])
    return caught.value.code


def test_a_command_ends_with_what_its_function_returns() -> None:
    """Its arguments are passed by name."""
    assert ended("done", "four") == 4


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("wrong", "word: 'x', expected another"),
        ("away", "[Errno 2] No such file or directory: 'x'"),
        ("stopped", 130),
    ],
)
def test_a_persons_mistake_is_one_line(function: str, said: object) -> None:
    """Never a stack trace."""
    assert ended(function, "x") == said


def test_only_the_command_that_runs_is_imported() -> None:
    """Help does not wait for the others."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(run="isthmus.nowhere:serve")

    with pytest.raises(SystemExit) as caught:
        dispatch(parser, ["--help"])

    assert caught.value.code == 0
    assert "isthmus.nowhere" not in sys.modules


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("2026-03-01T06:00Z", "2026-03-01T06:00:00+00:00"),
        ("2026-03-01T06:00+01:00", "2026-03-01T06:00:00+01:00"),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, at: str) -> None:
    """As everywhere else."""
    assert moment("--from", text) == datetime.fromisoformat(at)


@pytest.mark.parametrize("text", [None, ""])
def test_no_time_is_no_limit(text: str | None) -> None:
    """An option that was left out."""
    assert moment("--from", text) is None


def test_what_is_no_time_names_the_option() -> None:
    """With two examples of what is."""
    with pytest.raises(IsthmusError, match="--to: 'noon', expected a time as 2026-03-01 or"):
        moment("--to", "noon")
