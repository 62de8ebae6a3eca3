"""The input transformer: from what a user types to Python, in one pass."""
