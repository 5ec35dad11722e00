"""The front-end: PCM to int8 features, in integers."""
