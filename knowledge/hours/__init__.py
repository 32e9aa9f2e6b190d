"""Service hours: only what an administrator entered, with public holidays and the workdays that make up for them."""
