"""Another Jupyter kernel, as ipykernel, hosted as a session.

A *host* stands where the keeper of vivo's own engines does: it starts the kernel, and every client
meets the session's sockets, numbers, journal and run records; what such a kernel cannot do is said,
and nothing is pretended.

``kernelspecs`` which kernels there are; ``start`` starts a session; ``process`` the kernel's own;
``state``, ``requests`` the machine (messages in, instructions out), pure; ``loop`` the sockets.

Rules:

1. No kernel is a dependency: what is known of one stands in its kernelspec, a JSON file.
2. A cell is sent when the one before it has ended: so the queue is the host's, and a cell that
   waits can be taken out of it.
3. A kernel whose host has died ends: nobody could write its journal.
"""
