"""The error family: how a failure is treated is the type of its exception.

IsthmusError
  + Retryable      the same input may succeed later: back off, then try again; nothing is skipped
  + Rejected       the same input never will: to the dead-letter topic with its origin and reason
  + Unauthorized   a person must act: stop this source, stay ready, raise an alarm
"""


class IsthmusError(Exception):
    """A failure that Isthmus foresaw; its text is one sentence for a person."""


class Retryable(IsthmusError):
    """The same input may succeed later."""


class Rejected(IsthmusError):
    """The same input never succeeds; the text names the field, its value, what was expected."""


class Unauthorized(IsthmusError):
    """Credentials were refused; only a person can mend that."""
