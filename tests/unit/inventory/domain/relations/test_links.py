"""What devices have seen of each other, and the links and strangers that follow from it."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.relations.links import (
    EDGE_MACS_MAX,
    ENTRIES_MAX,
    LINKED,
    Sighting,
    SightingKind,
    Table,
    addressed,
    claims,
    links,
    strangers,
    table,
)
from isthmus.inventory.domain.relations.relations import Relation, RelationKind

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LLDP, CDP = SightingKind.LLDP, SightingKind.CDP
FDB, ARP = SightingKind.FDB, SightingKind.ARP


def mac(number: int) -> str:
    return f"28:63:36:00:{number >> 8:02x}:{number & 255:02x}"


def seen(name: str, *sightings: Sighting, site: str = "hagen") -> Table:
    """What the device `name` has seen."""
    return table(f"{site}/{name}", site, NOON, sightings)


def found(*tables: Table, **holders: str) -> list[Relation]:
    """The links when each table is that of the asset that its target is named after.

    `holders` are the assets with a MAC address of this number: `m5="plc"`.
    """
    known = {f"hagen|mac|{mac(int(name[1:]))}": id for name, id in holders.items()}
    return links(tables, {t.source: t.source.partition("/")[2] for t in tables}, known)


def shown(relations: Iterable[Relation]) -> list[str]:
    return [f"{r.start}:{r.start_port} {r.end}:{r.end_port}" for r in relations]


def test_two_that_tell_of_each_other_have_one_link_with_both_ports() -> None:
    """And both are evidence for it."""
    (link,) = found(
        seen("a", Sighting(LLDP, "Gi1/0/1", mac(2), remote_port="port 7")),
        seen("b", Sighting(LLDP, "port 7", mac(1), remote_port="Gi1/0/1")),
        m1="a", m2="b",
    )  # fmt: skip

    assert shown([link]) == ["a:Gi1/0/1 b:port 7"]
    assert [each.source for each in link.evidence] == ["hagen/a", "hagen/b"]
    assert link.kind is RelationKind.CONNECTS_TO
    assert link.confidence > 0.99


def test_ports_that_both_name_in_their_own_way_are_one_link() -> None:
    """When there is no other that it could be."""
    (link,) = found(
        seen("a", Sighting(LLDP, "Gi1/0/1", mac(2), remote_port=mac(77))),
        seen("b", Sighting(LLDP, "7", mac(1), remote_port="GigabitEthernet1/0/1")),
        m1="a", m2="b",
    )  # fmt: skip

    assert shown([link]) == ["a:Gi1/0/1 b:7"]


def test_two_cables_are_two_links() -> None:
    """Each with its own pair of ports, whatever order they come in."""
    made = found(
        seen("a", *(Sighting(LLDP, f"a{n}", mac(2), remote_port=f"b{n}") for n in (1, 2))),
        seen("b", *(Sighting(LLDP, f"b{n}", mac(1), remote_port=f"a{n}") for n in (2, 1))),
        m1="a", m2="b",
    )  # fmt: skip

    assert shown(made) == ["a:a1 b:b1", "a:a2 b:b2"]


def test_lldp_and_cdp_of_one_port_are_one_link() -> None:
    """Told twice, by MAC address and by name."""
    (link,) = links(
        [
            seen("a", Sighting(LLDP, "1", mac(2), remote_port="9"),
                 Sighting(CDP, "1", name="B.nordwerk.example", remote_port="Gi9")),
        ],
        {"hagen/a": "a"},
        {f"hagen|mac|{mac(2)}": "b", "hagen|hostname|b": "b"},
    )  # fmt: skip

    assert [each.protocol for each in link.evidence] == ["cdp", "lldp"]


@pytest.mark.parametrize(
    ("sighting", "claim"),
    [
        (Sighting(LLDP, "1", mac(2)), f"hagen|lldp-chassis|{mac(2)}"),
        (Sighting(LLDP, "1", address="10.0.0.7"), "hagen|address|10.0.0.7:161"),
        (Sighting(LLDP, "1", address="fd00::7"), "hagen|address|[fd00::7]:502"),
        (Sighting(CDP, "1", name="SW-7.nordwerk.example"), "hagen|hostname|sw-7"),
        (Sighting(CDP, "1", name="SW-7(FOC1234X0YZ)"), "hagen|hostname|sw-7"),
    ],
)
def test_a_neighbour_is_known_by_any_of_its_keys(sighting: Sighting, claim: str) -> None:
    """In the form in which the identity keys have them."""
    seen_by = seen("a", sighting)

    assert claim in claims([seen_by], LINKED)
    assert shown(links([seen_by], {"hagen/a": "a"}, {claim: "b"})) == ["a:1 b:"]


def test_the_most_trusted_key_says_who_it_is() -> None:
    """A name that two share does not make another device of a MAC address."""
    both = Sighting(LLDP, "1", mac(2), name="b")
    holders = {f"hagen|mac|{mac(2)}": "right", "hagen|hostname|b": "wrong"}

    (link,) = links([seen("a", both)], {"hagen/a": "a"}, holders)

    assert link.end == "right"


def test_of_the_switches_that_forward_to_an_address_the_nearest_has_the_link() -> None:
    """The one that sees the fewest others on that port."""
    made = found(
        seen("core", Sighting(FDB, "1", mac(5)), Sighting(FDB, "1", mac(6))),
        seen("edge", Sighting(FDB, "7", mac(5)), Sighting(FDB, "8", mac(6))),
        m5="plc", m6="hmi",
    )  # fmt: skip

    assert shown(made) == ["edge:8 hmi:", "edge:7 plc:"]
    assert {link.confidence for link in made} == {0.8}


def test_a_port_with_many_addresses_leads_to_another_switch() -> None:
    """They are counted, and are no links."""
    many = [Sighting(FDB, "24", mac(n)) for n in range(EDGE_MACS_MAX + 1)]
    few = [Sighting(FDB, "1", mac(n)) for n in range(100, 100 + EDGE_MACS_MAX)]

    told = seen("a", *many, *few, Sighting(FDB, "0", mac(200)))

    assert told.uplinks == {"24": EDGE_MACS_MAX + 1, "0": 1}
    assert [each.port for each in told.sightings] == ["1"] * EDGE_MACS_MAX


def test_behind_a_neighbour_that_tells_of_itself_nothing_else_is_linked() -> None:
    """What stands behind it is its neighbour, and not ours."""
    told = seen("a", Sighting(LLDP, "1", mac(2)), Sighting(FDB, "1", mac(2)),
                Sighting(FDB, "1", mac(5)))  # fmt: skip

    assert shown(found(told, m2="b", m5="plc")) == ["a:1 b:"]


def test_what_tells_its_neighbours_stands_there_and_not_where_it_is_seen_from_afar() -> None:
    """But to be seen there too is evidence for the link that it tells of."""
    made = found(
        seen("b", Sighting(LLDP, "up", mac(1), remote_port="9")),
        seen("a", Sighting(FDB, "9", mac(2))),
        seen("far", Sighting(FDB, "3", mac(2))),
        m1="a", m2="b",
    )  # fmt: skip

    assert shown(made) == ["a:9 b:up"]
    assert [each.protocol for each in made[0].evidence] == ["fdb", "lldp"]


def test_a_device_that_only_its_address_is_known_of_is_found_through_a_router() -> None:
    """The switch knows the MAC address, the router whose address that is."""
    tables = [
        seen("switch", Sighting(FDB, "7", mac(5))),
        seen("router", Sighting(ARP, "vlan10", mac(5), "10.0.0.7")),
    ]
    reporters = {"hagen/switch": "switch", "hagen/router": "router"}

    (link,) = links(tables, reporters, {"hagen|address|10.0.0.7:502": "plc"})

    assert shown([link]) == ["plc: switch:7"]
    assert link.confidence == pytest.approx(0.72)


def test_a_proxy_that_answers_for_several_is_none_of_them() -> None:
    """One MAC address, two addresses, two assets."""
    tables = [
        seen("switch", Sighting(FDB, "7", mac(5))),
        seen(
            "router", Sighting(ARP, "1", mac(5), "10.0.0.7"), Sighting(ARP, "1", mac(5), "10.0.0.8")
        ),
    ]
    holders = {"hagen|address|10.0.0.7:502": "plc", "hagen|address|10.0.0.8:502": "hmi"}

    assert links(tables, dict.fromkeys(("hagen/switch", "hagen/router"), "x"), holders) == []


def test_addresses_are_asked_for_where_nothing_else_tells() -> None:
    """And where that tells of a link: routers resolve thousands of addresses."""
    macs = [Sighting(FDB, "1", mac(n)) for n in (4, 5)]
    arps = [Sighting(ARP, "v", mac(n), f"10.0.0.{n}") for n in (4, 5, 6)]
    tables = [seen("a", *macs, *arps)]
    holders = {f"hagen|mac|{mac(4)}": "plc"}
    ports = (161, 502, 4840)

    few = addressed(tables, LINKED, holders)
    more = addressed(tables, tuple(SightingKind), holders)

    assert few == {f"hagen|address|10.0.0.5:{port}" for port in ports}
    assert more - few == {f"hagen|address|10.0.0.6:{port}" for port in ports}
    assert claims(tables, (ARP,)) - claims(tables, LINKED) == {
        f"hagen|{kind}|{mac(6)}" for kind in ("mac", "lldp-chassis")
    }


def test_shared_and_group_addresses_are_nobodys() -> None:
    """VRRP, HSRP, GLBP, multicast."""
    shared = ("00:00:5e:00:01:0a", "00:00:0c:07:ac:01", "00:00:0c:9f:f0:01", "00:07:b4:00:01:01",
              "01:80:c2:00:00:0e", "ff:ff:ff:ff:ff:ff")  # fmt: skip

    assert seen("a", *(Sighting(FDB, "1", each) for each in shared)).sightings == ()


def test_a_stranger_is_what_is_seen_and_is_no_asset() -> None:
    """With all that anybody knows of it; what an asset's address belongs to is none."""
    tables = [
        seen("a", Sighting(FDB, "1", mac(5)), Sighting(FDB, "2", mac(6)),
             Sighting(LLDP, "3", name="new-switch", description="NW-8"),
             Sighting(ARP, "v", "", "10.0.0.99")),
        seen("r", Sighting(ARP, "v", mac(5), "10.0.0.5"), Sighting(ARP, "v", mac(6), "10.0.0.6")),
    ]  # fmt: skip
    reporters = {"hagen/a": "a", "hagen/r": "r"}

    by_mac, by_name = strangers(tables, reporters, {"hagen|address|10.0.0.6:4840": "hmi"})

    assert (by_mac.id, by_mac.addresses) == (mac(5), ("10.0.0.5",))
    assert [(e.source, e.protocol, e.port) for e in by_mac.evidence] == [
        ("hagen/a", "fdb", "1"),
        ("hagen/r", "arp", "v"),
    ]
    assert (by_name.id, by_name.name, by_name.description) == ("new-switch", "new-switch", "NW-8")


