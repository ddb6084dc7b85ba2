# Installs exactly what requirements.lock pins, then the service as a wheel.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/vipmg \
 && /opt/vipmg/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY codelists codelists
COPY migrations migrations
COPY docs/errors.md docs/errors.md
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
 && /opt/vipmg/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.12-slim
# An account with an entry in /etc/passwd: initdb of the embedded PostgreSQL asks for one.
RUN useradd --system --uid 10001 --home-dir /var/lib/vipmg --create-home vipmg
COPY --from=build /opt/vipmg /opt/vipmg
ENV PATH=/opt/vipmg/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VIPMG_HOST=0.0.0.0 \
    VIPMG_PORT=8000 \
    VIPMG_DATA_DIR=/var/lib/vipmg
USER vipmg
WORKDIR /var/lib/vipmg
VOLUME /var/lib/vipmg
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["vipmg", "serve"]
