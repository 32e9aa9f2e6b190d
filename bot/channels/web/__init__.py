"""The HTTP API of the widget and of anyone, and the page around the widget."""
