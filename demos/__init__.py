"""Code for the reader's browser besides `adapters_np`: toy weights and measurements."""
