/**
 * The Java client of imagewire, a gRPC server that draws pictures.
 *
 * <p>{@link dev.imagewire.Client} is where to begin. Every picture is checked against its size and
 * SHA-256. Where a connection breaks, a client goes on behind the last byte that came, and nothing
 * is drawn or paid twice. All failures of calls are an {@link dev.imagewire.ImagewireException}.
 */
package dev.imagewire;
