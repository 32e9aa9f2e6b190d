"""What we know: documents, guides and channel cards, how they are searched and how an answer is put together.

Imports nothing of bot/ or actions/, knows no HTML and no Rasa. ``python -m knowledge`` is its command line.
"""
