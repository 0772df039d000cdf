"""Every setting of the crawl, with its reason. Scrapy's own default stands for what is not here."""

import os

BOT_NAME = "broadsheet"
SPIDER_MODULES = ["crawler.spiders"]
NEWSPIDER_MODULE = "crawler.spiders"
# Every publisher of the registry is a spider, so that `scrapy list` and scrapyd see it.
SPIDER_LOADER_CLASS = "crawler.spiderloader.PublisherSpiderLoader"
COMMANDS_MODULE = "crawler.commands"

# --- What a user sets, in the environment or with -s NAME=VALUE ---

# MongoDB's address; empty starts the embedded server.
MONGO_URI = os.environ.get("MONGO_URI", "")
MONGO_DATABASE = os.environ.get("MONGO_DATABASE", "broadsheet")
# A folder of publishers' files beside the bundled ones.
PUBLISHERS_DIR = os.environ.get("PUBLISHERS_DIR", "")
# An address or a mailbox at which a publisher reaches whoever runs the crawl; becomes part of the user agent.
CONTACT = os.environ.get("CONTACT", "")
# A model file in place of the shipped one.
CLASSIFIER_MODEL = os.environ.get("CLASSIFIER_MODEL", "")

# --- Manners ---

# A publisher that reads its logs should learn who calls; the spider adds CONTACT.
USER_AGENT = "Broadsheet/0.1"
# The name that a robots.txt addresses, without version or contact.
ROBOTSTXT_USER_AGENT = "Broadsheet"
ROBOTSTXT_OBEY = True
# A site sets the pace by how fast it answers: between one and two requests under way at a time.
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 1.0
AUTOTHROTTLE_MAX_DELAY = 60.0
AUTOTHROTTLE_TARGET_CONCURRENCY = 1.5
# The least time between two requests to a site that answers at once (seconds); a publisher's `delay` replaces
# it.
DOWNLOAD_DELAY = 0.25
CONCURRENT_REQUESTS_PER_DOMAIN = 4
# A robots.txt may ask for longer pauses with Crawl-delay; beyond this it is taken for a mistake (seconds).
CRAWL_DELAY_MAX = 120
CONCURRENT_REQUESTS = 32
# A crawl with a JOBDIR survives being killed.
SCHEDULER = "crawler.scheduler.JobScheduler"
# Articles need no session, and a cookie would only tie the pages read together.
COOKIES_ENABLED = False
# Whether a page is fresh is told by its validators (ETag, Last-Modified) in the store, not by copies on disk.
HTTPCACHE_ENABLED = False
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}

# Which reservations of a publisher keep a page out of the store, of noai, noindex, noarchive (robots directives of the
# page), ai_crawlers (robots.txt turns crawlers for AI away) and tdm (TDM Reservation Protocol). All are recorded.
RESPECT_OPT_OUT = ["noarchive", "tdm"]

# --- Bounds: a page, a site or a network that misbehaves costs this much and no more ---

# No article page is larger; it also bounds what a compressed answer may grow to (bytes).
DOWNLOAD_MAXSIZE = 10 * 2**20
DOWNLOAD_WARNSIZE = 0
# The format of sitemaps allows 50 MiB uncompressed (bytes).
LISTING_MAXSIZE = 50 * 2**20
# Addresses taken from one listing, and sitemaps read in one crawl: large archives are walked with since= and
# until=.
LISTING_MAX_ADDRESSES = 50_000
LISTING_MAX_COUNT = 200
# Articles asked for in one crawl; bounds the memory of the frontier and a site that makes up addresses
# without end.
ARTICLE_MAX_COUNT = 100_000
# Pages of one story that are joined.
STORY_MAX_PAGES = 20
# robots.txt, index, index of indexes, sitemap, article and the article's further pages: what is deeper is a trap.
DEPTH_LIMIT = 26
# A host that drips a byte a second is let go (seconds).
DOWNLOAD_TIMEOUT = 60
DNS_TIMEOUT = 10
# More tries for what may pass, cut connections, 429 and 5xx: of a site that fails every fifth request, a page in a
# hundred thousand is lost.
RETRY_TIMES = 6
# The longest that a site may ask to be left alone with Retry-After; one that asks for more is left alone for the rest
# of the crawl (seconds).
RETRY_AFTER_MAX = 300
# Failures without one answer in between after which a host is given up.
HOST_MAX_FAILURES = 10
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
# A page that bounces more often than this is in a loop.
REDIRECT_MAX_TIMES = 5
# A refresh in a page is a reload or a wall far more often than a move.
METAREFRESH_ENABLED = False
# The crawler's own process is stopped in order before the machine runs out (the workers are not counted).
MEMUSAGE_LIMIT_MB = 2048

