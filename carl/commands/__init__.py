"""Commands of `carl`, one module each."""
