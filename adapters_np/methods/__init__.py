"""One module for each method; `adapters_np.core.load` finds them by name."""
