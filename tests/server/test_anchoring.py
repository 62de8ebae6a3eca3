"""Results stay on their statements, or say that they are stale: against a model, for any edits."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .anchor_model import OPERATIONS, Model, Operation

NUMBERS = st.integers(0, 60)
STEPS = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=14
)


@pytest.mark.parametrize("is_unique", [True, False])
def test_every_result_stays_on_its_statement_or_is_stale(is_unique: bool) -> None:
    """Whatever is typed, moved, cut, undone, replaced, in whatever notifications."""

    @settings(max_examples=250, deadline=None)
    @given(STEPS)
    def follow(steps: list[Operation]) -> None:
        model = Model(is_unique)
        for number in range(0, 12, 3):
            model.apply(("run", number, number, 0, 0))
        for step in steps:
            model.apply(step)

    follow()


@pytest.mark.parametrize("is_unique", [True, False])
def test_a_thousand_edits_between_runs(is_unique: bool) -> None:
    """One long session at the keyboard."""
    draw, model = random.Random(7), Model(is_unique)
    for _ in range(1_000):
        model.apply((draw.choice(OPERATIONS), *(draw.randrange(1_000) for _ in range(4))))
