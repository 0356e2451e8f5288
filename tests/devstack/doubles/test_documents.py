"""The doubles' documents: copies, indexes, views of the past, survival of the process."""

from datetime import timedelta
from pathlib import Path

import pytest

from devstack.doubles.documents import Document
from devstack.doubles.world import Weather, World, open_world


def test_nobody_changes_the_store_by_accident(world: World) -> None:
    given: Document = {"id": "1", "tags": ["a"]}
    world.documents.put("users", "1", given)
    given["tags"].append("b")
    read = world.primary().get("users", "1")
    assert read is not None
    assert read == {"id": "1", "tags": ["a"]}
    read["tags"].append("c")
    assert world.primary().get("users", "1") == {"id": "1", "tags": ["a"]}


def test_find_ignores_case_and_looks_into_lists(world: World) -> None:
    names = ["https://digitaltwins.azure.net", "0B07"]
    world.documents.put("servicePrincipals", "1", {"id": "1", "servicePrincipalNames": names})
    view = world.primary()
    assert [d["id"] for d in view.find("servicePrincipals", "servicePrincipalNames", "0b07")] == ["1"]
    world.documents.put("servicePrincipals", "1", {"id": "1", "servicePrincipalNames": ["other"]})
    assert view.find("servicePrincipals", "servicePrincipalNames", "0b07") == []


def test_only_indexed_fields_can_be_found(world: World) -> None:
    with pytest.raises(KeyError, match="not indexed"):
        world.primary().find("users", "displayName", "x")


def test_a_replica_lags_and_catches_up(world: World) -> None:
    world.change_weather(Weather(lag_seconds=30))
    world.documents.put("applications", "1", {"id": "1", "displayName": "old"})
    assert world.replica().get("applications", "1") is None
    world.clock.advance(timedelta(seconds=31))
    world.documents.put("applications", "1", {"id": "1", "displayName": "new"})
    assert world.replica().find("applications", "displayName", "old")
    world.clock.advance(timedelta(seconds=31))
    assert world.replica().find("applications", "displayName", "old") == []
    world.documents.delete("applications", "1")
    assert world.replica().get("applications", "1") is not None
    assert world.primary().get("applications", "1") is None


def test_what_has_no_past_is_seen_as_it_is(world: World) -> None:
    world.documents.put("busMessages", "1", {"id": "1"})
    an_hour_ago = world.documents.view(world.clock.time() - 3600)
    assert an_hour_ago.get("busMessages", "1") == {"id": "1"}
    world.documents.delete("busMessages", "1")
    world.documents.delete("busMessages", "1")
    assert an_hour_ago.get("busMessages", "1") is None
    assert world.primary().keys("busMessages") == []


def test_documents_survive_their_process(world: World, tmp_path: Path) -> None:
    file = tmp_path / "doubles.db"
    first = open_world(world.tenant, world.clock, file)
    first.documents.put("users", "1", {"id": "1"})
    first.documents.put("users", "2", {"id": "2"})
    first.documents.delete("users", "2")
    first.documents.close()
    second = open_world(world.tenant, world.clock, file)
    assert [user["id"] for user in second.primary().all("users")] == ["1"]
    second.documents.close()
