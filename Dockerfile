# The server in a container: docker build -t imagewire .
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

FROM ${BASE}
COPY --from=build /opt/imagewire /opt/imagewire
# The addresses are environment variables, not flags, so that the health check uses the same ones.
ENV PATH=/opt/imagewire/bin:$PATH PYTHONUNBUFFERED=1 IMAGEWIRE_GRPC=0.0.0.0:50051 IMAGEWIRE_REST=0.0.0.0:4000
RUN useradd --uid 10001 --no-create-home imagewire
USER 10001
EXPOSE 50051 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["imagewire-server", "health"]
ENTRYPOINT ["imagewire-server"]
CMD ["serve"]
