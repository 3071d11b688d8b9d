"""The collector's commands, as a shell runs them."""

import subprocess
import sys

import pytest

from isthmus.collector.__main__ import parser
from isthmus.runtime.commands import dispatch


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        dispatch(parser(), arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "profile"),
        (["profile"], "check"),
        (["profile", "check"], "FILE"),
        (["probe"], "ISTHMUS_CREDENTIALS__FILE"),
        (["touches"], "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS"),
    ],
)
def test_every_command_explains_itself(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what a reader needs, and nothing of the environment."""
    assert ended(*arguments, "--help") == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("argument", ["start", "--verbose", "profile"])
def test_a_stray_argument_is_a_usage_line(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service does not start with half of what was meant."""
    assert ended(argument) == 2
    assert capsys.readouterr().err.startswith("usage: python -m isthmus.collector")


def test_a_wrong_profile_ends_with_a_status() -> None:
    """A pipeline stops there."""
    assert ended("profile", "check", "nowhere.yaml") == 1


def test_a_command_that_cannot_go_on_says_one_line() -> None:
    """No stack trace for a person's mistake."""
    assert ended("touches", "--site", "hagen", "--from", "yesterday") == (
        "--from: 'yesterday', expected a time as 2026-03-01 or 2026-03-01T06:00+01:00"
    )


def test_a_reader_who_has_seen_enough_gets_no_stack_trace() -> None:
    """`| head` closes the pipe."""
    command = f"{sys.executable} -m isthmus.collector profile schema | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")