# --- From page to document ---

ITEM_PIPELINES = {
    # What its headers reserve is not even read.
    "crawler.pipelines.optout.OptOutPipeline": 50,
    "crawler.pipelines.classify.ClassifyPipeline": 100,
    "crawler.pipelines.optout.ReadPageOptOutPipeline": 150,
    "crawler.pipelines.validate.ValidatePipeline": 200,
    "crawler.pipelines.store.StorePipeline": 400,
    # After the store, so that of two near-equal articles crawled at once one finds the other.
    "crawler.pipelines.deduplicate.DeduplicatePipeline": 500,
}
DOWNLOADER_MIDDLEWARES = {
    # Near the site, so that retries, redirects and compression are dealt with between it and the spider.
    # In place of Scrapy's own, which knows neither Retry-After nor hosts that are gone.
    "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
    "crawler.middlewares.patience.PatientRetryMiddleware": 550,
    # Before those that know of other reasons to leave a request, so that this one is told.
    "crawler.middlewares.private.PrivateAddressMiddleware": 40,
    # When it is known whether a proxy is in between.
    "crawler.middlewares.private.PrivateNameMiddleware": 755,
    "crawler.middlewares.conditional.ConditionalRequestMiddleware": 760,
    "crawler.middlewares.optout.OptOutMiddleware": 770,
}
EXTENSIONS = {
    "crawler.extensions.progress.Progress": 500,
    "crawler.extensions.summary.Summary": 510,
    "crawler.extensions.texts.Texts": 520,
    "crawler.extensions.metrics.Metrics": 530,
    "crawler.extensions.watch.Watch": 540,
    "crawler.extensions.visits.Visits": 550,
    "crawler.extensions.crawldelay.CrawlDelay": 560,
}
# Processes that read pages, below the crawler's own in priority. 0 means one for each core.
CLASSIFY_WORKERS = 0
# A page that keeps a worker longer is given up with the worker (seconds of processor time, of which a busy machine
# takes none).
CLASSIFY_TIMEOUT = 60
# Shorter texts are no article: one for pages that say they are one, one for pages that do not (characters).
ARTICLE_MIN_CHARS = 120
ARTICLE_MIN_CHARS_UNDECLARED = 500

# --- What others are told ---

# Each crawl is compared with the publisher's own past. Needs the extra `service`, and is off without.
WATCH_ENABLED = True
# Fewer pages say nothing about a site: crawls that read fewer are judged together, until they make so many.
WATCH_MIN_PAGES = 30
# So many crawls, or so many times that many pages, must have gone before.
WATCH_MIN_RUNS = 5
# Who is told of an alert beside the log: an address that takes a JSON post, and mailboxes. All from the environment,
# because addresses of webhooks and passwords are secrets.
WATCH_WEBHOOK = os.environ.get("WATCH_WEBHOOK", "")
WATCH_MAIL_TO = os.environ.get("WATCH_MAIL_TO", "")
WATCH_MAIL_FROM = os.environ.get("WATCH_MAIL_FROM", "")
WATCH_MAIL_HOST = os.environ.get("WATCH_MAIL_HOST", "")
WATCH_MAIL_PORT = os.environ.get("WATCH_MAIL_PORT", "587")
WATCH_MAIL_USER = os.environ.get("WATCH_MAIL_USER", "")
WATCH_MAIL_PASSWORD = os.environ.get("WATCH_MAIL_PASSWORD", "")


