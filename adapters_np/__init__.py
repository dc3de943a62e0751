"""Reference implementations of parameter-efficient fine-tuning methods in plain numpy."""
