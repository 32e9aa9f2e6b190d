"""General documents that staff upload: read apart by structure, edited, kept, searched and quoted."""
