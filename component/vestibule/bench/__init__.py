"""What the gate costs, measured side by side with what an operator would run instead.

Responsible for the servers compared (``servers``), the load put on them (``load``, in a process of
its own), what is measured (``scenarios``, ``books``, ``inside``) and what is made of it
(``findings``, ``tables``, ``plot``).

Must not know how anything is done: it measures the program as operators run it. Nothing here is
used by a deployed component.
"""
