"""Three-way merges: ours come and go, what others added stays."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.model.convergence import covers, merge, merge_set
from shared.model.directory import ApplicationState
from shared.model.writes import application_write

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SETS = st.frozensets(st.integers(0, 6))


def state(*uris: str, name: str = "App") -> ApplicationState:
    return ApplicationState(
        display_name=name, sign_in_audience="AzureADMyOrg", public_client_redirect_uris=frozenset(uris)
    )


@given(seen=SETS, wanted=SETS, previous=SETS)
def test_merging_gives_all_that_is_wanted_and_keeps_all_that_was_never_ours(
    seen: frozenset[int], wanted: frozenset[int], previous: frozenset[int]
) -> None:
    merged = merge_set(seen, wanted, previous)
    assert merged >= wanted
    assert merged >= seen - previous
    assert merged <= seen | wanted
    assert not merged & (previous - wanted)
    assert merge_set(merged, wanted, previous) == merged


def test_a_new_app_is_written_as_wanted() -> None:
    assert merge(None, state("http://localhost"), None) == state("http://localhost")


def test_without_memory_nothing_is_removed() -> None:
    assert merge(state("http://a"), state("http://b"), None) == state("http://a", "http://b")


def test_a_read_reflects_a_write_only_when_what_was_removed_is_gone() -> None:
    write = application_write(NOW, state("http://old"), state("http://new"))
    assert write.is_reflected_in(state("http://new", "http://others"))
    assert not write.is_reflected_in(state("http://new", "http://old"))
    assert not write.is_reflected_in(state("http://old"))


def test_names_and_switches_must_be_equal_to_be_covered() -> None:
    assert covers(state("http://a", "http://b"), state("http://a"))
    assert not covers(state("http://a", name="Other"), state("http://a"))
