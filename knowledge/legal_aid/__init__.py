"""The legal-aid pre-check: a few short questions, and what the law says about the replies. All words: content/legal_aid.yml."""
