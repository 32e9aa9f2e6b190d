"""Rasa's custom actions. Flat files, thin: they ask knowledge and hand the answer on. Nothing is loaded at import."""
