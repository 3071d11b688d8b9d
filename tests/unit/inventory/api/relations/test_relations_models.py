"""How relations, impact and paths are told."""

from datetime import UTC, datetime

from isthmus.inventory.api.relations.relations_models import (
    AssetRef,
    DeclaredOut,
    HitOut,
    ImpactOut,
    RelationOut,
    TopologyOut,
)
from isthmus.inventory.domain.relations.answers import Drawing, Impact, Surroundings
from isthmus.inventory.domain.relations.graph import Hit
from isthmus.inventory.domain.relations.relations import (
    Act,
    Declared,
    Effect,
    Node,
    Relation,
    RelationKind,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOST, VIEW = Node("h", "hagen", class_="server"), Node("v", "hagen", name="View", criticality="low")
RUNS = Relation(RelationKind.RUNS_ON, "v", "h")


def test_an_asset_is_told_by_the_names_of_the_vocabulary() -> None:
    """`class`, not what Python makes of it."""
    said = AssetRef.of(HOST).model_dump(by_alias=True)

    assert (said["class"], said["site"], said["name"]) == ("server", "hagen", "")


def test_a_direction_is_that_of_the_asset_that_was_asked_for() -> None:
    """The same relation from both ends."""
    nodes = {"h": HOST, "v": VIEW}

    told = [RelationOut.of(RUNS, Surroundings(each, [RUNS], nodes, NOON)) for each in (VIEW, HOST)]

    assert [(each.direction, each.asset.id) for each in told] == [("out", "h"), ("in", "v")]


def test_who_has_no_name_is_called_by_class() -> None:
    """In the reasons for an impact."""
    first = Hit("h", Effect.STOPS, 0)
    second = Hit("v", Effect.STOPS, 1, first, RUNS)
    impact = Impact(HOST, [second], {}, {"h": HOST, "v": VIEW}, [], True)

    assert HitOut.of(second, impact).reasons == ["View runs on server"]
    assert ImpactOut.of(impact).by_criticality == {"low": 1}


def test_edges_and_declared_relations_speak_of_from_and_to() -> None:
    """As people write them."""
    edge = TopologyOut.of(Drawing([HOST, VIEW], [RUNS], NOON)).model_dump(by_alias=True)["edges"][0]
    act = Act(NOON, "jo", "declared", "why")
    said = Declared("id", RelationKind.RUNS_ON, "v", "h", "why", "jo", NOON, history=(act,))

    told = DeclaredOut.of(said).model_dump(by_alias=True)

    assert (edge["from"], edge["to"], edge["from_port"]) == ("v", "h", "")
    assert (told["from"], told["to"], told["withdrawn"]) == ("v", "h", False)
    assert told["history"][0]["action"] == "declared"
