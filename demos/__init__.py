"""What runs in the reader's browser beside `adapters_np`: toy weights and measurements."""
