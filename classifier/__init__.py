"""Labels every block of a publisher's page: article, ad, disclaimer, teaser or other."""

from classifier.extraction import Block, Page, extract
from classifier.labels import LABELS
from classifier.model import BlockClassifier
from classifier.storage import ModelError

__all__ = ["LABELS", "Block", "BlockClassifier", "ModelError", "Page", "extract"]
