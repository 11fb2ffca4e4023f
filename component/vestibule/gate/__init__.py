"""The dialogue with the Prosody plugin: its XML on one side, plain values on the other."""
