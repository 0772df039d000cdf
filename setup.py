"""For scrapyd-deploy, which builds its egg with a setup.py; all of the metadata is in pyproject.toml."""

from setuptools import setup

setup()
