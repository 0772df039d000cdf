"""The pipelines, from the fetched page to the stored document: classify, opt out, validate, store, deduplicate."""

from scrapy.exceptions import DropItem


class PassedOver(DropItem):
    """The page is not to be kept, and as long as it stays as it is need not be fetched again."""
