# One image for scrapyd nodes, the scheduler and every command; compose.yaml says who runs what.
FROM python:3.11.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home broadsheet \
    && install --directory --owner=broadsheet --group=broadsheet /srv/broadsheet /srv/broadsheet/.broadsheet

WORKDIR /srv/broadsheet
USER broadsheet
COPY --chown=broadsheet:broadsheet . .
RUN make venv

ENV PATH=/srv/broadsheet/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1
VOLUME /srv/broadsheet/.broadsheet
EXPOSE 6800
# Without a file for the process number, which says nothing in a container.
CMD ["scrapyd", "--pidfile="]
