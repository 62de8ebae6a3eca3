"""The language server proper, one module for each LSP feature. Only here is pygls imported."""
