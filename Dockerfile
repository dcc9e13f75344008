# telekeep in a container: an ordinary user, no shell running, all data under /data. See docs/meilisearch.md.
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml setup.py README.md LICENSE ./
COPY archiver archiver
COPY search search
COPY config config
RUN python -m venv /opt/telekeep && /opt/telekeep/bin/pip install --no-cache-dir .

FROM python:3.13-slim
# 1000: the first user of most machines, so that secret files readable only by that user can be read here.
RUN useradd --uid 1000 --user-group --create-home --home-dir /data telekeep && chmod 700 /data
COPY --from=build /opt/telekeep /opt/telekeep
ENV PATH=/opt/telekeep/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TELEKEEP_ARCHIVE__DIR=/data/archive
USER 1000:1000
WORKDIR /data
VOLUME /data
# The exec form: signals reach telekeep itself, which stops cleanly within five seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["telekeep"]
CMD ["run"]
