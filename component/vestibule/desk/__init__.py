"""What is done: checks judged, events taken in, answers carried out, held messages released.

One sequencer (``desk``) does everything in order and writes it down before anything is said.
"""
