"""What a scrapyd node runs around the project's eggs. It imports scrapyd and nothing of the project."""