def test_what_no_asset_reports_says_nothing() -> None:
    """The table of a retired switch stays, but counts no more."""
    told = seen("gone", Sighting(LLDP, "1", mac(2)), Sighting(FDB, "2", mac(3)))

    assert links([told], {}, {f"hagen|mac|{mac(2)}": "b"}) == []
    assert strangers([told], {}, {}) == []


def test_tables_that_say_the_same_have_one_digest() -> None:
    """In any order, with any number behind an uplink; another port is another table."""
    entries = [Sighting(FDB, "1", mac(1)), Sighting(ARP, "v", mac(1), "10.0.0.1")]
    many = [Sighting(FDB, "9", mac(n)) for n in range(100, 120)]

    told = seen("a", *entries, *many)

    assert told.digest == seen("a", *many[:-1], *entries[::-1]).digest
    assert told.digest != seen("a", *entries).digest
    assert told.digest != seen("a", Sighting(FDB, "2", mac(1)), entries[1], *many).digest


def test_a_table_is_bounded_and_keeps_what_says_most() -> None:
    """Neighbours first, resolved addresses last."""
    arps = (Sighting(ARP, "v", mac(n), f"10.{n >> 8}.{n & 255}.1") for n in range(ENTRIES_MAX + 5))

    told = seen("a", *arps, Sighting(LLDP, "1", mac(1)))

    assert len(told.sightings) == ENTRIES_MAX
    assert told.sightings[0].kind is LLDP


