"""Broadsheet end to end on one machine: two invented newspapers, their web server, a crawl of both."""
