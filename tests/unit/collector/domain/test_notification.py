"""The id of what a device says by itself."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.domain.notification import Notification
from isthmus.collector.domain.schedule import Identity

IDENTITY = Identity("lyon", "core-switch-1")
FACTS = {"snmpTrapOID": "1.3.6.1.6.3.1.1.5.3", "ifDescr.2": "eth1"}
POINTS = {"sysUpTime": (42.0, "1"), "ifIndex.2": (2.0, "1")}


def test_a_retransmission_has_the_same_id() -> None:
    """Whatever the order in which its variables were taken."""
    first = Notification("10.0.0.1", 7, FACTS, POINTS)
    again = Notification("10.0.0.1", 7, dict(reversed(FACTS.items())), POINTS)
    assert first.id(IDENTITY) == again.id(IDENTITY)
    assert uuid.UUID(first.id(IDENTITY)).version == 5


@given(st.integers(), st.integers(0, 2**32 - 1), st.text())
def test_another_notification_has_another_id(request_id: int, uptime: int, text: str) -> None:
    """Another request, another time, another variable, another target."""
    one = Notification("10.0.0.1", request_id, FACTS, POINTS)
    others = [
        Notification("10.0.0.1", request_id + 1, FACTS, POINTS),
        Notification("10.0.0.1", request_id, FACTS | {"more": text}, POINTS),
        Notification("10.0.0.1", request_id, FACTS, POINTS | {"sysUpTime": (uptime + 0.5, "1")}),
    ]
    ids = {one.id(IDENTITY), one.id(Identity("lyon", "other")), *(o.id(IDENTITY) for o in others)}
    assert len(ids) == 5
