"""Published encoders and floors, one module each, on the public plugin interface alone."""
