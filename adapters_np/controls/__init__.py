"""Controls of the methods, a module each: see `adapters_np.control`."""
