package dev.imagewire;

import java.time.Duration;

/**
 * A server that answered.
 *
 * @param status "SERVING", or "NOT_SERVING" while the server starts or stops
 * @param version the server's version; empty if it did not say
 * @param roundTrip how long one took
 */
public record Pong(String status, String version, Duration roundTrip) {}
