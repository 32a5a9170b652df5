# The server in a container: docker build -t imagewire .
# The emulator alone: docker build --target emulator -t imagewire-emulator .
# The base image is pinned by its digest. All packages are pinned by their hashes, also those that build the wheels.
ARG BASE=python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea
FROM ${BASE} AS build
WORKDIR /src
COPY requirements-build.lock requirements-server.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock \
    && python -m venv /opt/imagewire \
    && /opt/imagewire/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-server.lock
COPY pyproject.toml README.md LICENSE ./
COPY clients/python clients/python
COPY service service
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels ./clients/python . \
    && /opt/imagewire/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl

FROM ${BASE} AS runtime
COPY --from=build /opt/imagewire /opt/imagewire
ENV PATH=/opt/imagewire/bin:$PATH PYTHONUNBUFFERED=1
# A volume that is mounted on this folder belongs to the same user.
RUN useradd --uid 10001 --no-create-home imagewire \
    && install --directory --owner=imagewire --group=imagewire /var/lib/imagewire
USER 10001

FROM runtime AS emulator
EXPOSE 8787
HEALTHCHECK --interval=2s --timeout=2s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8787/_emulator/scenarios')"]
ENTRYPOINT ["imagewire-emulator"]
CMD ["--host", "0.0.0.0"]

FROM runtime AS server
# The addresses are environment variables, not flags, so that the health check uses the same ones. Without certificates
# (IMAGEWIRE_TLS_CERT, IMAGEWIRE_TLS_KEY) it serves plain text to whatever reaches the container's ports.
ENV IMAGEWIRE_GRPC=0.0.0.0:50051 IMAGEWIRE_REST=0.0.0.0:4000 IMAGEWIRE_PLAINTEXT=anywhere
EXPOSE 50051 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["imagewire-server", "health"]
ENTRYPOINT ["imagewire-server"]
CMD ["serve"]
