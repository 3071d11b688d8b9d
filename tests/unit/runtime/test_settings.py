"""Settings: a mistake is found at start, named, with what was expected."""

import pytest
from pydantic import Field, SecretStr

from isthmus.runtime.settings import Group, Settings, load, names

NEEDED = {"ISTHMUS_KAFKA__BOOTSTRAP_SERVERS": "localhost:9092"}


class Vault(Group):
    """A group of a service's own."""

    token: SecretStr = Field(min_length=8)
    """A secret."""


class OwnSettings(Settings):
    """Settings of a service with a group of its own."""

    vault: Vault


def mistakes(kind: type[Settings], environ: dict[str, str], patch: pytest.MonkeyPatch) -> str:
    for name, value in environ.items():
        patch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load(kind, environ)
    return str(ended.value.code)


def test_an_unknown_setting_is_an_error_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error must not be ignored in silence."""
    said = mistakes(Settings, {**NEEDED, "ISTHMUS_KAFKA__BOOTSTRAP_SERVER": "x:1"}, monkeypatch)

    assert "ISTHMUS_KAFKA__BOOTSTRAP_SERVER: unknown setting" in said
    assert "did you mean ISTHMUS_KAFKA__BOOTSTRAP_SERVERS?" in said


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name to set, not the class that lacks it."""
    said = mistakes(Settings, {}, monkeypatch)

    assert "ISTHMUS_KAFKA__BOOTSTRAP_SERVERS: missing" in said


def test_a_wrong_value_is_shown_with_what_was_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Field, value, expectation."""
    said = mistakes(Settings, {**NEEDED, "ISTHMUS_HTTP__PORT": "http"}, monkeypatch)

    assert "ISTHMUS_HTTP__PORT: 'http': Input should be a valid integer" in said


def test_all_mistakes_are_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start, one list."""
    wrong = {"ISTHMUS_HTTP__PORT": "70000", "ISTHMUS_CONSUME__ATTEMPTS": "0"}

    said = mistakes(Settings, {**NEEDED, **wrong}, monkeypatch)

    assert "ISTHMUS_HTTP__PORT" in said
    assert "ISTHMUS_CONSUME__ATTEMPTS" in said


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in an error and not in the settings' own text."""
    said = mistakes(OwnSettings, {**NEEDED, "ISTHMUS_VAULT__TOKEN": "hunter2"}, monkeypatch)
    assert "ISTHMUS_VAULT__TOKEN" in said
    assert "hunter2" not in said

    monkeypatch.setenv("ISTHMUS_VAULT__TOKEN", "hunter2-hunter2")
    assert "hunter2" not in repr(load(OwnSettings, NEEDED))


def test_names_that_kubernetes_injects_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Service called isthmus-inventory puts ISTHMUS_INVENTORY_SERVICE_HOST into each pod."""
    injected = {**NEEDED, "ISTHMUS_INVENTORY_SERVICE_HOST": "10.0.0.1"}
    for name, value in injected.items():
        monkeypatch.setenv(name, value)

    assert load(Settings, injected).kafka.bootstrap_servers == "localhost:9092"


def test_every_setting_has_a_name_of_two_parts() -> None:
    """`ISTHMUS_<GROUP>__<NAME>`."""
    assert names(OwnSettings)["ISTHMUS_VAULT__TOKEN"] == ("vault", "token")
    assert names(Settings)["ISTHMUS_CONSUME__BATCH_RECORDS"] == ("consume", "batch_records")
