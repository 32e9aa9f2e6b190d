"""The embedding model that ships, and the script that makes it (``python -m knowledge.model.make``).

Nothing here is imported at run time; :mod:`knowledge.encoder` and :mod:`knowledge.embed` read the model files.
"""
