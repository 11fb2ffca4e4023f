"""Both flows of the use case, played by real XMPP clients on a private server.

Responsible for the scenes people watch with ``vestibule demo``: what is played (``flows``), how it
is printed (``transcript``), and what is started and stopped around it (``run``).

Must not know how the component decides: it sees what any client sees. Nothing here is used by a
deployed component.
"""
