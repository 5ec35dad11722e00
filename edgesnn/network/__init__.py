"""The integer network: data structure, validation, listing, file."""
