"""One parser per kind of document: from a source as published to quotable passages."""
