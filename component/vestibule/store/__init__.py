"""The store: what must survive a crash. It knows SQLite and the core, and nothing of XMPP."""
