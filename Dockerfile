# The server in a container: docker build -t imagewire .
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements-server.lock ./
RUN python -m venv /opt/imagewire \
    && /opt/imagewire/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-server.lock
COPY pyproject.toml README.md LICENSE ./
COPY clients/python clients/python
COPY service service
RUN /opt/imagewire/bin/pip install --no-cache-dir --no-deps ./clients/python .

FROM python:3.12-slim
COPY --from=build /opt/imagewire /opt/imagewire
# The addresses are variables, and not flags, so that the health check asks where the server serves.
ENV PATH=/opt/imagewire/bin:$PATH PYTHONUNBUFFERED=1 IMAGEWIRE_GRPC=0.0.0.0:50051 IMAGEWIRE_REST=0.0.0.0:4000
RUN useradd --uid 10001 --no-create-home imagewire
USER 10001
EXPOSE 50051 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["imagewire-server", "health"]
ENTRYPOINT ["imagewire-server"]
CMD ["serve"]
