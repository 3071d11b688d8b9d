"""The error family: the type decides, so the types must stay apart."""

from isthmus.runtime import errors


def test_each_kind_is_caught_as_an_isthmus_error_and_as_no_other_kind() -> None:
    """Whoever catches one kind never gets another by accident."""
    kinds = (errors.Retryable, errors.Rejected, errors.Unauthorized)

    for kind in kinds:
        assert issubclass(kind, errors.IsthmusError)
        assert not any(issubclass(kind, other) for other in kinds if other is not kind)
