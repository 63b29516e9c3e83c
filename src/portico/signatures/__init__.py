"""Signatures: one file each, folding beam, target, process and cuts into expected counts for an experiment file."""

__all__ = ["base"]
