"""The engine: the process that runs the user's code, in the user's interpreter.

Standard library and ``vivo.core`` only, Python 3.10 and up.
"""
