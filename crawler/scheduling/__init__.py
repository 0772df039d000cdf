"""The timetable: when which publisher is crawled, and on which scrapyd node."""

import logging

# A command that shows a table says there what `run` logs.
logging.getLogger(__name__).addHandler(logging.NullHandler())
