"""Conversations and their turns: storage, ownership, and the masking of personal numbers before anything is kept."""
