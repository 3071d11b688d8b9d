"""The normaliser's commands, as a shell runs them."""

import json
import subprocess
import sys

import pytest

from isthmus.normalizer.__main__ import parser
from isthmus.runtime.commands import dispatch

HEAVY = ("aiokafka", "aiooui", "fastapi", "google", "pydantic", "re2", "structlog", "yaml")


def ended(*arguments: str) -> object:
    """The status with which a command ends."""
    with pytest.raises(SystemExit) as caught:
        dispatch(parser(), arguments)
    return caught.value.code


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([], "replay"),
        (["explain"], "FILE"),
        (["lint"], "--catalogue"),
        (["replay"], "ISTHMUS_CATALOG__FOLDER"),
        (["case"], "SITE/TARGET"),
        (["unrecognised"], "no rule knows"),
    ],
)
def test_every_command_explains_itself(
    command: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what a reader needs."""
    assert ended(*command, "--help") == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["start"], ["--verbose"], ["explain"], ["replay"], ["case", "a", "b"], ["lint", "x"]],
)
def test_a_stray_or_missing_argument_is_a_usage_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The service does not start with half of what was meant."""
    assert ended(*arguments) == 2
    assert capsys.readouterr().err.startswith("usage: python -m isthmus.normalizer")


def test_help_imports_nothing_that_takes_time() -> None:
    """It is there at once: no library is loaded before a command runs."""
    script = (
        "import json, sys\n"
        "from isthmus.normalizer.__main__ import parser\n"
        "parser().format_help()\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    loaded = set(json.loads(done.stdout))
    assert "isthmus" in loaded
    assert not loaded & set(HEAVY)


def test_every_command_has_a_function() -> None:
    """That is where the parser says it is; the service is one of them."""
    script = (
        "import pkgutil\n"
        "from isthmus.normalizer.__main__ import parser\n"
        "for c in (['lint'], ['explain', 'x'], ['case', 'x', 'y', '--origin', 'z'],\n"
        "          ['replay', '--catalogue', 'x'], ['unrecognised'], []):\n"
        "    assert callable(pkgutil.resolve_name(parser().parse_args(c).run)), c\n"
    )

    subprocess.run([sys.executable, "-c", script], check=True)
