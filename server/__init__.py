"""惠享 (huixiang): the platform of a district's digital consumption vouchers.

Read `README.md` for the map, then the docstring of the package you touch.
"""

__version__ = "0.1.0"
"""The release, as in `pyproject.toml`."""
