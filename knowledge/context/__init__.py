"""Reading a message in the light of the talk before it. A message that stands on its own is answered as if it came first."""
