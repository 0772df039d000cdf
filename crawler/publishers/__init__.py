"""The registry: one TOML file a publisher, and what reads them."""

from crawler.publishers.entry import Publisher, PublisherError, Source
from crawler.publishers.registry import Registry

__all__ = ["Publisher", "PublisherError", "Registry", "Source"]