sightings = st.lists(
    st.builds(
        Sighting,
        st.sampled_from(SightingKind),
        st.sampled_from(["", "1", "2"]),
        st.integers(0, 5).map(mac) | st.just(""),
        st.sampled_from(["", "10.0.0.1", "10.0.0.2"]),
        st.sampled_from(["", "a", "b"]),
        st.sampled_from(["", "1", "2"]),
    ),
    max_size=8,
)


@given(st.lists(sightings, min_size=1, max_size=4), st.data())
def test_links_do_not_depend_on_the_order_and_join_two_assets(
    said: list[list[Sighting]], data: st.DataObject
) -> None:
    """Each is between two that are known, once for its ports."""
    tables = [seen(f"s{n}", *each) for n, each in enumerate(said)]
    reporters = {each.source: each.source[-2:] for each in tables}
    kinds = tuple(SightingKind)
    wanted = sorted(claims(tables, kinds) | addressed(tables, kinds, {}))
    owners = data.draw(st.lists(st.sampled_from(["s0", "s1", "x", ""]), min_size=len(wanted),
                                max_size=len(wanted)))  # fmt: skip
    holders = {claim: id for claim, id in zip(wanted, owners, strict=True) if id}

    made = links(tables, reporters, holders)

    assert links(tables[::-1], reporters, holders) == made
    assert all(each.start < each.end and each.evidence for each in made)
    assert len({(r.start, r.end, r.start_port, r.end_port) for r in made}) == len(made)
    assert not {s.id for s in strangers(tables, reporters, holders)} & {
        claim.split("|")[2] for claim in holders if "|mac|" in claim
    }
