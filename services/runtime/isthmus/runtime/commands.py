"""The commands of a service: each is imported only when it runs, so that help is there at once."""

import argparse
import os
import pkgutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from isthmus.runtime.errors import IsthmusError


def dispatch(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Run the function `module:name` that the chosen command has set as `run`, and exit with it."""
    parsed = vars(parser.parse_args(arguments))
    try:
        sys.exit(pkgutil.resolve_name(parsed.pop("run"))(**parsed))
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (IsthmusError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def moment(option: str, text: str | None) -> datetime | None:
    """An option's time, ISO 8601, UTC without an offset; raises IsthmusError."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        expected = "a time as 2026-03-01 or 2026-03-01T06:00+01:00"
        raise IsthmusError(f"{option}: {text!r}, expected {expected}") from None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def say(text: str) -> None:
    """Tell the person who waits, beside the command's output."""
    print(text, file=sys.stderr)
