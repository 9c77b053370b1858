# The gateway in a container: docs/operations.md#container.
#
#   docker build -t clawdbot .
#   docker run -d --init --name clawdbot -v clawdbot:/state -e TELEGRAM_BOT_TOKEN clawdbot
#   docker exec clawdbot clawdbot pairing list

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/clawdbot
COPY requirements/ requirements/
RUN /opt/clawdbot/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/run.txt
# What builds the wheel comes by its hash, too, into an environment that stays behind.
RUN python -m venv /opt/build \
    && for name in hatchling packaging pathspec pluggy trove-classifiers; do \
         sed -n "/^$name==/,/[^\\\\]\$/p" requirements/dev.txt; \
       done > build.txt \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN /opt/build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -w dist . \
    && /opt/clawdbot/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --home-dir /home/clawdbot --create-home --shell /usr/sbin/nologin clawdbot \
    && install --directory --mode 0700 --owner clawdbot --group clawdbot /state
COPY --from=build /opt/clawdbot /opt/clawdbot
ENV PATH=/opt/clawdbot/bin:$PATH \
    CLAWDBOT_STATE_DIR=/state \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER clawdbot
WORKDIR /home/clawdbot
VOLUME /state
EXPOSE 18789
STOPSIGNAL SIGTERM
# Asks /healthz where the gateway says that it listens, by TLS or not.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "clawdbot.gateway.healthcheck"]
ENTRYPOINT ["clawdbot"]
CMD ["gateway", "run"]
