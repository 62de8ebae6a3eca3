"""The input transformer: from what a user types to Python, in one pass."""

from __future__ import annotations

from .lines import LogicalLine
from .rules import Rule, RuleRegistry
from .transformer import Transformer

__all__ = ["LogicalLine", "Rule", "RuleRegistry", "Transformer"]
