"""Matter: materials, nuclei and their form factors."""

__all__ = ["form_factors", "ionisation", "materials"]
