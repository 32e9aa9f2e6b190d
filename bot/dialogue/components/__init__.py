"""What Rasa loads from us by class path: NLU components, stores."""
