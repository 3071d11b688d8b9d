"""Secrets are somewhere else, and are named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from isthmus.alerting.adapters.notices.secrets import Secret
from isthmus.runtime.errors import Unauthorized


def test_a_secret_is_read_from_a_file_or_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is now; the line's end of a file is none of it."""
    file = tmp_path / "key"
    file.write_text("of a file\n")
    monkeypatch.setenv("HOOK_KEY", "of a variable")

    assert Secret(file=file).read() == "of a file"
    assert Secret(env="HOOK_KEY").read() == "of a variable"


@pytest.mark.parametrize(
    "said", [{}, {"file": "/x", "env": "X"}, {"env": "NOT_SET"}, {"file": "/not/there"}]
)
def test_a_secret_that_is_not_there_is_a_mistake_of_the_configuration(said: dict[str, str]) -> None:
    """Found at start, not when the first alarm must be told."""
    with pytest.raises(ValidationError, match=r"expected|is not set|No such file"):
        Secret.model_validate(said)


def test_a_secret_that_went_away_needs_a_person(tmp_path: Path) -> None:
    """Its text is nowhere in the reason."""
    file = tmp_path / "key"
    file.write_text("hunter2")
    secret = Secret(file=file)
    for content, reason in ((b"hunter2\xff", "UTF-8"), (b"hunter2\nhunter2", "one line")):
        file.write_bytes(content)

        with pytest.raises(Unauthorized, match=reason) as error:
            secret.read()

        assert "hunter2" not in str(error.value) + repr(secret)
