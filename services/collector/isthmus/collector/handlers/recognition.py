"""The profile `auto`: finds out what a device is, then reads it by the profile that fits it."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from isthmus.collector.domain.reading import Outcome, Reading
from isthmus.collector.domain.recognition import contradicts, matching
from isthmus.collector.ports import Credentials, DeviceProfile, Endpoint, Line, Profiles, Source
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
AUTO = "auto"
AWAY = (Outcome.TIMEOUT, Outcome.UNREACHABLE)
Facts = Mapping[str, str]


def source(
    endpoint: Endpoint, profile: str, profiles: Profiles, credentials: Credentials
) -> Source:
    """The source of a target: of its profile, or one that finds the profile by itself."""
    if profile != AUTO:
        return endpoint.source(profile, profiles, credentials)
    return Recognition(endpoint, profiles, credentials)


class Recognition:
    """Reads by `<protocol>-any`, which asks for identity only, until one profile fits.

    It goes back to that when a fact of identity says that another device stands there now, or,
    where its profile reads no such fact, after the device has been away.
    """

    _source: Source
    _name: str
    _answered: bool
    """Has the device been read by this profile?"""
    _telling: bool
    """Does reading by this profile tell a fact that the profile matches?"""

    def __init__(self, endpoint: Endpoint, profiles: Profiles, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._profiles = profiles
        self._credentials = credentials
        self._any = f"{endpoint.protocol}-any"
        self._use(self._any)
        self._rules = profiles.rules(type(self._source.profile))
        self._said = ""

    @property
    def profile(self) -> DeviceProfile:
        return self._source.profile

    @property
    def name(self) -> str:
        """Name of the profile by which the next read is made."""
        return self._name

    async def read(self, line: Line, slot: int) -> Reading:
        read = await self._source.read(line, slot)
        reading = replace(read, profile=self._name)
        facts = _identity(reading)
        if self._name != self._any:
            return await self._doubted(reading, facts)
        if reading.outcome is Outcome.OK:
            return await self._recognised(reading, facts)
        if reading.outcome is Outcome.REFUSED:
            return self._unknown(reading, f"the device does not say what it is: {reading.error}")
        return reading

    async def close(self) -> None:
        await self._source.close()

    async def _recognised(self, reading: Reading, facts: Facts) -> Reading:
        try:
            await self._change(self._matching(reading, facts))
        except Rejected as error:
            return self._unknown(reading, str(error))
        log.info("profile_recognised", address=self._endpoint.address, profile=self._name)
        self._said = ""
        return reading

    def _matching(self, reading: Reading, facts: Facts) -> str:
        """Name of the one profile that fits; raises Rejected when there is none."""
        found = matching(self._rules, facts)
        if not facts and reading.devices:
            raise Rejected("several devices stand behind this endpoint; name a profile with units")
        if not found:
            raise Rejected("no profile matches what the device says")
        if len(found) > 1:
            named = " and ".join(found)
            raise Rejected(f"{named} match equally; give one of them a further condition")
        return found[0]

    def _unknown(self, reading: Reading, what: str) -> Reading:
        if what != self._said:
            log.warning("profile_unknown", address=self._endpoint.address, reason=what)
        self._said = what
        return replace(reading, error=f"profile {AUTO}: {what}")

    async def _doubted(self, reading: Reading, facts: Facts) -> Reading:
        match = self._rules[self._name]
        self._telling = self._telling or any(name in facts for name in match)
        another = contradicts(match, facts)
        if another or (self._answered and not self._telling and reading.outcome in AWAY):
            log.info("profile_doubted", address=self._endpoint.address, profile=self._name)
            await self._change(self._any)
        self._answered = self._answered or reading.outcome is Outcome.OK
        if not another:
            return reading
        # What was read by the map of one device means nothing on another.
        devices = (replace(d, points={}) for d in reading.devices)
        return replace(reading, devices=tuple(devices))

    async def _change(self, name: str) -> None:
        left = self._source
        self._use(name)
        await left.close()

    def _use(self, name: str) -> None:
        self._source = self._endpoint.source(name, self._profiles, self._credentials)
        self._name = name
        self._answered = False
        self._telling = False


def _identity(reading: Reading) -> Facts:
    """What the endpoint says of itself, with what it says of the only device behind it."""
    own = [device.facts for device in reading.devices if not device.path]
    behind = [device.facts for device in reading.devices if device.path]
    alone = behind if len(behind) == 1 else []
    return {name: text for facts in (*alone, *own) for name, text in facts.items()}
