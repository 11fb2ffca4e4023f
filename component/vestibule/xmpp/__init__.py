"""Everything that knows XMPP: the component's stream, stanzas as text, addresses, discovery."""
