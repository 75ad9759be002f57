"""Pretraining of a small encoder of RoBERTa's shape: byte-level vocabulary, masked-LM, transfer and distillation."""
