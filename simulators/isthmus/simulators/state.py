"""The values that a simulated device holds now, and the templates that show them."""

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

Scalar = StrictBool | int | float | str


class Wave(BaseModel):
    """A value that swings around its mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: float
    amplitude: float
    period_s: Annotated[float, Field(gt=0)]

    def at(self, age_s: float) -> float:
        return self.mean + self.amplitude * math.sin(2 * math.pi * age_s / self.period_s)


class Meter(BaseModel):
    """A value that only grows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: float
    per_s: Annotated[float, Field(ge=0)]

    def at(self, age_s: float) -> float:
        return self.start + self.per_s * age_s


Value = Wave | Meter | Scalar
_WHOLE = re.compile(r"\{(\w+)\}")


class State:
    """One simulated device: its named values, and whether it is silent."""

    def __init__(
        self, values: Mapping[str, Value], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._values = dict(values)
        self._clock = clock
        self._born = clock()
        self.silent = False
        self.restarts = 0

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Scalar:
        age_s = self._clock() - self._born
        if name == "uptime":  # TimeTicks, hundredths of a second
            return int(age_s * 100)
        value = self._values[name]
        return value.at(age_s) if isinstance(value, Wave | Meter) else value

    def raw(self, name: str) -> Value:
        """The value as it was set: a wave, not its height now."""
        return self._values[name]

    def __setitem__(self, name: str, value: Value) -> None:
        if name not in self._values:
            raise KeyError(name)
        self._values[name] = value
        if name == "firmware":  # a device runs new firmware after a restart
            self.restarts += 1
            self._born = self._clock()

    def show(self, template: Scalar) -> Scalar:
        """Fill `{name}` into a template; one name alone keeps the type of its value."""
        if not isinstance(template, str):
            return template
        if whole := _WHOLE.fullmatch(template):
            return self[whole[1]]
        return _WHOLE.sub(lambda name: str(self[name[1]]), template)
