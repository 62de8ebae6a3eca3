"""The long run of the anchoring's property test: a thousand edits between runs, many times over."""

from __future__ import annotations

import random

import pytest

from ..server.anchor_model import OPERATIONS, Model


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("is_unique", [True, False])
@pytest.mark.parametrize("seed", range(50))
def test_a_thousand_edits_between_runs(seed: int, is_unique: bool) -> None:
    """Every result is on its statement or says that it is stale."""
    draw, model = random.Random(seed), Model(is_unique)
    for _ in range(1_000):
        model.apply((draw.choice(OPERATIONS), *(draw.randrange(1_000) for _ in range(4))))
