"""The knowledge administration below its pages: entries with versions, review, builds, checks, publishing, roll back."""
