"""Documents of cells from one form to another: percent script, notebook, HTML page."""
