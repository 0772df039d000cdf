"""The Scrapy project: publishers' sites to labelled documents in MongoDB."""
