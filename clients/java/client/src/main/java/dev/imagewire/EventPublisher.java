package dev.imagewire;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Publishes a stream's events to one subscriber, which reads as far as it asks. */
final class EventPublisher implements Flow.Publisher<Event> {
  private final AnswerStream stream;
  private final Executor executor;

  EventPublisher(AnswerStream stream, Executor executor) {
    this.stream = stream;
    this.executor = executor;
  }

  @Override
  public void subscribe(Flow.Subscriber<? super Event> subscriber) {
    var reading = new Reading(Objects.requireNonNull(subscriber, "subscriber"));
    IllegalStateException second = null;
    try {
      stream.take();
    } catch (IllegalStateException e) {
      second = e;
      reading.ended.set(true); // before it can ask for anything
    }
    subscriber.onSubscribe(reading);
    if (second != null) {
      subscriber.onError(second);
    }
  }

  private final class Reading implements Flow.Subscription, Runnable {
    private final Flow.Subscriber<? super Event> subscriber;
    private final AtomicLong wanted = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger(); // changes that run() is to see
    final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean wrong;

    Reading(Flow.Subscriber<? super Event> subscriber) {
      this.subscriber = subscriber;
    }

    @Override
    public void request(long more) {
      if (more <= 0) {
        wrong = true;
      } else {
        wanted.updateAndGet(now -> now + more < 0 ? Long.MAX_VALUE : now + more);
      }
      if (asked.getAndIncrement() == 0 && !ended.get()) {
        executor.execute(this);
      }
    }

    @Override
    public void cancel() {
      if (!ended.getAndSet(true)) {
        stream.close();
      }
    }

    @Override
    public void run() {
      int seen = 0;
      do {
        seen = asked.get();
        while (!ended.get() && (wrong || wanted.get() > 0)) {
          step();
        }
      } while (!asked.compareAndSet(seen, 0));
    }

    private void step() {
      try {
        if (wrong) {
          stream.close();
          throw new IllegalArgumentException("request takes 1 or more");
        }
        Event event = stream.read();
        if (event != null && !ended.get()) {
          subscriber.onNext(event);
          wanted.updateAndGet(now -> now == Long.MAX_VALUE ? now : now - 1);
        }
        // Nothing follows the last event, and nobody is to ask for that.
        boolean last = event == null || event instanceof Event.Finished && stream.read() == null;
        if (last && !ended.getAndSet(true)) {
          subscriber.onComplete();
        }
      } catch (RuntimeException e) {
        if (!ended.getAndSet(true)) {
          stream.close();
          subscriber.onError(e);
        }
      }
    }
  }
}
