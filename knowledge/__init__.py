"""What we know: documents, guides and channel cards, how they are searched and how an answer is put together.

Imports nothing of bot/ or actions/, knows no HTML and no Rasa. ``python -m knowledge`` is its command line.
"""

import os

# Before any library is imported: onnxruntime (1.32) reports its use to Microsoft, Hugging Face's libraries to theirs. Nothing
# of this product calls an address that is not in its settings.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
