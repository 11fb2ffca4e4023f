"""A private XMPP world for the demo and the tests: a server, the component and clients.

Responsible for finding a Prosody (``installation``, ``docker``), running one with a
configuration of its own on loopback (``server``), running the component beside it
(``component``), and being a person at a client (``client``, ``matching``).

Must not know what Vestibule decides or promises: scenes and assertions belong to the demo and
to the tests. Nothing here is used by a deployed component.
"""