# Ports on which Prometheus finds the figures of a crawl: one, or the first and last of a range, of which each crawl
# on the machine takes the first that is free. Empty opens no port.
METRICS_PORT = os.environ.get("METRICS_PORT", "")
# The same for `scrapy schedule run`, which tells of all publishers.
SCHEDULE_METRICS_PORT = os.environ.get("SCHEDULE_METRICS_PORT", "")
# Beyond the loopback the endpoint asks for a user and password, and does not open without.
METRICS_HOST = os.environ.get("METRICS_HOST", "127.0.0.1")
METRICS_USER = os.environ.get("METRICS_USER", "prometheus")
METRICS_PASSWORD = os.environ.get("METRICS_PASSWORD", "")

# --- The store ---

# Articles are written together, which costs the database far less: so many at once, or as many as there are when
# the first of them has waited so long (seconds).
STORE_BATCH_SIZE = 100
STORE_BATCH_SECONDS = 0.5
# A database that is away, for a restart or an election, is waited for while the crawl holds back; after that the
# crawl ends, and what is not stored stays in the spool (seconds).
STORE_PATIENCE = 300
# A server that hangs is asked again after this time (seconds).
STORE_TIMEOUT = 20
# Where articles lie until the database has acknowledged them; empty for .broadsheet/spool. Another disk than the
# database's, if you can choose.
SPOOL_DIR = os.environ.get("SPOOL_DIR", "")
# How long raw pages are kept, from which a better model reads the articles again (days): empty for ever, 0 not at
# all. A publisher whose licence says otherwise has a number of its own, as in {"courier": 30}. The end of a crawl
# and `scrapy store prune` delete what is older.
PAGES_KEEP_DAYS = os.environ.get("PAGES_KEEP_DAYS", "")
PAGES_KEEP_DAYS_BY_PUBLISHER = os.environ.get("PAGES_KEEP_DAYS_BY_PUBLISHER", "{}")

# --- The timetable (`scrapy schedule`) ---

# The scrapyd nodes, with a user and password that stand in the environment alone.
SCRAPYD_NODES = os.environ.get("SCRAPYD_NODES", "http://127.0.0.1:6800")
SCRAPYD_USERNAME = os.environ.get("SCRAPYD_USERNAME", "")
SCRAPYD_PASSWORD = os.environ.get("SCRAPYD_PASSWORD", "")
# The name under which `make deploy` sends the project to the nodes.
SCRAPYD_PROJECT = "broadsheet"
# The publishers to crawl by timetable, by name; empty for all of the registry.
SCHEDULE_PUBLISHERS = os.environ.get("SCHEDULE_PUBLISHERS", "")
# What each job is given, as NAME=VALUE; the nodes' scrapyd.conf says what they let through. A node runs several
# jobs, so each reads its pages in one process.
SCHEDULE_JOB_SETTINGS = os.environ.get("SCHEDULE_JOB_SETTINGS", "CLASSIFY_WORKERS=1")
# Cron form (UTC) for publishers whose file has no `schedule`; empty leaves them out.
SCHEDULE_DEFAULT = os.environ.get("SCHEDULE_DEFAULT", "0 * * * *")
# Publishers with the same cron form start within this time, each always at the same distance (seconds).
SCHEDULE_SPREAD = os.environ.get("SCHEDULE_SPREAD", "900")
# A node may be out of reach for so long, as for a restart, before its jobs are given up and sent to others (seconds).
SCHEDULE_LOST_AFTER = os.environ.get("SCHEDULE_LOST_AFTER", "600")

# --- The process ---

# A door for running code in the crawler that nobody asked for stays shut.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
LOG_LEVEL = "INFO"
# Where no terminal shows how the crawl goes, a line of JSON in the log does, so often (seconds).
PROGRESS_INTERVAL = 60
# A dropped page is counted with its reason; its text in the log helps nobody.
DEFAULT_DROPITEM_LOG_LEVEL = "DEBUG"
FEED_EXPORT_ENCODING = "utf-8"
