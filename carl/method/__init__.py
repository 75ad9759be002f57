"""The equations of the paper, a module each."""
