"""Downloader middlewares: what is asked for, how often, and what is left alone."""
