package dev.imagewire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.imagewire.v1.ResumeCompletionRequest;
import dev.imagewire.v1.StreamCompletionRequest;
import dev.imagewire.v1.StreamCompletionResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StreamTest {
  @Test
  void theEventsAreTheAnswer() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client();
        var stream = client.stream("A banana")) {
      var names = new ArrayList<String>();
      stream.forEach(event -> names.add(event.getClass().getSimpleName()));
      assertEquals(
          "[Started, TextDelta, TextDelta, PartDone, Chunk, Chunk, PartDone, Finished]",
          names.toString());
      assertEquals("Here it is", stream.answer().text());
      assertArrayEquals(FakeServer.PICTURE, stream.answer().image().data());
      assertEquals("proof", stream.answer().parts().get(1).signature().toStringUtf8());
      assertEquals(new AnswerStream.Position(9, 0), stream.position());
    }
  }

  @Test
  void nothingIsSentBeforeTheStreamIsRead() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      AnswerStream stream = client.stream("A banana");
      assertNull(stream.answer());
      stream.close();
      assertThrows(ImagewireException.Cancelled.class, stream::collect);
      assertEquals(List.of(), server.asked);
    }
  }

  @Test
  void whatIsCorruptIsAnError() throws IOException {
    for (int i = 0; i < FakeServer.events().size(); i++) {
      if (FakeServer.events().get(i).hasHeartbeat()) {
        continue;
      }
      var without = new ArrayList<>(FakeServer.events());
      StreamCompletionResponse one = without.remove(i);
      var twice = new ArrayList<>(FakeServer.events());
      twice.add(i, one);
      for (List<StreamCompletionResponse> events : List.of(without, twice)) {
        try (var server = new FakeServer(call -> call.send(events));
            var client = server.client()) {
          assertThrows(
              ImagewireException.CorruptAnswer.class, () -> client.draw("A banana"), "event " + i);
          assertEquals(1, server.asked.size());
        }
      }
    }
  }

  @Test
  void aCutStreamIsResumedAndNothingIsDrawnAgain() throws IOException {
    for (int i = 0; i < FakeServer.events().size(); i++) {
      var before = FakeServer.events().subList(0, i);
      FakeServer.Script cut =
          call -> {
            call.send(before);
            throw FakeServer.LOST.asRuntimeException();
          };
      try (var server = new FakeServer(cut, i == 0 ? FakeServer.ANSWERS : FakeServer.GOES_ON);
          var client = server.client()) {
        assertArrayEquals(FakeServer.PICTURE, client.draw("A banana").data(), "event " + i);
        var first = (StreamCompletionRequest) server.asked.get(0);
        String again =
            server.asked.get(1) instanceof ResumeCompletionRequest resume
                ? resume.getRequestId()
                : ((StreamCompletionRequest) server.asked.get(1)).getRequestId();
        assertEquals(first.getRequestId(), again);
        assertEquals(2, server.asked.size());
      }
    }
  }

  @Test
  void thePictureIsReadWhileItArrives() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      try (var picture = client.stream("A banana").picture()) {
        assertEquals(FakeServer.PICTURE[0] & 0xff, picture.read());
        assertEquals(FakeServer.PICTURE[1] & 0xff, picture.readNBytes(1)[0] & 0xff);
        var rest = new ByteArrayOutputStream();
        assertEquals(FakeServer.PICTURE.length - 2, picture.transferTo(rest));
        assertEquals(FakeServer.PICTURE[2], rest.toByteArray()[0]);
        assertEquals(-1, picture.read());
      }
      var whole = new ByteArrayOutputStream();
      assertEquals(FakeServer.PICTURE.length, client.stream("A banana").transferTo(whole));
      assertArrayEquals(FakeServer.PICTURE, whole.toByteArray());
    }
  }

  @Test
  void aDamagedPictureIsAnIoException() throws IOException {
    var events = new ArrayList<>(FakeServer.events());
    events.remove(8);
    try (var server = new FakeServer(call -> call.send(events));
        var client = server.client();
        var picture = client.stream("A banana").picture()) {
      assertEquals(50_000, picture.readNBytes(50_000).length);
      for (int i = 0; i < 2; i++) { // it stays one
        var failed = assertThrows(IOException.class, picture::read);
        assertInstanceOf(ImagewireException.CorruptAnswer.class, failed.getCause());
      }
    }
  }

  @Test
  void toCloseAStreamEndsTheCall() throws Exception {
    FakeServer.Script waits =
        call -> {
          call.send(FakeServer.events().subList(0, 7));
          call.untilCancelled();
        };
    try (var server = new FakeServer(waits);
        var client = server.client()) {
      try (var stream = client.stream("A banana")) {
        var closer = new Thread(stream::close);
        assertThrows(
            ImagewireException.Cancelled.class,
            () -> {
              for (Event event : stream) {
                if (event instanceof Event.Chunk) {
                  closer.start(); // while this thread waits for more
                }
              }
            });
        closer.join();
      }
      server.cancelled.await();
    }
  }

  @Test
  void anInterruptEndsTheCall() throws Exception {
    var begun = new CountDownLatch(1);
    FakeServer.Script waits =
        call -> {
          begun.countDown();
          call.untilCancelled();
        };
    try (var server = new FakeServer(waits);
        var client = server.client()) {
      var interrupted = new CountDownLatch(1);
      var thread =
          new Thread(
              () -> {
                assertThrows(ImagewireException.Cancelled.class, () -> client.draw("A banana"));
                if (Thread.currentThread().isInterrupted()) {
                  interrupted.countDown();
                }
              });
      thread.start();
      begun.await();
      thread.interrupt();
      interrupted.await();
      server.cancelled.await();
      assertEquals(1, server.asked.size());
    }
  }

  @Test
  void aChatHasTheAnswerAtItsLastEvent() throws IOException {
    try (var server = new FakeServer(FakeServer.ANSWERS);
        var client = server.client()) {
      Chat chat = client.chat(new Options().model("m"));
      try (var stream = chat.stream("A banana")) {
        for (Event event : stream) {
          if (event instanceof Event.Finished) {
            break;
          }
          assertTrue(chat.messages().isEmpty());
        }
      }
      Chat loaded = client.chatFromJson(chat.toJson());
      assertEquals(2, chat.messages().size());
      assertEquals(chat.toSpec(), loaded.toSpec());
      loaded.send("Make it blue");
      assertEquals(4, loaded.messages().size());
      var asked = (StreamCompletionRequest) server.asked.get(1);
      assertEquals("proof", signature(asked));
      assertThrows(IllegalArgumentException.class, () -> client.chatFromJson("{"));
    }
  }

  private static String signature(StreamCompletionRequest asked) {
    return asked.getSpec().getMessages(1).getParts(1).getThoughtSignature().toStringUtf8();
  }
}
