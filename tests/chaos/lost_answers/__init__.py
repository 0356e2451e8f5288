"""Lost answers: every write takes effect and its connection dies, once and twice in a row."""

from tests.chaos.lost_answers.suite import SUITE

__all__ = ["SUITE"]
