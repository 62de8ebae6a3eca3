"""The user's side of a cluster: views of engines, direct and load-balanced.

Standard library only, Python 3.10 and up: it runs in any session's interpreter. ``from
vivo.parallel import Cluster`` is the way in.
"""
