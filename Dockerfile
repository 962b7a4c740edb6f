# The service for production, on a PostgreSQL of its own: compose.yaml shows how. `make run` is for trying it out.
FROM python:3.11-slim AS packages
COPY requirements/production.txt /requirements.txt
RUN python -m venv --without-pip /opt/placet \
    && python -m pip --python /opt/placet/bin/python install --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: --requirement /requirements.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin placet \
    && install --directory --owner placet --group placet --mode 0700 /var/lib/placet /var/lib/placet-root
COPY --from=packages /opt/placet /opt/placet
WORKDIR /srv/placet
COPY service service
COPY migrations migrations
COPY policies policies
ENV PATH=/opt/placet/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PLACET_HOST=0.0.0.0 \
    PLACET_PORT=8000 \
    PLACET_DATA_DIR=/var/lib/placet
USER placet
EXPOSE 8000
VOLUME /var/lib/placet /var/lib/placet-root
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PLACET_PORT\"]}/health/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "service.cli"]
CMD ["serve"]
