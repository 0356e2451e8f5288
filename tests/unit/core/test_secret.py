"""A secret's value gets out by `reveal` and in no other way."""

import copy
import json
import logging
import pickle
from collections.abc import Callable
from dataclasses import asdict, dataclass

import pytest

from shared.core.log import event
from shared.core.secret import Secret

VALUE = "s3cr3t~value"


@dataclass
class _Holder:
    secret: Secret


def _in_a_list(secret: Secret) -> str:
    return str([secret])


def _padded(secret: Secret) -> str:
    return f"{secret:>40} {secret!r:>40}"


def _as_dict(secret: Secret) -> object:
    return asdict(_Holder(secret))


RENDERINGS: list[Callable[[Secret], str]] = [str, repr, "{}".format, "%s".__mod__, _in_a_list, _padded]
SERIALISATIONS: list[Callable[[Secret], object]] = [
    json.dumps,
    pickle.dumps,
    copy.copy,
    copy.deepcopy,
    hash,
    vars,
    _as_dict,
]


@pytest.mark.parametrize("render", RENDERINGS)
def test_no_rendering_shows_it(render: Callable[[Secret], str]) -> None:
    assert VALUE not in render(Secret(VALUE))


@pytest.mark.parametrize("serialise", SERIALISATIONS)
def test_nothing_serialises_it(serialise: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        serialise(Secret(VALUE))


def test_a_log_event_shows_its_type_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "registrar"):
        event("test.event", secret=Secret(VALUE), listed=[Secret(VALUE)])
    assert VALUE not in caplog.text
    assert "<Secret>" in caplog.text


def test_reveal_gives_it() -> None:
    assert Secret(VALUE).reveal() == VALUE
