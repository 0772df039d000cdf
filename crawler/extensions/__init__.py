"""What a person sees of a crawl: progress while it runs, and a summary at its end."""
