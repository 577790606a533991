# The server with the pages built in. `docker compose up` uses it; any orchestrator can.
# syntax=docker/dockerfile:1

FROM node:24-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --no-progress
COPY web/ ./
RUN npm run build

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/dibs
COPY requirements/ requirements/
RUN /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt
RUN /opt/dibs/bin/pip install --require-hashes --only-binary :all: --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY dibs_realtime/ dibs_realtime/
COPY migrations/ migrations/
COPY --from=web /src/web/dist/ web/dist/
RUN /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/dibs/bin/pip install --no-deps --no-index /tmp/wheel/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin dibs
COPY --from=build /opt/dibs /opt/dibs
ENV PATH=/opt/dibs/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DIBS_HOST=0.0.0.0 DIBS_PORT=8080 DIBS_LOG_FORMAT=json DIBS_NODE_HOST=auto
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=2)"]
ENTRYPOINT ["dibs"]
CMD ["serve"]
