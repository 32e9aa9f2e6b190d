"""How people talk to us: channels, conversations, the dialogue engine's content and the web widget."""
