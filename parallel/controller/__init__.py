"""The controller of a cluster: a clean asynchronous interface to many engines."""
