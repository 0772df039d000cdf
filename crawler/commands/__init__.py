"""Commands that the project adds to Scrapy's own: `scrapy articles` and its fellows."""
