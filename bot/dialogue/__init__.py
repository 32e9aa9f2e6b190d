"""The dialogue engine: Rasa content and its own components. Runs under Python 3.10 only, in an environment of its own."""
