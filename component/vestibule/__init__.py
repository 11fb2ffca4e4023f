"""Vestibule: every XMPP user decides who may see their presence and message them."""

__version__ = "0.1.0"
