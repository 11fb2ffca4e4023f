"""Both flows of the use case, played by real XMPP clients on a private server.

Responsible for the scenes people watch with ``vestibule demo``: what is played (``flows``), how it
is printed (``transcript``), what is started and stopped around it (``run``), and the page on which
they can play themselves (``page``).

Must not know how the component decides: it sees what any client sees. Nothing here is used by a
deployed component.
"""
